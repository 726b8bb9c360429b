"""One running local cloud for the whole folder, in a copy of the project that tests may change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pipeline import signals
from tests.conftest import ROOT, copy_of_the_project
from tests.smoke.site import Site

PATIENCE = 60.0
TIME_SCALE = "120"  # idle sockets end after 5 s instead of 10 minutes, all of them after 60 s


@dataclass
class Running:
    """A process of the local cloud: its ready line, and what it has logged so far."""

    process: subprocess.Popen[str]
    project: Path
    ready: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        assert self.process.stderr is not None
        given = (self.process.stderr, self.lines)
        self._reader = threading.Thread(target=_keep, args=given, daemon=True)
        self._reader.start()

    @asynccontextmanager
    async def site(self) -> AsyncIterator[Site]:
        """The application as the smoke test drives it."""
        outputs = self.ready["outputs"]
        async with aiohttp.ClientSession() as http:
            yield Site.of(http, outputs)

    def end(self, number: signal.Signals, *, alone: bool = False) -> int:
        """Its exit code after a signal to its group, as a terminal sends it, or to itself alone."""
        (os.kill if alone else os.killpg)(self.process.pid, number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def wait_for(self, text: str, since: int = 0) -> str:
        """The first line, from a place in the log on, that says it."""
        return self.wait(lambda line: text in line, since, text)

    def wait(self, wanted: Callable[[str], bool], since: int, what: str) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.lines[since:]:
                if wanted(line):
                    return line
            time.sleep(0.02)
        pytest.fail(f"the local cloud never said {what!r}:\n" + "\n".join(self.lines[since:]))


COMMAND = (sys.executable, "-m", "localcloud", "dev", "--json")


def started(project: Path, *options: str, command: Sequence[str] = COMMAND) -> Running:
    """A local cloud in a project, in a process group of its own, when it is ready."""
    foreign = {name: one for name, one in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        (*command, *options),
        cwd=project,
        env=foreign | {"PYTHONPATH": str(ROOT), "PATH": _path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = Running(process, project)
    assert process.stdout is not None
    line = next((line for line in process.stdout if line.startswith("{")), None)
    if line is None:
        running.end(signal.SIGKILL)
        pytest.fail("the local cloud did not start:\n" + "\n".join(running.lines))
    running.ready = json.loads(line)
    return running


def _path() -> str:
    """Where `python` is the one that runs the tests."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))


def _keep(stream: Iterable[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip())  # noqa: PERF401 - others read while it grows


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, verdicts: Path) -> Iterator[Running]:
    project = copy_of_the_project(tmp_path_factory.mktemp("project"), verdicts)
    running = started(project, "--watch", "--time-scale", TIME_SCALE)
    yield running
    assert running.end(signal.SIGTERM) == signals.TERMINATED
