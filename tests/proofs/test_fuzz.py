"""Thousands of files in any state, where the suite tries a few."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT

TIMES = "20"


def test_files_in_any_state_are_told_and_judged() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [*command, "tests/pipeline/test_fuzz.py"],
        cwd=ROOT,
        env={**os.environ, "FUZZ_TIMES": TIMES},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
