"""Fixtures of the handlers' tests. Nothing here needs a network or an AWS variable."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.handlers.drive import App, Scene, scene

settings.register_profile(
    "handlers",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("handlers")


@pytest.fixture(scope="session", autouse=True)
def _no_aws_of_the_person() -> Iterator[None]:
    """Whatever AWS configuration there is around, the tests run without it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


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
