"""The docstrings below a section's fields: what an error's mend and an editor's hint say.

pydantic can collect them itself (use_attribute_docstrings), but does so at every import, which
costs a render a twentieth of its time. Here only who needs them pays.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pipeline.environment.fields import Section


def descriptions(model: type[Section]) -> dict[str, str]:
    """Key, as the files write it -> its docstring on one line; bases' fields included."""
    texts: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, Section) and kind is not Section:
            texts |= _of_class(kind)
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return {aliases.get(name, name): told for name, told in texts.items()}


def describe(schema: dict[str, Any], models: list[type[Section]]) -> dict[str, Any]:
    """A JSON Schema with the descriptions of its models' fields."""
    parts = {schema["title"]: schema, **schema.get("$defs", {})}
    for model in models:
        properties = parts.get(model.__name__, {}).get("properties", {})
        for key, told in descriptions(model).items():
            if key in properties:
                properties[key]["description"] = told
    return schema


def _of_class(kind: type[Section]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  the source of a class is a class
    return {
        field.target.id: " ".join(inspect.cleandoc(said.value.value).split())
        for field, said in pairwise(body.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }
