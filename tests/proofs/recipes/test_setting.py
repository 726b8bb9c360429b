"""The recipe for a setting, and what is said to whoever forgets a part of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.proofs.recipes.carrying_out import RECIPES, assert_judged_well, carry_out
from tests.proofs.recipes.workshop import Workshop

SETTING: dict[str, Callable[[Workshop], None]] = {
    "environments/schema.py": lambda w: w.insert(
        "environments/schema.py",
        'Write the number of days an upload may live."""\n',
        "    old_versions_days: Annotated[int, Field(ge=1, le=3650)]\n"
        '    """Whole days, 1 to 3650, for which an image that was replaced can be restored."""\n',
    ),
    "environments/dev.yaml": lambda w: value(w, "dev"),
    "environments/prod.yaml": lambda w: value(w, "prod"),
    "templates/parts/uploads.yaml.j2": lambda w: w.replace(
        "templates/parts/uploads.yaml.j2",
        "NoncurrentDays: 7\n",
        "NoncurrentDays: {{ env.uploads.old_versions_days }}\n",
    ),
}


def value(workshop: Workshop, name: str) -> None:
    workshop.insert(f"environments/{name}.yaml", "uploads:\n", "  old_versions_days: 7\n")


def setting(workshop: Workshop) -> None:
    for edit in SETTING.values():
        edit(workshop)


def test_a_new_setting_takes_the_files_that_the_page_names(workshop: Workshop) -> None:
    recipe = RECIPES["A setting"]

    carry_out(recipe, workshop, setting)

    assert_judged_well(recipe, workshop)


@pytest.mark.parametrize("forgotten", SETTING)
def test_whoever_forgets_a_file_of_a_setting_is_told_which(
    workshop: Workshop, forgotten: str
) -> None:
    setting(workshop)
    workshop.restore(forgotten)

    done = workshop.run("nox -s render")

    assert done.returncode != 0
    assert "uploads.old_versions_days" in done.stderr
    assert any(place in done.stderr for place in (forgotten, f"in {forgotten.split('/')[0]}/"))
