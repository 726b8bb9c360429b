"""The engine's short answer, which most rounds get, says what its whole one does."""

from __future__ import annotations

import json

import pytest
from cfn_guard_rs.cfn_guard_rs import run_checks_rs

from pipeline.policy import rulebook
from pipeline.policy.engine import verdicts, without_failure
from tests.conftest import ROOT
from tests.rules.cases import cases

TEXTS = {file.name: file.text for file in rulebook.read_all(ROOT / "rules")}


@pytest.mark.parametrize("file", TEXTS)
def test_a_short_answer_agrees_with_the_whole_one(file: str) -> None:
    compared = 0
    for template in [json.dumps(case.input) for case in cases() if case.file == file]:
        whole = verdicts(json.loads(run_checks_rs(template, TEXTS[file], verbose=True)))
        short = without_failure(run_checks_rs(template, TEXTS[file], verbose=False), TEXTS[file])

        fails = any(status == "FAIL" for _, status, _ in whole)
        assert short == (None if fails else whole)
        compared += not fails

    assert compared
