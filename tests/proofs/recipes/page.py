"""CONTRIBUTING.md -> its recipes: which files each one asks for, and which commands judge them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

FILE = "CONTRIBUTING.md"
_FILE = re.compile(r"`([\w.*<>-]+(?:/[\w.*<>-]+)*/?)`")
_COMMAND = re.compile(r"`((?:nox -s|pytest|python -m) [^`]+)`")
_PARTS = re.compile(r"^(By hand|Refreshed|Told by)\b", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """One recipe; `by_hand` and `refreshed` are patterns of paths, where `*` is part of a name."""

    title: str
    by_hand: tuple[str, ...]
    refreshed: tuple[str, ...]
    told_by: tuple[str, ...]


def recipes(page: str) -> dict[str, Recipe]:
    """Every recipe of the page by its title."""
    part = page.split("\n## Recipes\n")[1].split("\n## ")[0]
    sections = re.split(r"^### ", part, flags=re.MULTILINE)[1:]
    read = [_recipe(*section.split("\n", 1)) for section in sections]
    return {recipe.title: recipe for recipe in read}


def _recipe(title: str, text: str) -> Recipe:
    _, *pieces = _PARTS.split(text)
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if missing := {"By hand", "Told by"} - parts.keys():
        raise ValueError(f"{FILE}, {title}: no line begins with {' or '.join(sorted(missing))}")
    return Recipe(
        title,
        tuple(_files(parts["By hand"])),
        tuple(_files(parts.get("Refreshed", ""))),
        tuple(_COMMAND.findall(parts["Told by"])),
    )


def _files(text: str) -> list[str]:
    """The paths in backticks, <name> in them as a star; other words have neither / nor .md."""
    paths = [path for path in _FILE.findall(text) if "/" in path or path.endswith(".md")]
    return [re.sub(r"<\w+>", "*", path) for path in paths]


def unlisted(paths: set[Path], patterns: tuple[str, ...]) -> list[str]:
    """The paths that no pattern covers; a pattern that ends in a slash covers its folder."""
    return sorted(
        path.as_posix()
        for path in paths
        if not any(_covers(pattern, path.as_posix()) for pattern in patterns)
    )


def unused(paths: set[Path], patterns: tuple[str, ...]) -> list[str]:
    """The patterns that cover none of the paths."""
    names = [path.as_posix() for path in paths]
    return [pattern for pattern in patterns if not any(_covers(pattern, name) for name in names)]


def _covers(pattern: str, path: str) -> bool:
    if pattern.endswith("/"):
        return path.startswith(pattern)
    return pattern.count("/") == path.count("/") and fnmatch(path, pattern)
