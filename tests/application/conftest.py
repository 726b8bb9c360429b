"""The deployer's accounts, for its tests on this application."""

from __future__ import annotations

from tests.pipeline.conftest import account, aws, scripted, unjudged

__all__ = ["account", "aws", "scripted", "unjudged"]
