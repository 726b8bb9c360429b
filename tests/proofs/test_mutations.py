"""No change of a template that matters goes unnoticed, and each is noticed by the right rules."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.environment import settings
from pipeline.policy import crosschecks, judging, unprotected
from pipeline.render import Rendered, render_all
from tests.rules.cases import ROOT, RULES
from tests.rules.mutations import (
    DAY,
    GOLDEN,
    Noticed,
    Rules,
    added,
    deletions,
    mutants,
    record,
    sweep,
)

NAMES = settings.names(ROOT)
RECORD = GOLDEN.relative_to(ROOT).as_posix()
REASONS = "rules/unprotected.yaml"
REWRITE = "Run `python -m tests.rules.mutations` and review what it changes in that file."
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
    tiers = {one.name: one.settings.tier for one in rendered}

    now = record(noticed, tiers).splitlines()

    was = GOLDEN.read_text(encoding="utf-8").splitlines()
    added, gone = sorted(set(now) - set(was)), sorted(set(was) - set(now))
    assert (added, gone) == ([], []), (
        f"{RECORD} lacks {len(added)} lines and has {len(gone)} too many. {REWRITE}"
    )


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

    assert open_leaves == [], (
        "No rule notices these changes (environment, leaf, changes). Add a clause to a rule, or"
        f" the leaf with the reason to `leaves` in {REASONS}."
    )
    idle = [(at, one.reason) for one in entries for at in one.at if (at, one.reason) not in used]
    assert idle == [], (
        f"Rules notice these leaves now, or they are gone: remove them from `leaves` in {REASONS}."
    )


def test_each_addition_is_noticed_or_has_a_reason_and_each_reason_is_needed(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    entries = unprotected.read(ROOT).additions
    unnoticed = [
        mutant
        for one in rendered
        for mutant in added(one.value)
        if not noticed[one.name][mutant.path, mutant.kind]
    ]

    reasons = [[at for e in entries if (at := e.covering(mutant.pointer))] for mutant in unnoticed]

    missing = {
        f"{one.kind} {one.path}" for one, why in zip(unnoticed, reasons, strict=True) if not why
    }
    assert missing == set(), (
        "No rule notices what is added here. Take it out of rules/application/allowed.yaml, forbid"
        f" it in a rule, or add it with the reason to `additions` in {REASONS}."
    )
    used = {at for why in reasons for at in why}
    idle = [at for entry in entries for at in entry.at if at not in used]
    assert idle == [], (
        f"Rules notice these additions now, or nothing is added there: remove them from"
        f" `additions` in {REASONS}."
    )


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

    missing = [one.path for one, why in zip(unnoticed, reasons, strict=True) if not why]
    assert missing == [], (
        "No rule misses these resources when they are deleted. Demand them in"
        " rules/application/core.guard, or"
        f" add them with the reason to `deletions` in {REASONS}."
    )
    used = {why[0] for why in reasons}
    idle = [at for entry in entries for at in entry.at if at not in used]
    assert idle == [], (
        f"Rules miss these resources now, or they are gone: remove them from `deletions` in"
        f" {REASONS}."
    )


def test_a_rule_by_itself_on_a_part_says_what_all_rules_say_of_the_whole(
    rendered: Sequence[Rendered], noticed: Noticed
) -> None:
    for one in rendered:
        sample = [*mutants(one.value), *added(one.value)][::EVERY_NTH]
        templates = {mutant.path + mutant.kind: mutant.template for mutant in sample}
        required = Rules().required[one.settings.tier]

        verdicts = [*judging.verdicts(templates, RULES).verdicts]
        for name, template in templates.items():
            verdicts += crosschecks.judge(name, template, DAY, one.settings.foreign())

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
