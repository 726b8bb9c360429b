"""One endpoint for the whole folder, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.core.base_backend import BackendDict

from localcloud import aws
from tests.localcloud.driving import Driver


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    with aws.running() as endpoint:
        yield Driver(endpoint)


@pytest.fixture
def aws_here(driver: Driver) -> Driver:
    """The endpoint without a stack, a bucket or anything else."""
    BackendDict.reset()
    return driver
