"""doctor: what is missing, by name, on a machine and in an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.connecting import clients
from pipeline.connecting.aws_errors import PERMISSIONS
from pipeline.deploying.consent import Consent
from pipeline.deploying.target import Identity, Target
from pipeline.rights import permissions, simulating
from pipeline.rights.policies import Grant
from pipeline.stations import deploy, destroy, doctor
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, Aws, Refusal, deployment

STATION = {"plan": ("cloudformation:DescribeStacks", "s3:ListBucket")}


@pytest.fixture
def aws(scripted: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An account whose policies allow everything."""
    scripted.says(
        "GetCallerIdentity", {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}
    )
    scripted.says("SimulatePrincipalPolicy", lambda sent: verdicts(sent["ActionNames"]))
    monkeypatch.setattr(clients, "connect", lambda _: scripted.clients)
    return scripted


def verdicts(actions: list[str], denied: str = "") -> dict[str, Any]:
    return {
        "EvaluationResults": [
            {
                "EvalActionName": one,
                "EvalDecision": "implicitDeny" if one == denied else "allowed",
            }
            for one in actions
        ]
    }


def said(answers: Any) -> str:
    return "\n".join(line for answer in answers for line in doctor.lines(answer))


def test_a_machine_without_anything_is_told_what_each_session_needs() -> None:
    text = said(doctor.of_machine(lambda _: None, lambda _: None))

    assert "no  Chromium" in text
    assert "for e2e: Debian: `apt-get install chromium`" in text
    assert "no  npm" in text
    assert "for browsers: Debian: `apt-get install firefox-esr`" in text
    assert "for browsers: Debian: `apt-get install webkit2gtk-driver xvfb`" in text


def test_a_machine_with_everything_is_told_where_it_is() -> None:
    answers = list(
        doctor.of_machine(lambda name: f"/bin/{name}", lambda _: object(), lambda _: "aws-cli/2.9")
    )

    assert not [one for one in answers if one.is_missing]
    assert "/bin/chromium" in said(answers)
    assert "/bin/firefox-esr" in said(answers)
    assert "/bin/WebKitWebDriver" in said(answers)


def test_what_only_a_part_of_the_pattern_needs_is_asked_where_that_part_is(tmp_path: Path) -> None:
    def things() -> set[str]:
        return {one.thing for one in doctor._all(None, tmp_path)}

    before = things()
    (tmp_path / "tests/browsers").mkdir(parents=True)

    assert before == {"Python", "the locked packages", "uv", "an AWS account"}
    assert things() - before == {"Firefox", "WebKitGTK and a screen"}


def test_version_one_of_the_aws_command_line_is_not_what_is_needed() -> None:
    text = said(
        doctor.of_machine(lambda name: f"/bin/{name}", lambda _: None, lambda _: "aws-cli/1")
    )

    assert "--  the aws command line" in text
    assert "version 2" in text


def test_an_account_that_may_do_everything_lacks_nothing(
    aws: Aws, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = list(doctor.of_environment("dev", project))

    assert not [one for one in answers if one.is_missing]
    assert f"ok  an AWS account           {ACCOUNT}" in said(answers)
    assert set(aws.operations) == {"GetCallerIdentity", "SimulatePrincipalPolicy"}


def test_a_missing_permission_is_named_with_the_sessions_that_need_it(
    aws: Aws, project: Path
) -> None:
    aws.says(
        "SimulatePrincipalPolicy",
        lambda sent: verdicts(sent["ActionNames"], "cloudformation:ExecuteChangeSet"),
    )

    text = said(doctor.of_environment("dev", project))

    assert "no  permissions of deploy" in text
    assert "for deploy: ask for cloudformation:ExecuteChangeSet" in text
    assert "ok  permissions of plan" in text


def test_what_cloudformation_may_need_for_a_type_is_a_hint(aws: Aws, project: Path) -> None:
    aws.says(
        "SimulatePrincipalPolicy",
        lambda sent: verdicts(sent["ActionNames"], "dynamodb:CreateTable"),
    )

    text = said(doctor.of_environment("dev", project))

    assert "--  AWS::DynamoDB::Table" in text
    assert "CloudFormation may need dynamodb:CreateTable" in text


def test_where_iam_may_not_be_asked_that_is_said(aws: Aws, project: Path) -> None:
    aws.says("SimulatePrincipalPolicy", Refusal("AccessDenied", "User: x", 403))

    text = said(doctor.of_environment("dev", project))

    assert "??  permissions" in text
    assert "iam:SimulatePrincipalPolicy" in text


def test_nothing_is_promised_of_what_could_not_be_asked() -> None:
    assert doctor.verdict(0, []) == "Nothing is missing."
    assert doctor.verdict(0, ["permissions"]) == (
        "Nothing that could be asked for is missing. Not known: permissions."
    )
    assert doctor.verdict(2, ["permissions"]) == "2 missing. Not known: permissions."


def test_the_wrong_account_or_none_ends_it(aws: Aws, project: Path) -> None:
    aws.says("GetCallerIdentity", Refusal("ExpiredToken", status=403))

    *_, last = doctor.of_environment("dev", project)

    assert last.is_missing
    assert "credentials have expired" in last.mend


def test_a_protected_environment_without_its_account_is_told_so(project: Path) -> None:
    *_, last = doctor.of_environment("prod", project)

    assert last.is_missing
    assert "which account" in last.mend


def test_a_session_of_a_role_is_asked_about_as_its_role(aws: Aws) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/deep/path/Deployer"
    known = {"Path": "/", "RoleName": "Deployer", "RoleId": "AROAEXAMPLEEXAMPLE", "Arn": role}
    aws.says("GetRole", {"Role": {**known, "CreateDate": 0}})
    session = Identity(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/me")
    target = Target(scripted_aws.loaded().settings, aws.clients, session)

    simulating.lacking(target, [Grant("s3:GetObject", ("arn:aws:s3:::box/*",))])

    sent = aws.sent("SimulatePrincipalPolicy")
    assert sent["PolicySourceArn"] == role
    assert sent["ResourceArns"] == ["arn:aws:s3:::box/*"]


def test_what_the_stations_call_is_what_the_doctor_asks_about(account: Aws) -> None:
    deploy.bring_up_to_date(deployment(account, scripted_aws.protected()), Consent("dev"))
    deploy.bring_up_to_date(deployment(account), Consent())
    deployed = {PERMISSIONS.get(one, f"cloudformation:{one}") for one in account.operations}
    account.reset()
    destroy.take_down(deployment(account).target, "dev", deployment_bucket=True)
    destroyed = {PERMISSIONS.get(one, f"cloudformation:{one}") for one in account.operations}

    assert deployed - set(permissions.STATIONS["deploy"]) == set()
    assert destroyed - set(permissions.STATIONS["destroy"]) == set()
