"""Which template parameter takes what: derived from the template, not listed anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.errors import UserError


@dataclass(frozen=True)
class Bindings:
    """`bucket`: the parameters that name the bucket of the functions' code;
    `code`: parameter -> artifact, whose name is the parameter's default."""

    bucket: frozenset[str]
    code: dict[str, str]


def bindings(template: dict[str, Any]) -> Bindings:
    """The parameters that the functions' Code.S3Bucket and Code.S3Key refer to."""
    parameters = template.get("Parameters", {})
    buckets, code = set(), {}
    for function in _functions(template):
        place = function.get("Properties", {}).get("Code")
        if not isinstance(place, dict):
            continue  # cfn-lint says what is wrong with it
        buckets.update(_reference(place.get("S3Bucket")))
        for name in _reference(place.get("S3Key")):
            code[name] = str(parameters.get(name, {}).get("Default", ""))
    return Bindings(frozenset(buckets), dict(sorted(code.items())))


def defaults(template: dict[str, Any], bucket: str) -> dict[str, str]:
    """Every parameter's value before code is uploaded: its default, or the bucket's name."""
    bound = bindings(template)
    values = {}
    for name, parameter in template.get("Parameters", {}).items():
        if name in bound.bucket:
            values[name] = bucket
        elif "Default" in parameter:
            values[name] = str(parameter["Default"])
        else:
            raise UserError(
                f"the parameter {name} has no default and nothing gives it a value.",
                where="Parameters",
                mend="Give it a Default, or let a function's Code.S3Bucket refer to it.",
            )
    return values


def as_file(values: dict[str, str]) -> list[dict[str, str]]:
    """The form that the AWS command line reads: ParameterKey and ParameterValue."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def names(data: bytes) -> list[str]:
    """The parameters' names in a file of that form."""
    return [one["ParameterKey"] for one in json.loads(data)]


def _functions(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == "AWS::Lambda::Function":
            yield resource


def _reference(value: Any) -> set[str]:
    named = value.get("Ref") if isinstance(value, dict) and len(value) == 1 else None
    return {named} if isinstance(named, str) else set()
