"""What is never printed: values that may be secrets, wherever they would appear."""

from __future__ import annotations

import re
from typing import Any

from pipeline.findings import Pointer

HIDDEN = "(not shown)"
# Keys whose values may be secrets, whatever a rule says of them.
_BELOW = frozenset({"Variables", "StageVariables"})
_NAME = re.compile(r"password|passwd|secret|token|credential|api_?key", re.IGNORECASE)
_LITERAL = re.compile(r"^(\s*(?:- )?[\w\"'-]+:\s+)(?![!{|>])\S.*$")
_LIKE_A_VARIABLE = re.compile(r"^\s*[A-Z][A-Z0-9_]*:\s")


def shown(value: Any, pointer: Pointer) -> Any:
    """`value` with everything hidden that stands below or under a key that may hold secrets."""
    if is_hidden(pointer):
        return HIDDEN
    if isinstance(value, dict):
        return {key: shown(item, (*pointer, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, (*pointer, at)) for at, item in enumerate(value)]
    return value


def is_hidden(pointer: Pointer) -> bool:
    """May what stands at `pointer` be a secret?"""
    names = [str(key) for key in pointer]
    return bool(_BELOW.intersection(names)) or any(map(_NAME.search, names[2:]))


def line(text: str, pointer: Pointer) -> str:
    """A line of code near what `pointer` names, without the value of an environment variable.

    References are shown, they hold nothing. A line that is no `key: value` is only shown where
    nothing near it may be a secret.
    """
    if not is_hidden(pointer) and not _LIKE_A_VARIABLE.match(text) and not _NAME.search(text):
        return text
    if _LITERAL.match(text):
        return _LITERAL.sub(rf"\1{HIDDEN}", text)
    return text if re.search(r":(\s|$)", text) else HIDDEN
