"""Ctrl-C as a terminal sends it: to nox and to what it runs, at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.scripted_aws import ROOT

NOXFILE = """\
import sys
sys.path.insert(0, {root!r})
import nox
import noxfile as real

@nox.session(venv_backend="none")
def slow(session):
    real.run(session, "-m", "tests.pipeline.slow_plan", {options})
"""


def interrupted(tmp_path: Path, options: str = "") -> str:
    """What a session says that is interrupted while it waits for AWS."""
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(root=str(ROOT), options=options))
    own = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "nox", "-f", str(tmp_path / "noxfile.py"), "-s", "slow"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as nox:
        assert nox.stdout is not None
        said = [line for line in iter(nox.stdout.readline, "waiting\n") if line]
        os.killpg(nox.pid, signal.SIGINT)
        return "".join(said) + nox.communicate(timeout=30)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_a_plan_has_the_time_to_take_its_change_set_back(tmp_path: Path) -> None:
    assert "taken back" in interrupted(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_without_our_patience_nox_would_not_let_it(tmp_path: Path) -> None:
    assert "taken back" not in interrupted(tmp_path, "interrupt_timeout=0.3")
