"""What is decided on other people's tools' remarks; the tools themselves run in `nox -s audit`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.audit import tools, waivers
from pipeline.audit.__main__ import counts, finding
from pipeline.audit.tools import Remark
from pipeline.audit.waivers import Waiver
from pipeline.errors import UserError
from pipeline.findings import Level
from pipeline.render import Rendered, render_all
from tests.rules import cli

REMARK = Remark("checkov", "CKV_1", "Bucket", "dev", "Ensure something", ("Resources", "Bucket"))
WAIVER = Waiver("checkov", "CKV_1", ("Bucket",), ("development", "production"), "because", 7)
TIERS = {"dev": "development", "prod": "production"}


@pytest.fixture(scope="module")
def rendered(root: Path) -> list[Rendered]:
    return render_all(["dev", "prod"], root)


def judged(*remarks: Remark, only: list[Waiver] | None = None) -> list[tuple[str, str]]:
    decided = [WAIVER] if only is None else only
    said = waivers.judged(remarks, decided, TIERS)
    return [(type(subject).__name__, what) for subject, what in said]


def test_a_remark_that_nobody_decided_on_has_no_reason() -> None:
    assert judged(REMARK, only=[]) == [("Remark", "")]


def test_a_waiver_gives_its_reason_and_every_part_of_it_has_to_be_needed() -> None:
    assert judged(REMARK) == [("Remark", "because"), ("Waiver", "Bucket in production")]
    assert judged() == [("Waiver", "Bucket in development"), ("Waiver", "Bucket in production")]


@pytest.mark.parametrize("field", ["tool", "rule", "subject"])
def test_a_waiver_is_for_one_tool_rule_and_subject(field: str) -> None:
    other = Remark(**{**vars(REMARK), field: "another"})

    assert ("Remark", "") in judged(other)


def test_a_part_for_a_tier_that_is_not_judged_may_rest() -> None:
    (judgement,) = waivers.judged([REMARK], [WAIVER], {"dev": "development"})

    assert judgement == (REMARK, "because")


def test_one_environment_of_a_tier_is_cause_enough_for_its_waiver() -> None:
    tiers = {"dev": "development", "staging": "development"}

    (judgement,) = waivers.judged([REMARK], [WAIVER], tiers)

    assert judgement == (REMARK, "because")


def test_a_remark_on_another_environment_of_the_tier_is_decided_on_too() -> None:
    remark = replace(REMARK, environment="staging")

    judgements = waivers.judged([REMARK, remark], [WAIVER], {**TIERS, "staging": "development"})

    assert list(judgements)[:2] == [(REMARK, "because"), (remark, "because")]


def test_a_finding_fails_unless_it_is_waived(rendered: list[Rendered]) -> None:
    open_, closed = (finding(REMARK, reason, rendered[0]) for reason in ("", "because"))

    assert (open_.level, closed.level) == (Level.ERROR, Level.INFO)
    assert closed.notes == ("Waived: because",)
    assert counts([open_, closed]) == "checkov 1 waived"
    assert waivers.unused(WAIVER, "Bucket in dev").place == (waivers.FILE, 7)


def test_every_committed_waiver_has_its_reason(root: Path) -> None:
    decided = waivers.read(root)

    assert len(decided) > 30
    assert all(len(one.reason) > 12 for one in decided)
    keys = [key for one in decided for key in one.remarks()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "text",
    [
        "waivers: {}\n",
        "other: []\n",
        "waivers: []\nmore: 1\n",
        "waivers: [x]\n",
        "waivers: [{tool: a, rule: b, subjects: [c], tiers: [d]}]\n",
        "waivers: [{tool: a, rule: b, subjects: [c], tiers: [d], reason: ' '}]\n",
        "waivers: [{tool: a, rule: b, subjects: c, tiers: [d], reason: e}]\n",
        "waivers: [{tool: a, rule: b, subjects: [], tiers: [d], reason: e}]\n",
        "waivers: [{tool: a, rule: b, subjects: [1], tiers: [d], reason: e}]\n",
    ],
)
def test_a_file_of_another_form_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / waivers.FILE).write_text(text)

    with pytest.raises(UserError, match=waivers.FILE):
        waivers.read(tmp_path)


def test_policies_are_written_out_as_iam_keeps_them(rendered: list[Rendered]) -> None:
    written = tools.written_out(rendered[1])["Resources"]

    (tls, _) = written["UploadBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    bucket = "arn:aws:s3:::qr-upload-uploads-prod-123456789012-us-east-1-an"
    assert tls["Resource"] == [bucket, f"{bucket}/*"]
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert "Fn::Sub" not in json.dumps(written["HttpApiPermission"])
    assert (
        written["UploadBucket"]["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
        is True
    )


def test_control_tower_s_remarks_are_those_that_were_decided_on(
    root: Path, rendered: list[Rendered]
) -> None:
    cli.binary()
    decided = {key for one in waivers.read(root) for key in one.remarks()}

    remarks = [remark for one in rendered for remark in tools.control_tower(one, root)]

    made = {(one.tool, one.rule, one.subject, TIERS[one.environment]) for one in remarks}
    assert made == {key for key in decided if key[0] == tools.CONTROL_TOWER}
    assert all(one.message.startswith("Require") for one in remarks)


def test_checkov_s_report_becomes_remarks(
    monkeypatch: pytest.MonkeyPatch, rendered: list[Rendered]
) -> None:
    failed = {"check_id": "CKV_1", "resource": "AWS::S3::Bucket.UploadBucket", "check_name": "n"}
    report = {"summary": {"passed": 1, "parsing_errors": 0}, "results": {"failed_checks": [failed]}}
    monkeypatch.setattr(tools, "_output", lambda command: json.dumps(report))

    (remark,) = tools.checkov(rendered[0])

    assert (remark.rule, remark.subject, remark.message) == ("CKV_1", "UploadBucket", "n")
    assert rendered[0].places(remark.pointer)[0]


def _nothing(_: list[str]) -> str:
    return json.dumps({"passed": 0, "failed": 0})


def _not_read(_: list[str]) -> str:
    summary = {"passed": 9, "parsing_errors": 1}
    return json.dumps({"summary": summary, "results": {"failed_checks": []}})


@pytest.mark.parametrize("output", [_nothing, _not_read])
def test_a_tool_that_judged_nothing_has_failed(
    monkeypatch: pytest.MonkeyPatch, rendered: list[Rendered], output: Callable[..., str]
) -> None:
    monkeypatch.setattr(tools, "_output", output)

    with pytest.raises(UserError, match="judged nothing"):
        list(tools.checkov(rendered[0]))


def test_a_tool_that_is_not_there_is_named(rendered: list[Rendered], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="checkov: it isn't installed"):
        list(tools.checkov(rendered[0]))
    with pytest.raises(UserError, match="official cfn-guard"):
        list(tools.control_tower(rendered[0], tmp_path))


def test_a_finding_of_parliament_on_several_actions_is_decided_on_one_by_one() -> None:
    detail = [{"action": "s3:GetObject"}, {"action": "s3:PutObject"}]
    found = SimpleNamespace(issue="RESOURCE_MISMATCH", detail=detail)

    assert tools._parliament_rules(found) == [
        "RESOURCE_MISMATCH s3:GetObject",
        "RESOURCE_MISMATCH s3:PutObject",
    ]
