"""Fixtures of the handlers' tests. Nothing here needs a network or an AWS variable."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.handlers.drive import App, Scene, scene

settings.register_profile(
    "handlers",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("handlers")


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def session(app: App) -> Scene:
    """A new session."""
    return scene(app)


@pytest.fixture
def claimed(session: Scene) -> Scene:
    """A session that a phone has claimed."""
    session.claim()
    return session


@pytest.fixture
def requested(claimed: Scene) -> Scene:
    """A session whose phone has asked for one upload."""
    claimed.request()
    return claimed


@pytest.fixture
def stored(requested: Scene) -> Scene:
    """A session with one stored image."""
    requested.arrive()
    return requested
