"""A small repository of the example's stack: another queue, worker and table, under another name.

What it writes is examples/worker/ with the engine, the local cloud and the general rules beside it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from pipeline import files, pattern, terminal
from pipeline.errors import UserError, brief

TAKEN = (
    "localcloud",
    "noxfile.py",
    "pipeline",
    "requirements.lock",
    "rules/changesets",
    "rules/general",
)
LEFT_OUT = {
    "_pattern",
    "build",
    ".hypothesis",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
}
NAME = "orders"  # what the example is called

_PROJECT = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")


def options(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="where to; it must not hold anything yet")
    parser.add_argument(
        "--name", default=NAME, help=f"begins every resource's name; {NAME} without it"
    )


def run(options: Namespace, root: Path) -> int:
    folder = root / options.folder
    count = write(folder, options.name)
    terminal.say(
        f"{options.folder}: {count} files. Next: cd there, git init, and what its README.md says."
    )
    return 0


def write(folder: Path, name: str) -> int:
    """Write the repository, whole or not at all; how many files it has."""
    _check(folder, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        copy = Path(made) / "copy"
        _copy(pattern.path(pattern.EXAMPLE), copy)
        for path in _texts(copy):
            _rename(path, name)
        for taken in TAKEN:
            _copy(pattern.path(taken), copy / taken)
        count = sum(path.is_file() for path in copy.rglob("*"))
        if folder.is_dir():
            folder.rmdir()
        copy.rename(folder)
    return count


def _check(folder: Path, name: str) -> None:
    if not _PROJECT.fullmatch(name):
        raise UserError(
            f"{brief(repr(name))} can't begin the names of resources.",
            where="--name",
            mend="Lower-case letters, digits and hyphens, 2 to 32, beginning with a letter.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            "there is something already.",
            where=str(folder),
            mend="Name a folder that isn't there yet, or an empty one.",
        )
    if not pattern.path(pattern.EXAMPLE).is_dir():
        raise UserError(
            "the example isn't there.",
            where=str(pattern.path(pattern.EXAMPLE)),
            mend="This is a copy that `new` wrote. Run `new` in a checkout of the pattern, or with"
            " an installed engine.",
        )


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=_left_out)


def _left_out(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in LEFT_OUT or files.is_left_over(name)}


def _texts(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _rename(path: Path, name: str) -> None:
    text = path.read_text(encoding="utf-8")
    renamed = re.sub(rf"\b{NAME}\b", name, text)
    if renamed != text:
        path.write_text(renamed, encoding="utf-8", newline="\n")
