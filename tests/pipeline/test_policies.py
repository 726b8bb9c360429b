"""The rules of change sets: the deployer asks them, and they have cases like all others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.deploying import change_rules
from pipeline.deploying.changeset import Change
from pipeline.deploying.deployment import Deployment
from pipeline.errors import Refused, UserError
from pipeline.policy import judging, rulebook
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ROOT, Aws, deployment

FOLDER = ROOT / change_rules.FOLDER
FILES = rulebook.read(FOLDER)
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "tests/production_tests.yaml").read_text())
GOES = Change("Remove", "Hello", "AWS::CloudWatch::Alarm", "")
WAIVER = """\
waivers:
  - rule: PRODUCTION_ALARMS_STAY
    resource: Hello
    environment: dev
    reason: Another alarm watches the same.
    expires: "{expires}"
"""


def in_production(aws: Aws, root: Path = ROOT) -> Deployment:
    return deployment(aws, scripted_aws.loaded(tier="production"), root=root)


@pytest.fixture(scope="module")
def judgement() -> judging.Judgement:
    """All cases, judged at once."""
    return judging.judge({case["name"]: case["input"] for case in CASES}, FILES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_case_ends_as_it_says(case: dict[str, Any], judgement: judging.Judgement) -> None:
    said = {one.rule: one.status for one in judgement.verdicts if one.template == case["name"]}

    assert said == case["expectations"]["rules"]


def test_a_forbidden_change_names_the_rule_the_resource_and_its_line(scripted: Aws) -> None:
    with pytest.raises(Refused, match="forbid this change") as caught:
        change_rules.check(
            in_production(scripted), [Change("Add", "Role", "AWS::IAM::Role", ""), GOES]
        )

    assert "PRODUCTION_ALARMS_STAY: Hello: An alarm would go." in caught.value.mend
    assert caught.value.where == "templates/main.yaml.j2:24"


def test_development_does_as_it_likes(scripted: Aws) -> None:
    change_rules.check(deployment(scripted), [GOES])


def test_an_exception_is_a_waiver_until_its_day(
    scripted: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / change_rules.FOLDER / "waivers.yaml"
    file.write_text(WAIVER.format(expires="2026-06-30"))

    change_rules.check(in_production(scripted, project), [GOES], lambda: date(2026, 6, 30))

    assert "is waived for Hello: Another alarm" in capsys.readouterr().err
    with pytest.raises(Refused):
        change_rules.check(in_production(scripted, project), [GOES], lambda: date(2026, 7, 1))


def test_without_rules_nothing_is_deployed(scripted: Aws, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no rule here"):
        change_rules.check(in_production(scripted, tmp_path), [GOES])


def test_a_rule_that_can_not_be_read_stops_the_deployment(scripted: Aws, project: Path) -> None:
    file = project / change_rules.FOLDER / "production.guard"
    file.write_text(file.read_text().replace("Action != 'Remove'", "Action !!"))

    with pytest.raises(UserError, match="can't read the rule"):
        change_rules.check(in_production(scripted, project), [GOES])
