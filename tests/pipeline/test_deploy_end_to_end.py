"""The whole way with the real templates, rules and handlers, onto the endpoint of this machine."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from localcloud import aws as local
from pipeline import checks, events, package
from pipeline.__main__ import main
from tests.pipeline import scripted_aws

STACK = "qr-upload-dev"


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A second way to the endpoint, to read back with; its account is empty."""
    scripted_aws.empty(endpoint)
    for name, value in local.environment(endpoint).items():
        monkeypatch.setenv(name, value)
    return Session(region_name="us-east-1")


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lint and guard have found nothing: the first test proves it."""
    monkeypatch.setattr(checks, "run", lambda *_: [])
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)


def running(aws: Session) -> dict[str, Any]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return dict(stack)


def held(aws: Session) -> set[str]:
    """The hashes of the code that the functions run."""
    functions = aws.client("lambda").list_functions()["Functions"]
    return {base64.b64decode(one["CodeSha256"]).hex() for one in functions}


def test_an_environment_file_becomes_a_running_stack(aws: Session, project: Path) -> None:
    code = main(["deploy", "dev"], project)

    assert code == 0
    assert running(aws)["StackStatus"] == "CREATE_COMPLETE"
    resources = aws.client("cloudformation").describe_stack_resources(StackName=STACK)
    wanted = json.loads((project / "build/dev/template.json").read_text())["Resources"]
    made = {one["LogicalResourceId"]: one for one in resources["StackResources"]}
    assert made.keys() == wanted.keys()
    assert all(one["PhysicalResourceId"] for one in made.values())


def test_the_functions_hold_the_code_that_was_built(
    aws: Session, project: Path, judged: None
) -> None:
    main(["deploy", "dev"], project)

    for artifact in package.package(project):
        assert (project / "build/dev" / artifact.name).read_bytes() == artifact.data
        assert artifact.sha256 in held(aws)


def test_the_same_again_changes_nothing(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["deploy", "dev"], project)
    before = running(aws)

    code = main(["deploy", "dev"], project)

    assert code == 0
    assert running(aws) == before
    assert "Nothing to change" in capsys.readouterr().err


def test_a_plan_names_the_setting_that_changes_a_resource(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["deploy", "dev"], project)
    file = project / "environments" / "dev.yaml"
    text = file.read_text()
    file.write_text(text.replace("keep_days: 7 ", "keep_days: 14 "))
    line = 1 + text[: text.index("keep_days: 7 ")].count("\n")
    capsys.readouterr()

    code = main(["plan", "dev"], project)

    shown = capsys.readouterr().out
    assert code == 0
    assert "RetentionInDays 7 → 14" in shown
    assert f"(value from environments/dev.yaml:{line})" in shown
    assert "ROLLBACK" not in running(aws)["StackStatus"]


def test_new_code_alone_updates_the_function_that_reaches_it(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["deploy", "dev"], project)
    entry = project / "handlers/http_api_handler/lambda_function.py"
    entry.write_text(entry.read_text() + "\n# changed\n")
    capsys.readouterr()

    main(["deploy", "dev"], project)

    assert "1 to modify\n" in capsys.readouterr().out
    assert {artifact.sha256 for artifact in package.package(project)} == held(aws)


def test_a_failed_deployment_names_the_template_line_and_the_way_out(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.client("sqs").create_queue(QueueName="qr-upload-failures-stage")
    file = project / "environments" / "dev.yaml"
    file.rename(project / "environments" / "stage.yaml")

    code = main(["deploy", "stage"], project)

    shown = capsys.readouterr().err
    part = "templates/parts/websocket_event_function.yaml.j2"
    line = (project / part).read_text().splitlines().index("  FailureQueue:") + 1
    assert code == 1
    assert f"{part}:{line}: FailureQueue (AWS::SQS::Queue) CREATE_FAILED" in shown
    assert "aws cloudformation delete-stack --stack-name qr-upload-stage" in shown


def test_a_protected_environment_keeps_its_table(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "environments" / "prod.yaml"
    file.write_text(file.read_text().replace("account: null", f"account: '{local.ACCOUNT}'"))
    first = main(["deploy", "prod", "--confirm", "prod"], project)
    for path in (project / "templates").rglob("*.j2"):
        path.write_text(path.read_text().replace("SessionsTable", "VisitsTable"))

    second = main(["deploy", "prod", "--confirm", "prod"], project)

    stacks = aws.client("cloudformation").describe_stacks(StackName="qr-upload-prod")["Stacks"]
    assert first == 0
    assert stacks[0]["EnableTerminationProtection"] is True
    assert second == 3
    assert "SessionsTable (AWS::DynamoDB::Table) would be removed" in capsys.readouterr().err
