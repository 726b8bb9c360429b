"""Which template parameter takes what: derived from the template, not listed anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.documents import Document
from pipeline.errors import brief
from pipeline.findings import Pointer


@dataclass(frozen=True)
class Bindings:
    """`bucket`: the parameters that name the bucket of the functions' code;
    `code`: parameter -> artifact, whose name is the parameter's default."""

    bucket: frozenset[str]
    code: dict[str, str]


def bindings(template: dict[str, Any]) -> Bindings:
    """The parameters that the functions' Code.S3Bucket and Code.S3Key refer to."""
    parameters = _mapping(template.get("Parameters"))
    buckets, code = set(), {}
    for function in _functions(template):
        place = _mapping(_mapping(function.get("Properties")).get("Code"))
        buckets.update(_reference(place.get("S3Bucket")))
        for name in _reference(place.get("S3Key")):
            code[name] = str(_mapping(parameters.get(name)).get("Default", ""))
    return Bindings(frozenset(buckets), dict(sorted(code.items())))


def defaults(document: Document, bucket: str) -> dict[str, str]:
    """Every parameter's value before code is uploaded: its default, or the bucket's name."""
    bound = bindings(document.value)
    values = {}
    for name, parameter in _of(document, ("Parameters",)).items():
        if name in bound.bucket:
            values[name] = bucket
        elif "Default" in _of(document, ("Parameters", name)):
            values[name] = _text(document, ("Parameters", name, "Default"), parameter["Default"])
        else:
            raise document.error(
                ("Parameters", name),
                f"the parameter {brief(name)} has no default and nothing gives it a value.",
                mend="Give it a Default, or let a function's Code.S3Bucket refer to it.",
            )
    return values


def _of(document: Document, at: Pointer) -> dict[str, Any]:
    """The mapping at `at`, whose holder is one; {} if it isn't there."""
    value: Any = document.value
    for key in at:
        value = value.get(key, {})
    if not isinstance(value, dict):
        raise document.error(
            at,
            f"{document.path(at)} isn't a mapping.",
            mend="Parameters: {Name: {Type: String, Default: a value}}.",
        )
    return value


def _mapping(value: Any) -> dict[str, Any]:
    """The value, or nothing where it has another shape: cfn-lint says what is wrong with it."""
    return value if isinstance(value, dict) else {}


def _text(document: Document, at: Pointer, value: Any) -> str:
    """A default in CloudFormation's form: true and not True, a number as it is written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return document.texts[at]
    if isinstance(value, list):
        return ",".join(_item(document, (*at, number), item) for number, item in enumerate(value))
    if isinstance(value, dict):
        raise document.error(
            at,
            f"{document.path(at)} is a mapping.",
            mend="A default is a text, a number, true, false, or a list of these.",
        )
    return str(value)


def _item(document: Document, at: Pointer, item: Any) -> str:
    if isinstance(item, list):
        raise document.error(
            at, f"{document.path(at)} is a list in a list.", mend="A default is one list at most."
        )
    text = _text(document, at, item)
    if "," in text:
        raise document.error(
            at,
            f"{document.path(at)} holds a comma.",
            mend="CloudFormation takes a list as one text, parted by commas.",
        )
    return text


def as_file(values: dict[str, str]) -> list[dict[str, str]]:
    """The form that the AWS command line reads: ParameterKey and ParameterValue."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def names(data: bytes) -> list[str]:
    """The parameters' names in a file of that form."""
    return [one["ParameterKey"] for one in json.loads(data)]


def _functions(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in _mapping(template.get("Resources")).values():
        if _mapping(resource).get("Type") == "AWS::Lambda::Function":
            yield resource


def _reference(value: Any) -> set[str]:
    named = value.get("Ref") if isinstance(value, dict) and len(value) == 1 else None
    return {named} if isinstance(named, str) else set()
