"""A browser that isn't there: an error that says what to install."""

from __future__ import annotations

import pytest

from tests.browsers.engines import ENGINES, Engine, Missing


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_missing_browser_is_an_error_with_debians_package(engine: Engine) -> None:
    with pytest.raises(
        Missing, match=f"{engine.name}: .* isn't installed.\nDebian: apt-get install"
    ):
        engine.check(which=lambda program: None)
