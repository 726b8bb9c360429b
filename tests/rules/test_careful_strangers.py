"""The general rules have no false alarm: what careful people write for other stacks has no finding.

Each file of careful/ is a template as platform engineers publish them, with what AWS's own pages
advise. A rule that finds something there is wrong, or the template is: both are mended, with a
case beside the rule.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from pipeline.findings import Level
from pipeline.iam import service_reference
from pipeline.policy import foreign, guard
from tests.rules.cases import ROOT, RULES

CAREFUL = sorted(Path(__file__).with_name("careful").glob("*.yaml"))
DAY = date(2026, 11, 22)
# Calls that AWS's own pages grant on '*', though some could name something.
# What no careful template has: a tier, FILL in an alarm, a bucket that calls a function.
FOR_OTHERS = {
    "FILLED_ALARMS_WAIT_FOR_LATE_POINTS",
    "S3_PERMISSIONS_NAME_THEIR_ACCOUNT",
    "PRODUCTION_TABLES_ARE_PROTECTED",
    "PRODUCTION_TABLES_ARE_RETAINED",
    "PRODUCTION_TABLES_CAN_BE_RESTORED",
}
BY_THE_PAGES = re.compile(r"(ec2|logs):|xray:GetSampling|cloudwatch:")


@pytest.mark.parametrize("path", CAREFUL, ids=lambda path: path.stem)
def test_what_a_careful_stranger_writes_has_no_finding(path: Path) -> None:
    template = foreign.read(path, path.name)

    findings = guard.guard_outside(template, ROOT, clock=lambda: DAY)

    assert [str(one) for one in findings if one.level is not Level.INFO] == []


def test_nearly_every_general_rule_finds_something_to_judge_there() -> None:
    silent = []
    for path in CAREFUL:
        template = foreign.read(path, path.name)
        (told,) = (
            one
            for one in guard.guard_outside(template, ROOT, clock=lambda: DAY)
            if one.rule == "NOTHING_TO_JUDGE"
        )
        silent.append(set(re.findall(r"[A-Z0-9_]{5,}", told.message)))

    assert set.intersection(*silent) == FOR_OTHERS


def test_what_may_be_granted_on_everything_can_not_be_granted_on_less() -> None:
    text = (RULES / "general/iam.guard").read_text(encoding="utf-8")
    listed = re.search(r"let without_resources = \[(.*?)\n\]", text, re.DOTALL)
    assert listed
    actions = re.findall(r"'([a-z0-9-]+:\w+)'", listed[1])

    known = [one for one in actions if one.partition(":")[0] in service_reference.services()]
    assert len(known) > 15
    assert [one for one in known if not service_reference.is_known(one)] == []
    limited = [one for one in known if service_reference.resource_types(one)]
    assert [one for one in limited if not BY_THE_PAGES.match(one)] == []
