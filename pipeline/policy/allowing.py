"""Lines for rules/application/allowed.yaml, put where they belong beside what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from pipeline.documents import Document, parse_settings
from pipeline.policy import allowed
from pipeline.policy.allowed import PLAIN, Paths
from pipeline.policy.outward import may_leave
from pipeline.schemas import ITEM, Path

HEAD = """\
# The properties that this stack's templates may set; everything else is a finding
# (PROPERTIES_ARE_ALLOWED), and so is a type that isn't here. A path names keys below Properties, *
# a list's items; below a policy or tags all is allowed, and other rules look.
#
# What is not plain has its reason: what names another resource, lets somebody in, or runs code.
# `nox -s allow -- TYPE PATH --reason "..."` adds a line and writes allowed.guard; a line
# written by hand needs `nox -s refresh`. Nothing adds a line by itself.
"""
_LETS_IN = re.compile(r"Policy|PolicyDocument|Principal")
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z][^:#\"\\]*")


def wanted(kind: str, names: Iterable[str], used: Iterable[tuple[str, Path]]) -> list[Path]:
    """The paths that these names stand for: a name, or all that the templates set below it."""
    set_ = [path for other, path in used if other == kind]
    paths: list[Path] = []
    for name in names:
        path = allowed.split(name)
        below = [one for one in set_ if _without_items(one)[: len(path)] == _without_items(path)]
        exact = [one for one in below if _without_items(one) == _without_items(path)]
        paths += exact or below or [path]
    return list(dict.fromkeys(paths))


def need_reasons(kind: str, paths: Iterable[Path]) -> list[Path]:
    """Those that may name another resource or grant access: who allows one says why."""
    return [path for path in paths if may_leave(kind, path) or _LETS_IN.fullmatch(path[-1])]


def added(text: str, kind: str, paths: Paths) -> str:
    """The file's text with a line for each path."""
    for path, reason in paths.items():
        text = _with_line(text, kind, ".".join(path), reason)
    return text


def _with_line(text: str, kind: str, name: str, reason: str) -> str:
    lines = text.splitlines(keepends=True)
    line = f"  {name}: {_quoted(reason)}\n"
    if text == HEAD:
        return f"{HEAD}\n{kind}:\n{line}"
    document = parse_settings(text, allowed.FILE)
    if kind not in document.value:
        return "".join(_with_type(lines, kind, line, document))
    keys: list[str] = list(document.value[kind])
    if name in keys:
        lines[document.line((kind, name)) - 1] = line
    else:
        later = next((key for key in keys if key > name), None)
        at = document.line((kind, later)) - 1 if later else _end(lines, document.line((kind,)))
        lines.insert(at, line)
    return "".join(lines)


def _with_type(lines: list[str], kind: str, line: str, document: Document) -> list[str]:
    later = next((other for other in document.value if other > kind), None)
    if later is None:
        return [*lines, "\n", f"{kind}:\n", line]
    at = document.line((later,)) - 1
    while at and lines[at - 1].startswith("#"):
        at -= 1
    return [*lines[:at], f"{kind}:\n", line, "\n", *lines[at:]]


def _end(lines: list[str], first: int) -> int:
    """Behind the last line of the block that begins in line `first`."""
    at = first
    while at < len(lines) and lines[at].startswith(" "):
        at += 1
    return at


def _quoted(reason: str) -> str:
    plain = reason == PLAIN or _NEEDS_NO_QUOTES.fullmatch(reason)
    return reason if plain else json.dumps(reason, ensure_ascii=False)


def _without_items(path: Path) -> Path:
    return tuple(key for key in path if key != ITEM)
