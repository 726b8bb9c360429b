"""A text that was read: its value, and where each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import UserError, brief
from pipeline.findings import Pointer

# Guard's engine reads 127 levels of JSON at most, and its answer nests further.
MAX_DEPTH = 100
MAX_INTEGER = 2**63 - 1
MOST_DIGITS = 4_000  # fewer than Python's own limit on the digits of an integer


class DocumentError(UserError):
    """A text that is not what we accept; `line` counts from 1 in `file`."""

    def __init__(self, what: str, *, file: str, line: int, mend: str) -> None:
        super().__init__(what, where=f"{file}:{line}", mend=mend)
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Document:
    """A text's value, and the line (from 1) at which each of its keys and items stands.

    `texts` holds what was written where the value is a number, for whom 1.50 isn't 1.5.
    """

    file: str
    value: Any
    lines: dict[Pointer, int]
    texts: dict[Pointer, str] = field(default_factory=dict)

    def line(self, pointer: Pointer) -> int:
        """The line of what `pointer` names, or of its nearest ancestor that exists."""
        for end in range(len(pointer), 0, -1):
            line = self.lines.get(pointer[:end])
            if line is not None:
                return line
        return 1

    def error(self, pointer: Pointer, what: str, *, mend: str) -> DocumentError:
        """An error about what `pointer` names."""
        return DocumentError(what, file=self.file, line=self.line(pointer), mend=mend)

    @staticmethod
    def path(pointer: Pointer) -> str:
        """A pointer as people write it, cut short."""
        return brief(".".join(map(str, pointer)))


def too_deep(file: str, line: int) -> DocumentError:
    """The error of a text that the engines behind us couldn't follow."""
    return DocumentError(
        f"mappings and lists are nested too deep here: over {MAX_DEPTH} levels.",
        file=file,
        line=line,
        mend="Write it flat.",
    )


def twice(file: str, at: Pointer, lines: tuple[int, int]) -> DocumentError:
    """The error of a key that stands in a mapping a second time."""
    first, second = lines
    return DocumentError(
        f"{Document.path(at)} is here a second time, first in line {first}.",
        file=file,
        line=second,
        mend="Only the last one would be kept. Remove or rename one of them.",
    )


def within_range(value: float) -> bool:
    """Can every reader of the document hold this number? (`value` may be an int.)"""
    if isinstance(value, int):
        return -MAX_INTEGER - 1 <= value <= MAX_INTEGER
    return value - value == 0  # neither infinite nor no number
