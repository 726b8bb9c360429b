"""A small repository of the example's stack: another queue, worker and table, under another name.

What it writes is examples/worker/ with the engine, the local cloud and the general rules beside it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pipeline import files, pattern, terminal
from pipeline.environment import bucket_names
from pipeline.errors import UsageError, UserError, brief

TAKEN = (
    "environments/costs/us-east-1.yaml",
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

# Two to 23: NAME-code-prod-ACCOUNT-ap-southeast-1-an is a bucket, and 63 characters are the most.
_PROJECT = re.compile(r"[a-z][a-z0-9-]{0,21}[a-z0-9]")


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
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _fill(folder, name)
    except BaseException as error:  # also an interruption leaves nothing behind
        _take_back(folder, missing)
        if isinstance(error, OSError):
            raise UserError(
                f"it can't be written: {error.strerror or error}.",
                where=str(folder),
                mend="Name a folder that you may write to, with 5 MB free.",
            ) from None
        raise


def _fill(folder: Path, name: str) -> int:
    """All files, made in a folder within and moved when they are whole."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as place:
        made = Path(place)
        _copy(pattern.path(pattern.EXAMPLE), made)
        for path in _texts(made):
            _rename(path, name)
        for taken in TAKEN:
            _copy(pattern.path(taken), made / taken)
        count = sum(path.is_file() for path in made.rglob("*"))
        for path in list(made.iterdir()):
            path.rename(folder / path.name)
    return count


def _take_back(folder: Path, missing: Iterable[Path]) -> None:
    """Remove what is in the folder, and the folders that weren't there, the innermost first."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in missing:
            path.rmdir()


def _check(folder: Path, name: str) -> None:
    if not _PROJECT.fullmatch(name) or bucket_names.refusal(f"{name}-"):
        raise UsageError(
            f"{brief(repr(name))} can't begin the names of resources.",
            where="--name",
            mend="Lower-case letters, digits and hyphens, 2 to 23, beginning with a letter."
            f" {bucket_names.refusal(f'{name}-')}".rstrip(),
        )
    if folder.is_symlink() and not folder.exists():
        raise UserError(
            "the link leads nowhere.", where=str(folder), mend="Name a folder, or remove the link."
        )
    if folder.exists() and (not folder.is_dir() or any(_entries(folder))):
        raise UserError(
            "it exists, and isn't an empty folder.",
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


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise UserError(
            f"it can't be read: {error.strerror or error}.",
            where=str(folder),
            mend="Name a folder that you may read and write.",
        ) from None


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    else:
        shutil.copytree(source, target, ignore=_left_out, dirs_exist_ok=True)


def _left_out(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in LEFT_OUT or files.is_left_over(name)}


def _texts(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _rename(path: Path, name: str) -> None:
    text = path.read_text(encoding="utf-8")
    renamed = re.sub(rf"\b{NAME}\b", name, text)
    if renamed != text:
        path.write_text(renamed, encoding="utf-8", newline="\n")
