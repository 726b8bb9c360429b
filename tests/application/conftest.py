"""The deployer's accounts and day, for its tests on this application."""

from __future__ import annotations

from tests.pipeline.conftest import account, aws, one_day, scripted, unjudged

__all__ = ["account", "aws", "one_day", "scripted", "unjudged"]
