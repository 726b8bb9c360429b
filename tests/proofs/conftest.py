"""What the proofs share with the tests of other rooms."""

from __future__ import annotations

from tests.localcloud.application.conftest import cloud
from tests.localcloud.conftest import driver

__all__ = ["cloud", "driver"]
