"""What the tests of the website need of this machine, and what happens where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def missing(what: str, mend: str) -> None:
    """Skip with a reason on a person's machine; in CI a check that saw nothing has failed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing. {mend}")
    pytest.skip(f"{what} is missing. {mend}")


def node(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run Node on a script of this folder."""
    program = shutil.which("node")
    if program is None:
        missing("node", "Install Node 20 or later (Debian: apt-get install nodejs).")
    command = [program or "node", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, check=False)
