"""One AWS endpoint for the deployer's tests, in a process of its own: a process holds only one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.keys import Endpoint, Keys
from pipeline.deploying import change_rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule judges the change sets: test_policies.py does that, 0.1 s each time."""
    monkeypatch.setattr(change_rules, "check", lambda *_: None)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """The address and the keys of an endpoint that answers."""
    command = [sys.executable, "-m", "localcloud", "--aws-only", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            variables = json.loads(server.stdout.readline())["environment"]
            keys = Keys(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
            yield Endpoint(variables["AWS_ENDPOINT_URL"], keys)
        finally:
            server.terminate()
