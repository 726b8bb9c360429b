"""A session as far as a test needs it."""

from __future__ import annotations

import pytest

from tests.handlers.drive import App, Scene, scene


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
