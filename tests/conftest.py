"""What all tests share: where the repository is, and a copy of it to change."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from localcloud.keys import Endpoint, Keys
from pipeline import signals, verdict_cache

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("environments", "templates", "rules", "handlers", "website")

# The same examples in every run, however busy the machine is: a test that fails now and then helps
# nobody.
settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


def copy_of_the_project(folder: Path, verdicts: Path | None = None) -> Path:
    """What a person edits, in another folder; with `verdicts` as after a `check`."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            unneeded = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=unneeded)
    if verdicts:
        shutil.copytree(verdicts, folder / verdict_cache.FOLDER)
    return folder


def pytest_configure() -> None:
    """A SIGTERM ends what the tests have started too, and pytest's own workers."""
    signals.heed()
    signal.signal(signal.SIGTERM, _hand_on)


def _hand_on(number: int, _: object) -> None:
    for child in [one for one in gc.get_objects() if isinstance(one, subprocess.Popen)]:
        if child.returncode is None:
            child.send_signal(number)
    signals.interrupt(number)


def pytest_runtest_setup() -> None:
    """No further test where the one before has taken such a signal for its own."""
    if signals.came_from_outside():
        pytest.exit("ended from outside", signals.exit_code())


def check(folder: Path) -> int:
    """The exit code of `check` in a process of its own, which leaves its verdicts in the folder.

    A verdict of this process would rest on every module that a test has imported from a file that
    is new, so that it would never be known again.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "check"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository itself, to read."""
    return ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a person edits, to change and break."""
    return copy_of_the_project(tmp_path)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """An AWS endpoint in a process of its own, for a process holds only one: address and keys."""
    command = [sys.executable, "-m", "localcloud", "--aws-only", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            variables = json.loads(server.stdout.readline())["environment"]
            keys = Keys(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
            yield Endpoint(variables["AWS_ENDPOINT_URL"], keys)
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `check` keeps of the project as it is: a folder to read."""
    folder = copy_of_the_project(tmp_path_factory.mktemp("judged"))
    assert check(folder) == 0
    return folder / verdict_cache.FOLDER


@pytest.fixture
def checked(tmp_path: Path, verdicts: Path) -> Path:
    """The project after a `check`: only what a test changes is judged anew."""
    return copy_of_the_project(tmp_path, verdicts)


@pytest.fixture(autouse=True)
def no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches a real account, whatever the person who runs it is signed in to."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
