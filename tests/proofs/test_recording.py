"""The committed recording of what the functions ask of AWS is that of their tests today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipeline.iam import recording

RECORDER = ["-p", "pipeline.iam.recorder", "--told", "tests.handlers.aws:ENVIRONMENT"]


def test_the_recording_is_what_the_handlers_tests_do_now(root: Path, tmp_path: Path) -> None:
    now = tmp_path / "calls.json"
    command = ["-m", "pytest", "tests/handlers", "-q", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, *command, *RECORDER, "--calls", str(now)],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode in {0, 1}, done.stdout  # a failing test is told where it stands
    assert now.read_text() == (root / recording.FILE).read_text(), (
        f"record anew: python {' '.join(command)} {' '.join(RECORDER)} --calls {recording.FILE}"
    )
