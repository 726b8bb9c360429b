"""Every rule against its cases, through the engine that the pipeline uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
import yaml

from pipeline.policy import allowed_guard, judging, rulebook
from tests.conftest import ROOT

RULES = ROOT / "rules"


class Case(NamedTuple):
    """A template, and what each of some rules of a file has to say of it."""

    file: rulebook.RulesFile
    name: str
    template: dict[str, Any]
    expected: dict[str, str]


def cases() -> Iterator[Case]:
    for file in rulebook.read_all(RULES):
        text = (RULES / rulebook.tests_of(file.name)).read_text(encoding="utf-8")
        for case in yaml.safe_load(text):
            yield Case(file, case["name"], case["input"], case["expectations"]["rules"])


CASES = [case for case in cases() if case.file.name.startswith("application/")]


@cache
def verdicts(file: rulebook.RulesFile) -> dict[tuple[str, str], str]:
    """(case, rule) -> status, a file judged once on all of its cases."""
    templates = {case.name: case.template for case in CASES if case.file == file}
    judgement = judging.judge(templates, [file])
    return {(one.template, one.rule): one.status for one in judgement.verdicts}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.name}: {case.name}")
def test_a_case_ends_as_it_says(case: Case) -> None:
    said = {rule: verdicts(case.file)[case.name, rule] for rule in case.expected}

    assert said == case.expected


def test_the_rules_are_those_of_the_list_of_allowed_properties() -> None:
    written = {path: path.read_bytes() for path in allowed_guard.contents(ROOT)}

    assert written == allowed_guard.contents(ROOT), "run `nox -s refresh`"


def test_each_rule_has_a_case_that_passes_one_that_fails_and_one_that_skips() -> None:
    rulebook.demand_cases(rulebook.read_all(RULES), RULES)
