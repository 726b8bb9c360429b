"""The official cfn-guard says what our engine says, case by case and rule by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.deploying import change_rules
from pipeline.environment import settings
from pipeline.policy import judging, rulebook
from pipeline.policy.rulebook import RulesFile
from pipeline.render import render_all
from tests.rules import cli
from tests.rules.cases import ROOT, RULES, cases

FILES = rulebook.read_all(RULES)


@pytest.mark.parametrize("folder", [RULES, ROOT / change_rules.FOLDER], ids=lambda path: path.name)
def test_the_official_program_passes_every_case(folder: Path) -> None:
    done = cli.run("test", "-d", str(folder))

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_both_engines_say_the_same_of_every_case(file: RulesFile) -> None:
    mine = [case for case in cases() if case.file == file.name]
    theirs = cli.validate([file.text], [json.dumps(case.input) for case in mine])

    ours = judging.judge({case.name: case.input for case in mine}, [file])

    said = {(one.template, one.rule): one.status for one in ours.verdicts}
    assert said == {
        (case.name, rule): status
        for case, statuses in zip(mine, theirs, strict=True)
        for rule, status in statuses.items()
    }


@pytest.mark.parametrize("name", settings.names(ROOT))
def test_both_engines_say_the_same_of_an_environment(name: str) -> None:
    (rendered,) = render_all([name], ROOT)
    (theirs,) = cli.validate([file.text for file in FILES], [json.dumps(rendered.value)])

    ours = judging.verdicts({name: rendered.value}, RULES)

    assert {one.rule: one.status for one in ours.verdicts} == theirs
