"""The rules against every environment that there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline import verdict_cache
from pipeline.environment import settings
from pipeline.findings import Finding, Level
from pipeline.policy import catalogue, crosschecks, guard, judging, rulebook
from pipeline.render import Rendered, render_all
from tests.rules.cases import ROOT, RULES

NAMES = settings.names(ROOT)


@pytest.fixture(scope="module")
def rendered() -> list[Rendered]:
    """All environments of the repository."""
    return render_all(NAMES, ROOT)


@pytest.fixture(scope="module")
def findings(rendered: Sequence[Rendered]) -> list[Finding]:
    """What the station says of them today."""
    return guard.guard(rendered, ROOT)


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_keeps_every_rule(name: str, findings: list[Finding]) -> None:
    mine = [one for one in findings if one.environment == name and one.level is not Level.INFO]

    assert mine == []


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_is_required_passes(name: str, rendered: Sequence[Rendered]) -> None:
    one = next(one for one in rendered if one.settings.name == name)
    required = rulebook.required(RULES, catalogue.rules(ROOT)).tiers[one.settings.tier]

    judgement = judging.verdicts({name: one.value}, RULES)
    day = verdict_cache.today()
    verdicts = [*judgement.verdicts, *crosschecks.judge(name, one.value, day)]

    said = {verdict.rule: verdict.status for verdict in verdicts}
    assert {rule: said[rule] for rule in required} == dict.fromkeys(required, "PASS")


def _public(template: dict[str, Any]) -> None:
    block = template["Resources"]["UploadBucket"]["Properties"]["PublicAccessBlockConfiguration"]
    block["BlockPublicAcls"] = "true"


def test_a_finding_names_the_jinja_line(rendered: Sequence[Rendered], project: Path) -> None:
    _public(rendered[0].value)
    try:
        findings = guard.guard(rendered[:1], project)
    finally:
        block = "PublicAccessBlockConfiguration"
        rendered[0].value["Resources"]["UploadBucket"]["Properties"][block]["BlockPublicAcls"] = (
            True
        )

    first = next(one for one in findings if one.rule == "PRIVATE_BUCKETS_BLOCK_PUBLIC_ACCESS")
    assert first.logical_id == "UploadBucket"
    assert first.found == '"true"'
    assert first.place is not None
    line = (ROOT / first.place.file).read_text().splitlines()[first.place.line - 1]
    assert "BlockPublicAcls" in line
