"""JSON -> a document. Python's own reader tells no positions, and YAML's isn't one of JSON: its
keys end at 1,024 characters, and it takes no character beyond U+FFFF as two escapes."""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # unknown to the stubs
from typing import Any

from pipeline.documents.document import (
    MAX_DEPTH,
    MOST_DIGITS,
    Document,
    DocumentError,
    too_deep,
    twice,
    within_range,
)
from pipeline.documents.lines import Lines
from pipeline.errors import brief
from pipeline.findings import Pointer

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile("|".join(_WORDS))
_HALF = re.compile("[\ud800-\udfff]")


class NotJsonError(Exception):
    """The text isn't JSON at all."""


def parse(text: str, file: str) -> Document:
    """The document, or NotJsonError; JSON that nobody can use is a DocumentError."""
    reader = _Reader(text, file)
    value, end = reader.value(reader.skip(0), ())
    if reader.skip(end) != len(text) or not isinstance(value, dict):
        raise NotJsonError
    return Document(file, value, reader.lines, reader.texts)


class _Reader:
    """Reads a text from its start; each method takes an index and returns the one after."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines: dict[Pointer, int] = {}
        self.texts: dict[Pointer, str] = {}
        self._lines = Lines(text)

    def skip(self, index: int) -> int:
        """The index behind white space."""
        space = _SPACE.match(self.text, index)
        return space.end() if space else index

    def value(self, index: int, at: Pointer) -> tuple[Any, int]:
        first = self.text[index : index + 1]
        if first in {"{", "["} and len(at) >= MAX_DEPTH:
            raise too_deep(self.file, self._lines.at(index))
        if first == "{":
            return self._object(index + 1, at)
        if first == "[":
            return self._array(index + 1, at)
        if first == '"':
            return self._string(index)
        return self._word(index, at)

    def _object(self, index: int, at: Pointer) -> tuple[dict[str, Any], int]:
        value: dict[str, Any] = {}
        index = self.skip(index)
        if self.text.startswith("}", index):
            return value, index + 1
        while True:
            line = self._lines.at(index)
            key, index = self._string(index)
            here = (*at, key)
            if key in value:
                raise twice(self.file, here, (self.lines[here], line))
            self.lines[here] = line
            index = self.skip(self._one_of(":", self.skip(index)))
            value[key], index = self.value(index, here)
            index = self._one_of(",}", self.skip(index))
            if self.text[index - 1] == "}":
                return value, index
            index = self.skip(index)

    def _array(self, index: int, at: Pointer) -> tuple[list[Any], int]:
        value: list[Any] = []
        index = self.skip(index)
        if self.text.startswith("]", index):
            return value, index + 1
        while True:
            here = (*at, len(value))
            self.lines[here] = self._lines.at(index)
            item, index = self.value(index, here)
            value.append(item)
            index = self._one_of(",]", self.skip(index))
            if self.text[index - 1] == "]":
                return value, index
            index = self.skip(index)

    def _one_of(self, characters: str, index: int) -> int:
        if index >= len(self.text) or self.text[index] not in characters:
            raise NotJsonError
        return index + 1

    def _string(self, index: int) -> tuple[str, int]:
        if not self.text.startswith('"', index):
            raise NotJsonError
        try:
            value, end = scanstring(self.text, index + 1, True)  # noqa: FBT003  its own signature
        except JSONDecodeError:
            raise NotJsonError from None
        half = _HALF.search(value)
        if half:
            raise self._error(
                index,
                f"a text holds U+{ord(half[0]):04X}, which is half of a character.",
                "Write both halves, or the character itself.",
            )
        return value, end

    def _word(self, index: int, at: Pointer) -> tuple[Any, int]:
        word = _WORD.match(self.text, index)
        if word:
            return _WORDS[word[0]], word.end()
        number = _NUMBER.match(self.text, index)
        if number is None:
            raise NotJsonError
        self.texts[at] = number[0]
        read = float if number[1] or number[2] or len(number[0]) > MOST_DIGITS else int
        value = read(number[0])
        if not within_range(value):
            raise self._error(
                index,
                f"the number {brief(number[0])} is beyond the range of numbers.",
                f'Quote it if it is a text: "{brief(number[0])}".',
            )
        return value, number.end()

    def _error(self, index: int, what: str, mend: str) -> DocumentError:
        return DocumentError(what, file=self.file, line=self._lines.at(index), mend=mend)
