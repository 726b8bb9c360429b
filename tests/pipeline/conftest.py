"""What the deployer's tests share."""

from __future__ import annotations

import pytest

from pipeline.deploying import change_rules


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule judges the change sets: test_policies.py does that, 0.1 s each time."""
    monkeypatch.setattr(change_rules, "check", lambda *_: None)
