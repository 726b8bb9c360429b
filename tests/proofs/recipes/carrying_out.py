"""The recipes of CONTRIBUTING.md, carried out on a copy of the repository: what every test does.

A recipe is done with the files that the page names and no others; then the commands that it names
have nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import ROOT
from tests.proofs.recipes import page
from tests.proofs.recipes.page import Recipe
from tests.proofs.recipes.workshop import Workshop

RECIPES = page.recipes((ROOT / page.FILE).read_text(encoding="utf-8"))
REFRESH = "python -m pipeline refresh"


def carry_out(recipe: Recipe, workshop: Workshop, by_hand: Callable[[Workshop], None]) -> None:
    """Edit by hand, refresh, and compare with the page which files each of the two changed."""
    before = workshop.changed()
    by_hand(workshop)
    edited = workshop.changed() - before
    unlisted, unused = page.unlisted(edited, recipe.by_hand), page.unused(edited, recipe.by_hand)
    assert unlisted == [], f"the page names no such file by hand: {unlisted}"
    assert unused == [], f"the page asks for more files than needed: {unused}"

    refreshed = workshop.run(REFRESH)
    derived = workshop.changed() - edited - before
    assert refreshed.returncode == 0, refreshed.stdout + refreshed.stderr
    unlisted = page.unlisted(derived, recipe.refreshed)
    assert unlisted == [], f"the page doesn't say that these change: {unlisted}"


def assert_judged_well(recipe: Recipe, workshop: Workshop, **names: str) -> None:
    """The commands that the page names find nothing."""
    assert recipe.told_by
    for command in recipe.told_by:
        for placeholder, name in names.items():
            command = command.replace(f"<{placeholder}>", name)
        done = workshop.run(command)

        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
