"""Every rule against its cases, through the engine that the pipeline uses."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from pipeline.policy import catalogue, page, rulebook
from tests.rules import engine
from tests.rules.cases import ROOT, RULES, Case, cases

BY_FILE = {
    file: [case for case in cases() if case.file == file] for file in {c.file for c in cases()}
}


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, str, str], str]:
    """(file, case, rule) -> status, each file judged on all of its cases."""
    texts = {file.name: file.text for file in rulebook.read_all(RULES)}
    templates = {f"{case.file}: {case.name}": json.dumps(case.input) for case in cases()}
    jobs = [(case.file, f"{case.file}: {case.name}") for case in cases()]
    return {
        (case.file, case.name, rule): status
        for case, answer in zip(cases(), engine.ask(texts, templates, jobs), strict=True)
        for rule, status in answer
    }


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.file}: {case.name}")
def test_a_case_ends_as_it_says(case: Case, verdicts: dict[tuple[str, str, str], str]) -> None:
    said = {rule: verdicts.get((case.file, case.name, rule)) for rule in case.expected}

    assert said == case.expected


def test_no_two_cases_of_a_file_have_the_same_name() -> None:
    counted = Counter((case.file, case.name) for case in cases())

    assert [name for name, times in counted.items() if times > 1] == []


def test_each_rule_has_a_case_that_passes_one_that_fails_and_one_that_skips() -> None:
    rulebook.demand_cases(rulebook.read_all(RULES), RULES)

    seen = {(rule, status) for case in cases() for rule, status in case.expected.items()}
    names = [rule.name for file in rulebook.read_all(RULES) for rule in file.rules]
    missing = [(n, s) for n in names for s in rulebook.OUTCOMES if (n, s) not in seen]
    assert missing == []


def test_each_test_file_belongs_to_a_rules_file() -> None:
    assert set(BY_FILE) == {file.name for file in rulebook.read_all(RULES)}


@pytest.mark.parametrize("rule", catalogue.rules(ROOT), ids=lambda rule: rule.name)
def test_a_rule_says_what_it_protects_and_who_asks_for_it(rule: rulebook.Rule) -> None:
    *protects, source = rule.comment.splitlines()

    assert protects
    assert source.startswith(("docs/", "https://", "rules/"))
    for cited in re.findall(r"(?<!/)\b(?:docs|rules)/[\w./-]+\.md", rule.comment):
        assert (ROOT / cited).is_file()


def test_each_message_says_how_to_mend_it() -> None:
    texts = [text for path in RULES.glob("*/*.guard") for text in _messages(path)]

    assert texts
    assert [text for text in texts if not re.search(r"\.\s+Mend: \S.*\.$", text.strip())] == []


def _messages(path: Path) -> list[str]:
    return re.findall(r"<<(.*?)>>", path.read_text(encoding="utf-8"), re.DOTALL)


def test_each_clause_has_a_message_of_its_own() -> None:
    """A message after a block belongs to the block's last clause, and one clause has only one."""
    for path in RULES.glob("*/*.guard"):
        text = re.sub(r"<<.*?>>", "<<>>", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"^\s*\}\s*<<>>", text, re.MULTILINE) == []
        assert re.findall(r">>\s*<<", text) == []


def test_the_policy_page_is_current() -> None:
    written = (ROOT / page.FILE).read_text(encoding="utf-8")

    assert written == page.text(ROOT), "run `nox -s refresh`"
