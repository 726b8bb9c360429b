"""Ctrl-C as a terminal sends it: to nox and to what it runs, at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import signals
from pipeline.__main__ import main
from tests.pipeline.scripted_aws import ROOT

PATIENCE = 60
NOXFILE = """\
import sys
sys.path.insert(0, {root!r})
import nox
import noxfile as real

@nox.session(venv_backend="none")
def slow(session):
    real.run(session, "-m", "tests.pipeline.slow_plan", {words})
"""

SLOW_TEST = """\
import subprocess, sys, time

def test_that_takes_a_while():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        try:
            print(f"\\nchild {child.pid}", flush=True)
            for _ in range(600):
                time.sleep(0.1)
        finally:
            child.terminate()
"""


def _as_in_the_foreground() -> None:
    """Whoever starts the tests in the background hands an ignored SIGINT on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _as_in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


SLOW = "0.9"


def interrupted(tmp_path: Path, words: str = f'"{SLOW}"', sent: int = signal.SIGINT) -> str:
    """What a session says that is interrupted while it waits for AWS: Ctrl-C reaches its group."""
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(root=str(ROOT), words=words))
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
        preexec_fn=_as_in_the_foreground,
    ) as nox:
        assert nox.stdout is not None
        said = [line for line in iter(nox.stdout.readline, "waiting\n") if line]
        (os.killpg if sent == signal.SIGINT else os.kill)(nox.pid, sent)
        return "".join(said) + nox.communicate(timeout=PATIENCE)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_a_plan_has_the_time_to_take_its_change_set_back(tmp_path: Path) -> None:
    assert "taken back" in interrupted(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_session_that_is_ended_from_outside_hands_that_on(tmp_path: Path) -> None:
    said = interrupted(tmp_path, sent=signal.SIGTERM)

    assert "taken back" in said
    assert "interrupted" in said


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
def test_without_our_patience_nox_would_not_let_it(tmp_path: Path) -> None:
    said = interrupted(tmp_path, f'"{2 * PATIENCE}", interrupt_timeout=0.3')

    assert "taken back" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("sent", signals.ALL)
def test_what_runs_in_the_background_heeds_both_signals(sent: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.slow_plan", SLOW],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_as_in_the_background,
    ) as plan:
        assert plan.stdout is not None
        assert "waiting\n" in iter(plan.stdout.readline, "")
        plan.send_signal(sent)
        said = plan.communicate(timeout=PATIENCE)[0]

    assert "taken back" in said


@pytest.mark.parametrize(
    ("number", "expected", "said"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        (signal.SIGTERM, 143, "Ended from outside."),
        (signal.SIGHUP, 129, "Ended from outside."),
    ],
)
def test_a_station_that_is_ended_from_outside_has_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    root: Path,
    number: int,
    expected: int,
    said: str,
) -> None:
    def end(*_: object) -> int:
        signals.interrupt(number)
        return 0

    monkeypatch.setattr("pipeline.stations.environments.run", end)

    code = main(["environments"], root)
    signals.heeded.clear()

    assert code == expected
    assert said in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_tests_in_the_background_end_with_what_they_started(
    tmp_path: Path, sent: signal.Signals
) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW_TEST)

    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "-p", "tests.conftest", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_as_in_the_background,
    ) as tests:
        assert tests.stdout is not None
        child = int(next(line for line in tests.stdout if line.startswith("child "))[6:])
        tests.send_signal(sent)
        tests.communicate(timeout=PATIENCE)

    assert tests.returncode == 2
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
