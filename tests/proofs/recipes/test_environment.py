"""The recipe for an environment."""

from __future__ import annotations

from tests.proofs.recipes.carrying_out import RECIPES, assert_judged_well, carry_out
from tests.proofs.recipes.workshop import Workshop


def environment(workshop: Workshop) -> None:
    text = workshop.read("environments/dev.yaml")
    workshop.write("environments/staging.yaml", text.replace("Environment: dev", "Environment: x"))


def test_a_new_environment_takes_the_files_that_the_page_names(workshop: Workshop) -> None:
    recipe = RECIPES["An environment"]

    carry_out(recipe, workshop, environment)

    assert_judged_well(recipe, workshop, name="staging")
