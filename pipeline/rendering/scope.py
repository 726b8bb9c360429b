"""What a template sees of an environment file, and how a value becomes YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline.findings import Pointer

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+\Z")
_NOT_A_TEXT = re.compile(
    r"(?i:null|true|false|yes|no|on|off|y|n|\.inf|\.nan)\Z|[-.]|[0-9][0-9._eExXobABCDEFabcdef-]*\Z"
)


class Touched:
    """The settings that were read since the innermost `start`."""

    def __init__(self) -> None:
        self._frames: list[list[Pointer]] = []

    def start(self) -> None:
        self._frames.append([])

    def take(self) -> list[Pointer]:
        return list(dict.fromkeys(self._frames.pop()))

    def note(self, at: Pointer) -> None:
        if self._frames:
            self._frames[-1].append(at)


METHODS = {"items": "_items", "keys": "_keys", "values": "_values"}
"""What a template calls on a mapping of settings, and its name here: no setting's key hides it."""


class TracedStr(str):
    """A text that knows which settings it came from."""

    __slots__ = ("at",)
    at: tuple[Pointer, ...]


class TracedInt(int):
    """A number that knows which settings it came from."""

    at: tuple[Pointer, ...]


class TracedFloat(float):
    """A number that knows which settings it came from."""

    at: tuple[Pointer, ...]


_TRACED: dict[type, Any] = {str: TracedStr, int: TracedInt, float: TracedFloat}


class Scope:
    """A mapping of settings as templates read it: `env.logs.keep_days`.

    With `touched`, every value that is read says so there, and texts and numbers carry their
    key path, so that a loop's variable still knows where its value stands.
    """

    def __init__(self, data: dict[str, Any], touched: Touched | None = None, at: Pointer = ()):
        self._data = data
        self._touched = touched
        self._at = at

    def __getattr__(self, name: str) -> Any:
        if name in self._data:
            return self._read(name)
        if name in METHODS:
            return getattr(self, METHODS[name])
        raise AttributeError(name)

    def __repr__(self) -> str:
        return "a section of settings"

    def __getitem__(self, name: str) -> Any:
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def plain(self) -> dict[str, Any]:
        """The settings below here as they were read; all of them count as touched."""
        if self._touched is not None:
            self._touched.note(self._at)
        return self._data

    def _items(self) -> list[tuple[str, Any]]:
        return list(zip(self._keys(), self._values(), strict=True))

    def _keys(self) -> list[str]:
        return [self._wrap(name, name) for name in self._data]

    def _values(self) -> list[Any]:
        return [self._wrap(value, name) for name, value in self._data.items()]

    def _read(self, name: str) -> Any:
        value = self._data[name]
        if self._touched is not None and not isinstance(value, dict):
            self._touched.note((*self._at, name))
        return self._wrap(value, name)

    def _wrap(self, value: Any, name: str) -> Any:
        return _wrapped(value, self._touched, (*self._at, name))


def _wrapped(value: Any, touched: Touched | None, at: Pointer) -> Any:
    if isinstance(value, dict):
        return Scope(value, touched, at)
    if touched is None:
        return value
    if isinstance(value, list):
        return [_wrapped(item, touched, (*at, index)) for index, item in enumerate(value)]
    return traced(value, at)


def traced(value: Any, *at: Pointer) -> Any:
    """The same text or number, which knows the settings it came from; others stay as they are."""
    kind = next((_TRACED[one] for one in type(value).__mro__ if one in _TRACED), None)
    if kind is None or isinstance(value, bool):
        return value
    told = kind(value)
    told.at = at
    return told


def to_json(value: Any) -> str:
    """`value` as JSON that YAML reads back as the same value.

    Jinja's own `tojson` escapes for HTML, and a character beyond U+FFFF as two surrogates, which
    YAML reads as two characters. Here only what YAML can't hold is escaped.
    """
    if isinstance(value, Scope):
        value = value.plain()
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_plain(value: Any) -> bool:
    """May `{{ value }}` stand in YAML as it is, and be read back as the same value?"""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return bool(_PLAIN.match(value)) and not _NOT_A_TEXT.match(value)
    return isinstance(value, int | float)
