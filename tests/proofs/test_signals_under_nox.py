"""`nox -s local` ended from a terminal and from outside: no child is left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.localcloud.application.conftest import started

# What `nox -s local` does, in an environment that is there already.
NOXFILE = """
import sys
sys.path.insert(0, {root!r})
import nox
from noxfile import END_TIME, run

@nox.session(venv_backend="none")
def here(session):
    run(session, "-m", "localcloud", *session.posargs, interrupt_timeout=END_TIME)
"""


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGINT, 0), (signal.SIGTERM, 130)], ids=["ctrl-c", "sigterm"]
)
def test_a_signal_to_nox_ends_everything(
    checked: Path, number: signal.Signals, expected: int
) -> None:
    (checked / "noxfile.py").write_text(NOXFILE.format(root=str(ROOT)))
    nox = (sys.executable, "-m", "nox", "-s", "here", "--", "dev", "--json")
    running = started(checked, command=nox)
    group = running.process.pid
    port = int(running.ready["url"].rsplit(":", 1)[1])
    during = members(group)

    code = running.end(number, alone=number == signal.SIGTERM)

    assert code == expected
    assert len([one for one in during if "runner.py" in one]) >= 2
    assert members(group) == []
    assert not [line for line in running.lines if "Traceback" in line]
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0


def members(group: int) -> list[str]:
    """The command lines of a process group."""
    listed = subprocess.run(
        ("ps", "-wweo", "pgid=,args="), capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 1) for line in listed.splitlines()]
    return [row[1] for row in rows if int(row[0]) == group]
