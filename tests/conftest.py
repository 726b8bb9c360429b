"""What all tests share: where the repository is, and a copy of it to change."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("environments", "templates", "rules", "handlers", "website")

# The same examples in every run: a test that fails now and then helps nobody.
settings.register_profile("default", derandomize=True, deadline=None, database=None)
settings.load_profile("default")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository itself, to read."""
    return ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a person edits, to change and break."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(
                ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__")
            )
    return tmp_path


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
