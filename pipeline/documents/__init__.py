"""YAML and JSON that keep their positions: environment files, rendered and foreign templates.

All are read as CloudFormation reads them: JSON by its own grammar, YAML by that of YAML 1.1. What
this project writes itself is read without YAML's traps: numbers with a leading zero, yes/no and
aliases are refused instead of reinterpreted, and so are duplicate keys everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.documents import json_text, yaml_text
from pipeline.documents.dialects import OUTSIDE, SETTINGS, TEMPLATE, Dialect
from pipeline.documents.document import Document, DocumentError
from pipeline.findings import Pointer

__all__ = ["Document", "DocumentError", "parse_outside", "parse_settings", "parse_template"]


def parse_settings(text: str, file: str) -> Document:
    """An environment file, or a file of rules/: plain YAML without tags."""
    return _parse(text, file, SETTINGS)


def parse_template(text: str, file: str) -> Document:
    """A template of ours: short-form intrinsics become long-form, nulls are refused."""
    return _without_null(_parse(text, file, TEMPLATE))


def parse_outside(text: str, file: str) -> Document:
    """Somebody else's template: the same, and the traps of YAML 1.1 are read, not refused."""
    return _without_null(_parse(text, file, OUTSIDE))


def _parse(text: str, file: str, dialect: Dialect) -> Document:
    """JSON where the text is JSON: YAML has shorter keys and other escapes."""
    if text.lstrip().startswith("{"):
        try:
            return json_text.parse(text, file)
        except json_text.NotJsonError:
            pass  # a flow mapping of YAML begins like this too
    return yaml_text.parse(text, file, dialect)


def _without_null(document: Document) -> Document:
    empty = next((at for at, value in _leaves(document.value, ()) if value is None), None)
    if empty is not None:
        raise document.error(
            empty,
            f"{document.path(empty)} is empty.",
            mend="CloudFormation refuses null. Give the key a value or leave it out.",
        )
    return document


def _leaves(value: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*at, index))
    else:
        yield at, value
