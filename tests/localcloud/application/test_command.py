"""The command as a person meets it: mistakes, Ctrl-C, and no child left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud import __main__ as command
from localcloud.application import ports
from localcloud.application.ports import Ports
from pipeline.errors import UserError
from tests.conftest import ROOT
from tests.localcloud.application.conftest import PATIENCE


def test_a_taken_port_is_a_clear_error(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = command.main(["dev", "--port", str(port)])

    told = capfd.readouterr()
    assert code == 1
    assert told.out == ""
    assert f"port {port} of 127.0.0.1 isn't available" in told.err
    assert "--port" in told.err


def test_an_environment_that_is_not_there_is_named(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    code = command.main(["stagign"])

    assert code == 2
    assert "there is no environment 'stagign'" in capfd.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "fast"])
def test_a_time_scale_has_to_be_above_nothing(capfd: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--time-scale", text])

    assert ended.value.code == 2
    assert "--time-scale" in capfd.readouterr().err


def test_ports_come_one_after_the_other_from_the_first() -> None:
    for first in range(20_000, 30_000, 10):  # somebody may have any of them, at any moment
        held = Ports("127.0.0.1", first)
        try:
            ports = [held[name] for name in ("website", "api", "website")]
        except UserError:
            continue
        finally:
            held.close()
        assert ports == [first, first + 1, first]
        return
    pytest.fail("no two ports are free")


def test_without_a_network_no_phone_could_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ELSEWHERE", ("127.0.0.1", 9))

    with pytest.raises(UserError, match="no address in a network"):
        ports.lan_address()


LAN = """
import os, sys
from pathlib import Path
from localcloud.application import command
from localcloud.application.options import Options
from tests.listening import listening

async def look(application):
    served = {name: application._ports[name] for name in ("website", "HttpApi", "s3")}
    print(application._endpoint.url.rpartition(":")[2], *served.values())
    print(*(f"{host}:{port}" for host, port in listening(os.getpid())))
    return True

command.lan_address = lambda: "127.0.0.9"
command._serve = look
sys.exit(command.run(Options("dev", Path.cwd(), lan=True)))
"""


def test_lan_opens_the_application_and_never_the_aws_endpoint() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LAN], cwd=ROOT, capture_output=True, text=True, check=True
    )

    ports, addresses = (line.split() for line in done.stdout.splitlines())
    endpoint, *served = ports
    assert set(addresses) == {f"127.0.0.1:{endpoint}", *(f"127.0.0.9:{port}" for port in served)}


def test_ctrl_c_while_it_deploys_ends_the_deployer_too(project: Path) -> None:
    process = subprocess.Popen(
        (sys.executable, "-m", "localcloud"),
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deployer = wait_for_child(process.pid)

    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in error
    assert not Path(f"/proc/{deployer}").exists()


def wait_for_child(parent: int) -> int:
    """The id of the deployer that a process starts."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        listed = subprocess.run(
            ("ps", "-ww", "--ppid", str(parent), "-o", "pid=,args="),
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        for line in listed.splitlines():
            if "deploying" in line:
                return int(line.split()[0])
        time.sleep(0.05)
    pytest.fail("no deployer was started")
