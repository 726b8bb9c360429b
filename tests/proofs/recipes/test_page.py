"""The page of recipes itself: it can be read, and the checks of the recipes can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.recipes import page
from tests.proofs.recipes.carrying_out import RECIPES, carry_out
from tests.proofs.recipes.page import Recipe
from tests.proofs.recipes.workshop import Workshop

NAMES = {"environment", "setting", "resource", "rule", "route", "local resource type", "station"}
PATTERNS = ("environments/*.yaml", "templates/parts/", "rules/required.yaml")


def test_each_kind_of_change_has_its_recipe() -> None:
    titles = {title.split(" ", 1)[1] for title in RECIPES}

    assert titles == NAMES
    assert all(recipe.by_hand and recipe.told_by for recipe in RECIPES.values())


def test_a_recipe_without_its_files_is_an_error() -> None:
    with pytest.raises(ValueError, match="A thing: no line begins with By hand"):
        page.recipes("\n## Recipes\n### A thing\n\nTold by: `pytest tests`.\n")


def test_paths_and_commands_are_read_from_a_recipe() -> None:
    text = """
## Recipes

### A thing

By hand: `things/<name>.yaml`, then `things/parts/` with `thing.key`.
Refreshed: `docs/things.md` and `README.md`.
Told by: `nox -s check -- <name>`, then `pytest tests/things`.

## After
"""
    expected = Recipe(
        "A thing",
        ("things/*.yaml", "things/parts/"),
        ("docs/things.md", "README.md"),
        ("nox -s check -- <name>", "pytest tests/things"),
    )

    assert page.recipes(text) == {"A thing": expected}


def test_a_file_that_the_page_does_not_name_is_seen() -> None:
    paths = {Path("environments/x.yaml"), Path("environments/x/y.yaml"), Path("rules/x.yaml")}

    assert page.unlisted(paths, PATTERNS) == ["environments/x/y.yaml", "rules/x.yaml"]


def test_a_file_that_the_page_names_in_vain_is_seen() -> None:
    paths = {Path("environments/x.yaml"), Path("templates/parts/x/y.j2")}

    assert page.unused(paths, PATTERNS) == ["rules/required.yaml"]


def test_an_edit_of_another_file_fails(workshop: Workshop) -> None:
    def by_hand(workshop: Workshop) -> None:
        workshop.write("environments/staging.yaml", workshop.read("environments/dev.yaml"))
        workshop.write("rules/staging.yaml", "")

    with pytest.raises(AssertionError, match="names no such file by hand"):
        carry_out(RECIPES["An environment"], workshop, by_hand)
