"""No change of a template that matters goes unnoticed, and each is noticed by the right rules."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.environment import settings
from pipeline.policy import crosschecks, guard, page, unprotected
from pipeline.render import Rendered, render_all
from tests.rules.cases import ROOT, RULES
from tests.rules.mutations import (
    DAY,
    GOLDEN,
    Noticed,
    Rules,
    deletions,
    mutants,
    record,
    siblings,
    sweep,
)
from tests.rules.siblings import BAD

NAMES = settings.names(ROOT)
EVERY_NTH = 600  # of the mutants, which the whole rules judge as well: 0.5 s each


@pytest.fixture(scope="module")
def rendered() -> list[Rendered]:
    return render_all(NAMES, ROOT)


@pytest.fixture(scope="module")
def noticed(rendered: Sequence[Rendered]) -> Noticed:
    """Every mutant of every environment, and the rules that notice it."""
    return sweep(rendered)


def test_each_change_is_noticed_by_exactly_the_rules_that_are_written_down(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    now = record(rendered, noticed).splitlines()

    was = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert sorted(set(now) - set(was)) == [], "run `python -m tests.rules.mutations` and review"
    assert sorted(set(was) - set(now)) == [], "run `python -m tests.rules.mutations` and review"


def test_each_leaf_is_protected_or_has_a_reason_and_each_reason_is_needed(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    entries = unprotected.read(ROOT).leaves
    used: set[tuple[str, str]] = set()
    open_leaves = []
    for one in rendered:
        kinds: dict[tuple[str | int, ...], dict[str, bool]] = {}
        for mutant in mutants(one.value):
            seen = bool(noticed[one.name][mutant.path, mutant.kind])
            kinds.setdefault(mutant.pointer, {})[mutant.kind] = seen
        for pointer, found in kinds.items():
            survives = [kind for kind in found if not found[kind]]
            reasons = [
                (pattern, entry.reason)
                for entry in entries
                if (pattern := entry.covering(pointer))
                and [kind for kind in entry.survives if kind in found] == survives
            ]
            if survives and not reasons:
                open_leaves.append((one.name, ".".join(map(str, pointer)), survives))
            used |= set(reasons[:1] if survives else ())

    assert open_leaves == []
    assert [
        (at, one.reason) for one in entries for at in one.at if (at, one.reason) not in used
    ] == []


def test_each_resource_is_missed_or_has_a_reason_and_each_reason_is_needed(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    entries = unprotected.read(ROOT).deletions
    unnoticed = [
        mutant
        for one in rendered
        for mutant in deletions(one.value)
        if not noticed[one.name][mutant.path, mutant.kind]
    ]

    reasons = [[at for e in entries if (at := e.covering(mutant.pointer))] for mutant in unnoticed]

    assert [one.path for one, why in zip(unnoticed, reasons, strict=True) if not why] == []
    used = {why[0] for why in reasons}
    assert [at for entry in entries for at in entry.at if at not in used] == []


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_sibling_is_noticed_by_exactly_its_rules(
    rendered: Sequence[Rendered], noticed: Noticed, kind: str
) -> None:
    _, expected = BAD[kind]
    production = next(one for one in rendered if one.settings.tier == "production")
    mutant = next(
        one for one in siblings(production.value) if one.path.endswith(kind.replace("::", ""))
    )

    found = noticed[production.name][mutant.path, mutant.kind]

    assert found == ([] if isinstance(expected, str) else sorted(expected))


def test_each_type_of_the_templates_has_a_bad_sibling(rendered: Sequence[Rendered]) -> None:
    types = {resource["Type"] for one in rendered for resource in one.value["Resources"].values()}

    assert types <= BAD.keys()


def test_each_rule_notices_some_change(noticed: Noticed) -> None:
    alive = {rule for found in noticed.values() for rules in found.values() for rule in rules}

    idle = {rule.name for rule in page.rules(ROOT)} - alive
    assert idle == {"TEMPLATE_DECIDES_NOTHING_LATER"}  # its cases add what no mutant has


def test_a_rule_by_itself_on_a_part_says_what_all_rules_say_of_the_whole(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    for one in rendered:
        sample = [*mutants(one.value)][::EVERY_NTH]
        templates = {mutant.path + mutant.kind: mutant.template for mutant in sample}
        required = Rules().required[one.settings.tier]

        verdicts = [*guard.verdicts(templates, RULES).verdicts]
        for name, template in templates.items():
            verdicts += crosschecks.judge(name, template, ROOT, DAY)

        for mutant in sample:
            said = sorted(
                verdict.rule
                for verdict in verdicts
                if verdict.template == mutant.path + mutant.kind
                and (
                    verdict.status == "FAIL"
                    or (verdict.status == "SKIP" and verdict.rule in required)
                )
            )
            assert noticed[one.name][mutant.path, mutant.kind] == said, mutant.path
