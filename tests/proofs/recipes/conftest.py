"""A copy of the repository for each recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.recipes.workshop import Workshop

# The longest of what `refresh` does: every leaf of every template is changed.
SLOW = '"tests.rules.mutations", '


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A copy whose `refresh` leaves out the minute that the mutations take."""
    made = Workshop(tmp_path)
    made.replace("pyproject.toml", SLOW, "")
    return made
