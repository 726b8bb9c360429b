"""What the proofs share with the tests of other rooms."""

from __future__ import annotations

from tests.localcloud.application.conftest import cloud

__all__ = ["cloud"]
