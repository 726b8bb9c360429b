"""Files: read as UTF-8, written whole or not at all, told from what editors leave beside them."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from pipeline.errors import UserError

_BEFORE_NAMES = (".#", "._", "#", "~$")
_BEHIND_NAMES = (
    "~",
    ".bak",
    ".orig",
    ".swp",
    ".tmp",
    ".kate-swp",
    "___jb_tmp___",
    "___jb_old___",
)
_LEFT_BY_SYSTEMS = {"__MACOSX", "__pycache__", ".DS_Store", "Icon\r", "Thumbs.db", "desktop.ini"}
_OPEN_FILE = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/.+/fd/\d+")


def read_text(path: Path, shown: str) -> str:
    """A file's text; bytes that aren't UTF-8 and a missing file are the person's to mend."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"it can't be read: {error.strerror}.", where=shown, mend="Is it there, and readable?"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"byte {error.start} is not UTF-8.", where=shown, mend="Save the file as UTF-8."
        ) from None


def ours(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The paths below `folder` that a person wrote, sorted: none that is hidden, and no backup.

    Editors put a lock or a copy beside what they edit, macOS a `._name` with its attributes.
    """
    return sorted(path for path in paths if is_ours(path.relative_to(folder)))


def is_ours(path: PurePath) -> bool:
    """The same for one path below a folder of ours."""
    return not any(part.startswith(".") or is_left_over(part) for part in path.parts)


def is_left_over(name: str) -> bool:
    """Is this the name of a file or folder that an editor or a system leaves behind?"""
    return (
        name.startswith(_BEFORE_NAMES) or name.endswith(_BEHIND_NAMES) or name in _LEFT_BY_SYSTEMS
    )


def states(root: Path, folders: Iterable[str]) -> dict[str, tuple[int, int]]:
    """When each of our files in these folders was saved, and its size, by its path in `root`."""
    found: dict[str, tuple[int, int]] = {}
    for folder in folders:
        _look(os.fspath(root / folder), folder, found)
    return found


def _look(folder: str, shown: str, found: dict[str, tuple[int, int]]) -> None:
    """The same for one folder; by hand, as this is done ten times a second."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or is_left_over(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    _look(entry.path, f"{shown}/{entry.name}", found)
                elif entry.is_file():
                    seen = entry.stat()
                    found[f"{shown}/{entry.name}"] = (seen.st_mtime_ns, seen.st_size)
    except OSError:  # an editor or a checkout replaces it just now
        return


def write(path: Path, data: bytes) -> bool:
    """Put `data` where `path` points, in one step; True if that changed anything.

    A file that is the same already keeps its time; an interrupted run leaves the old one. A pipe
    or a device can only be written through, not replaced.
    """
    try:
        if _is_special(path):
            path.write_bytes(data)
            return True
        if path.is_file() and path.read_bytes() == data:
            return False
        path = path.resolve()  # a link stays; what it leads to is replaced
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except (OSError, RuntimeError) as error:  # Path.resolve tells a circle of links as the latter
        why = getattr(error, "strerror", None) or "its links form a circle"
        raise UserError(
            f"it can't be written: {why}.",
            where=str(path),
            mend="Is there room on the disk, and may you write here?",
        ) from None
    return True


def as_json(value: Any) -> bytes:
    """JSON for people and diffs: indented, in the order given, with a last newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def as_json_rows(value: dict[str, Any]) -> bytes:
    """The same for long tables: each item of a top-level list on a line of its own."""
    parts = []
    for key, item in value.items():
        if isinstance(item, list) and item:
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in item)
            parts.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(item, ensure_ascii=False)}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _is_special(path: Path) -> bool:
    """Is there something that isn't a plain file? /dev/stdout isn't, even if it leads to one."""
    if _OPEN_FILE.fullmatch(path.absolute().as_posix()):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _replace(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """The permissions that the file has, or that a new one gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
