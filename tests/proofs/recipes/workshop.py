"""A copy of the whole repository, in which a recipe is carried out and judged."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

LEFT_OUT = (
    ".git", ".nox", ".venv", "node_modules", "build", "artifacts", "screenshots",
    ".*_cache", ".hypothesis", "__pycache__",
)  # fmt: skip
SECONDS = 600  # for a command on a busy machine


class Workshop:
    """The copy, and which of its files differ from the repository's."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(*LEFT_OUT))

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Put `new` for the one `old` of a file."""
        text = self.read(path)
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        self.write(path, text.replace(old, new))

    def insert(self, path: str, after: str, text: str) -> None:
        """Put `text` behind the one `after` of a file."""
        self.replace(path, after, after + text)

    def restore(self, path: str) -> None:
        """Take back what was done to a file."""
        if (ROOT / path).exists():
            shutil.copy(ROOT / path, self.root / path)
        else:
            (self.root / path).unlink()

    def changed(self) -> set[Path]:
        """The files that aren't as they are in the repository, or aren't there."""
        return {
            path.relative_to(self.root)
            for path in self.root.rglob("*")
            if path.is_file() and _is_source(path.relative_to(self.root)) and self._differs(path)
        }

    def _differs(self, path: Path) -> bool:
        original = ROOT / path.relative_to(self.root)
        return not original.is_file() or original.read_bytes() != path.read_bytes()

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command of the page, by this Python: `nox -s check -- dev` is a station's."""
        session = command.removeprefix("nox -s ")
        if session != command:
            command = f"python -m pipeline {session.replace(' -- ', ' ')}"
        if command.startswith("pytest "):
            command = f"python -m {command} -q -p no:cacheprovider"
        words = shlex.split(command)
        assert words[0] == "python", command
        return subprocess.run(
            [sys.executable, *words[1:]],
            cwd=self.root, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip


def _is_source(path: Path) -> bool:
    """Not what a run leaves behind."""
    return not {"build", "__pycache__", ".hypothesis"} & set(path.parts)
