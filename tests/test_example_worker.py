"""The example fits the engine and the general rules beside it."""

from __future__ import annotations

from tests import example_worker


def test_what_is_derived_in_the_example_is_current() -> None:
    assert list(example_worker.stale()) == [], "run `nox -s refresh` and look at the difference"
