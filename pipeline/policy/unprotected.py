"""rules/unprotected.yaml: which leaves of the templates no rule protects, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.documents import Document, parse_settings
from pipeline.errors import UserError
from pipeline.findings import Pointer

FILE = "rules/unprotected.yaml"
KINDS = ("flip", "empty", "remove", "literal")


@dataclass(frozen=True)
class Unprotected:
    """Patterns of paths that share a reason, and the changes there that go unnoticed."""

    at: tuple[str, ...]
    reason: str
    survives: tuple[str, ...] = KINDS

    def covering(self, pointer: Pointer) -> str | None:
        """The first of the patterns that covers what `pointer` names."""
        path = ".".join(map(str, pointer))
        return next((pattern for pattern in self.at if _regex(pattern).fullmatch(path)), None)


@dataclass(frozen=True)
class Exceptions:
    """Leaves that may change, what may be added and resources that may go unnoticed."""

    leaves: list[Unprotected]
    additions: list[Unprotected]
    deletions: list[Unprotected]


def read(root: Path) -> Exceptions:
    """The entries, in the order of the file; no file means none."""
    path = root / FILE
    if not path.is_file():
        return Exceptions([], [], [])
    document = parse_settings(files.read_text(path, FILE), FILE)
    keys = ("leaves", "additions", "deletions")
    if document.value.keys() != set(keys):
        raise _unreadable(1)
    return Exceptions(*(_entries(document, key) for key in keys))


def _entries(document: Document, key: str) -> list[Unprotected]:
    entries = document.value[key]
    if not isinstance(entries, list):
        raise _unreadable(document.line((key,)))
    return [_entry(entry, document.line((key, n))) for n, entry in enumerate(entries)]


def _entry(entry: Any, line: int) -> Unprotected:
    if not isinstance(entry, dict) or not {"at", "reason"} <= entry.keys():
        raise _unreadable(line)
    survives = entry.get("survives", list(KINDS))
    if entry.keys() - {"at", "reason", "survives"}:
        raise _unreadable(line)
    lists = (entry["at"], survives)
    if not all(isinstance(each, list) and all(map(_is_text, each)) for each in lists):
        raise _unreadable(line)
    if not set(survives) <= set(KINDS):
        raise _unreadable(line)
    return Unprotected(tuple(entry["at"]), str(entry["reason"]), tuple(survives))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _unreadable(line: int) -> UserError:
    return UserError(
        "this isn't a list of unprotected leaves.",
        where=f"{FILE}:{line}",
        mend="leaves:, additions: and deletions: are lists; each entry has at (a list of paths),"
        f" reason, and maybe survives: some of {', '.join(KINDS)}.",
    )


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    keys = [".+" if key == "**" else _key(key) for key in pattern.split(".")]
    return re.compile(r"\.".join(keys))


def _key(pattern: str) -> str:
    """A key; a star in it stands for any characters but those that part keys."""
    return "[^.]+" if pattern == "*" else re.escape(pattern).replace(r"\*", "[^.]*")
