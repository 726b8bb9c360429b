"""The contract's descriptions for machines, and what they say of a value."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

API = Path(__file__).resolve().parents[2] / "docs" / "api"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
# What API Gateway answers by itself, or AWS's faults cause: nobody can ask for them.
OF_THE_GATEWAY = {"429", "500", "503"}


@cache
def description(name: str) -> Any:
    """A description, parsed."""
    return yaml.safe_load((API / name).read_text("utf-8"))


@cache
def _registry() -> Registry[Any]:
    names = ("openapi.yaml", "asyncapi.yaml")
    made = [(name, DRAFT202012.create_resource(description(name))) for name in names]
    return Registry().with_resources(made)


def faults(value: object, where: str) -> list[str]:
    """What a schema finds wrong with a value; `where` is a file with a JSON pointer."""
    validator = Draft202012Validator({"$ref": where}, registry=_registry())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def pointer(*keys: str) -> str:
    """A JSON pointer to nested keys, as a URI fragment."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def operations() -> dict[tuple[str, str], Any]:
    """Every operation of the HTTP API by its path and its method."""
    return {
        (path, method.upper()): item[method]
        for path, item in description("openapi.yaml")["paths"].items()
        for method in sorted(METHODS & item.keys())
    }


def resolved(value: Any) -> Any:
    """What a reference within openapi.yaml stands for, one step deep."""
    if "$ref" not in value:
        return value
    target = description("openapi.yaml")
    for key in value["$ref"].removeprefix("#/").split("/"):
        target = target[key]
    return target


def answer_faults(path: str, method: str, status: int, body: object) -> list[str]:
    """What is wrong with an answer of the HTTP API, were it only that nobody described it."""
    answers = operations()[path, method]["responses"]
    if str(status) not in answers:
        return [f"{method} {path} answers {status}, which is not described"]
    if "content" not in resolved(answers[str(status)]):
        return [] if body is None else [f"{status} has a body"]
    keys = _keys(answers[str(status)], path, method, status)
    where = pointer(*keys, "content", "application/json", "schema")
    return faults(body, f"openapi.yaml#{where}")


def _keys(answer: Any, path: str, method: str, status: int) -> tuple[str, ...]:
    if "$ref" in answer:
        return tuple(answer["$ref"].removeprefix("#/").split("/"))
    return ("paths", path, method.lower(), "responses", str(status))
