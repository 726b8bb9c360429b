"""One AWS endpoint for the deployer's tests, in a process of its own: a process holds only one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.deploying import change_rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule judges the change sets: test_policies.py does that, 0.1 s each time."""
    monkeypatch.setattr(change_rules, "check", lambda *_: None)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an endpoint that answers."""
    command = [sys.executable, "-m", "localcloud", "--aws-only", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["endpoint"]
        finally:
            server.terminate()
