"""The record of which rule notices which change, as far as it is judged without a sweep.

tests/proofs/test_mutations.py makes the record anew and compares.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.environment import settings
from pipeline.policy import catalogue
from pipeline.render import Rendered, render_all
from tests.rules.cases import ROOT
from tests.rules.mutations import (
    GOLDEN,
    record,
    sibling_name,
)
from tests.rules.siblings import BAD, UNNOTICED

NAMES = settings.names(ROOT)
RECORD = GOLDEN.relative_to(ROOT).as_posix()
SIBLINGS = "tests/rules/siblings.py"
REWRITE = "Run `python -m tests.rules.mutations` and review what it changes in that file."
# The rules that notice no mutant, and why that is right.
IDLE = {"TEMPLATE_DECIDES_NOTHING_LATER": "Its cases add what no mutant has."}


@pytest.fixture(scope="module")
def rendered() -> list[Rendered]:
    return render_all(NAMES, ROOT)


def test_the_record_names_each_rule_and_no_other() -> None:
    """Nobody who adds a rule has to wait for the sweep to be told that."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()

    named = {rule for line in lines for rule in line.partition(": ")[2].split()}

    places = {rule.name: rule.place for rule in catalogue.rules(ROOT)}
    absent = [f"{places[name]} {name}" for name in sorted(places.keys() - named - IDLE.keys())]
    assert absent == [], (
        f"{RECORD} has no line of these rules. {REWRITE} A rule that is absent even then notices no"
        f" change of a template: make a resource in {SIBLINGS} break it, or add it with the reason"
        " to IDLE in tests/rules/test_mutations.py."
    )
    assert sorted(named - places.keys()) == [], f"{RECORD} names rules that are gone. {REWRITE}"
    assert sorted(IDLE.keys() & named) == [], (
        f"{RECORD} names these rules: remove them from IDLE in tests/rules/test_mutations.py."
    )


def test_each_type_of_the_templates_has_a_bad_sibling(rendered: Sequence[Rendered]) -> None:
    types = {resource["Type"] for one in rendered for resource in one.value["Resources"].values()}

    assert sorted(types - BAD.keys()) == [], (
        f"{SIBLINGS} has no bad resource of these types. Add the properties that one should never"
        f" have to BAD there. {REWRITE}"
    )


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_sibling_is_noticed_or_has_a_reason(kind: str) -> None:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()

    noticed = any(line.startswith(f"Resources.{sibling_name(kind)} ") for line in lines)

    assert noticed or kind in UNNOTICED, (
        f"{RECORD}: no rule notices the bad {kind}. {REWRITE} If none does even then, write"
        f" properties that a rule forbids into BAD in {SIBLINGS}, or the reason into UNNOTICED."
    )
    assert not (noticed and kind in UNNOTICED), (
        f"{RECORD}: a rule notices the bad {kind}. Remove it from UNNOTICED in {SIBLINGS}."
    )


def test_another_environment_of_a_tier_adds_only_the_lines_in_which_it_differs() -> None:
    answers = {("A", "flip"): ["X"], ("A", "remove"): ["X"]}
    others = {("A", "flip"): ["X", "Y"], ("A", "remove"): ["X"], ("B", "empty"): ["Y"]}
    tiers = {"prod": "production", "acceptance": "production"}

    alone = record({"prod": answers}, tiers)
    alike = record({"acceptance": answers, "prod": answers}, tiers)
    apart = record({"prod": answers, "acceptance": others}, tiers)

    assert alike == alone == "A [production] flip,remove: X\n"
    assert apart == alone + "A [production] flip: X Y\nB [production] empty: Y\n"
