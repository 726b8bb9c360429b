"""The whole way with the real templates, rules and handlers, onto the endpoint of this machine."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from localcloud import aws as local
from localcloud.keys import Endpoint
from pipeline import checks
from pipeline.__main__ import main
from pipeline.deploying import events
from pipeline.packaging import zips
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import PROJECT, STACK

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("environments", "templates", "rules", "handlers", "website")


@pytest.fixture
def aws(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A second way to the endpoint, to read back with."""
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    return Session(region_name="us-east-1")


@pytest.fixture(scope="module")
def deployed(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository whose development stack is the first thing in the account."""
    scripted_aws.empty(endpoint)
    root = tmp_path_factory.mktemp("deployed")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in endpoint.environment().items():
            patched.setenv(name, value)
        assert main(["deploy", "dev"], root) == 0
    return root


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lint and guard have found nothing: the first test proves it."""
    monkeypatch.setattr(checks, "judge", lambda *_: [])
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)


def running(aws: Session) -> dict[str, Any]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return dict(stack)


def held(aws: Session) -> set[str]:
    """The hashes of the code that the functions run."""
    functions = aws.client("lambda").list_functions()["Functions"]
    return {base64.b64decode(one["CodeSha256"]).hex() for one in functions}


def test_an_environment_file_becomes_a_running_stack(aws: Session, deployed: Path) -> None:
    wanted = json.loads((deployed / "build/dev/template.json").read_text())["Resources"]

    resources = aws.client("cloudformation").describe_stack_resources(StackName=STACK)

    made = {one["LogicalResourceId"]: one for one in resources["StackResources"]}
    assert running(aws)["StackStatus"] == "CREATE_COMPLETE"
    assert made.keys() == wanted.keys()
    assert all(one["PhysicalResourceId"] for one in made.values())


def test_the_functions_hold_the_code_that_was_built(aws: Session, deployed: Path) -> None:
    artifacts = zips.package(deployed)

    assert held(aws) == {artifact.sha256 for artifact in artifacts}
    for artifact in artifacts:
        assert (deployed / "build/dev" / artifact.name).read_bytes() == artifact.data


def test_the_website_is_published_with_the_stacks_own_addresses(
    aws: Session, deployed: Path
) -> None:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in running(aws)["Outputs"]}

    config = aws.client("s3").get_object(Bucket=outputs["WebsiteBucketName"], Key="config.json")

    assert json.loads(config["Body"].read())["httpApiUrl"] == outputs["HttpApiUrl"]


def test_drift_can_be_rehearsed_on_this_machine(
    aws: Session, deployed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = main(["drift", "dev"], deployed), capsys.readouterr()
    client, name = aws.client("lambda"), "qr-upload-http-api-dev"
    found = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": found | {"MAX_UPLOADS_PER_SESSION": "3"}}
    )

    after = main(["drift", "dev"], deployed), capsys.readouterr()

    client.update_function_configuration(FunctionName=name, Environment={"Variables": found})
    assert (before[0], after[0]) == (0, 1)
    assert "not compared: FailureQueuePolicy" in before[1].err  # AWS reads none either
    assert "resources are as deployed." in before[1].err
    said = after[1].out + after[1].err
    assert "HttpApiLambda" in said
    assert "MAX_UPLOADS_PER_SESSION" in said
    assert "1 resource is not as deployed." in said


def test_the_same_again_from_another_folder_changes_nothing(
    aws: Session,
    deployed: Path,
    project: Path,
    judged: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = running(aws)

    code = main(["deploy", "dev"], project)

    assert code == 0
    assert running(aws) == before
    assert "Nothing to change" in capsys.readouterr().err


def test_a_plan_names_the_setting_that_changes_a_resource(
    aws: Session,
    deployed: Path,
    project: Path,
    judged: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = project / "environments" / "dev.yaml"
    text = file.read_text()
    file.write_text(text.replace("keep_days: 7 ", "keep_days: 14 "))
    line = 1 + text[: text.index("keep_days: 7 ")].count("\n")
    before = running(aws)

    code = main(["plan", "dev"], project)

    shown = capsys.readouterr().out
    assert code == 0
    assert "RetentionInDays 7 → 14" in shown
    assert f"(value from environments/dev.yaml:{line})" in shown
    assert running(aws) == before


def test_new_code_changes_only_the_function_that_reaches_it(
    aws: Session,
    deployed: Path,
    project: Path,
    judged: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = project / "handlers/http_api_handler/lambda_function.py"
    entry.write_text(entry.read_text() + "\n# changed\n")

    main(["plan", "dev"], project)

    shown = capsys.readouterr().out
    assert "1 to modify\n" in shown
    assert "Code.S3Key http_api_handler." in shown


def test_a_failed_deployment_names_the_template_line_and_the_way_out(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.client("sqs").create_queue(QueueName=f"{PROJECT}-failures-stage")
    file = project / "environments" / "dev.yaml"
    file.rename(project / "environments" / "stage.yaml")

    code = main(["deploy", "stage"], project)

    shown = capsys.readouterr().err
    part = "templates/parts/websocket_event_function.yaml.j2"
    line = (project / part).read_text().splitlines().index("  FailureQueue:") + 1
    assert code == 1
    assert f"{part}:{line}: FailureQueue (AWS::SQS::Queue) CREATE_FAILED" in shown
    assert "nox -s deploy -- stage --clean-up" in shown


def test_a_protected_environment_keeps_its_table(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "environments" / "prod.yaml"
    file.write_text(file.read_text().replace("account: null", f"account: '{local.ACCOUNT}'"))
    first = main(["deploy", "prod", "--confirm", "prod"], project)
    for path in (project / "templates").rglob("*.j2"):
        path.write_text(path.read_text().replace("SessionsTable", "VisitsTable"))

    second = main(["deploy", "prod", "--confirm", "prod"], project)

    stacks = aws.client("cloudformation").describe_stacks(StackName=f"{PROJECT}-prod")["Stacks"]
    assert first == 0
    assert stacks[0]["EnableTerminationProtection"] is True
    assert second == 3
    assert "SessionsTable (AWS::DynamoDB::Table) would be removed" in capsys.readouterr().err


def test_production_goes_in_two_deliberate_steps(
    aws: Session, project: Path, judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "environments" / "prod.yaml"
    text = file.read_text().replace("account: null", f"account: '{local.ACCOUNT}'")
    file.write_text(text)
    main(["deploy", "prod", "--confirm", "prod"], project)
    protected = main(["destroy", "prod", "--confirm", "prod"], project)
    text = text.replace("protected: true", "protected: false")
    file.write_text(text.replace("deletion_protection: true", "deletion_protection: false"))
    not_deployed = main(["destroy", "prod", "--confirm", "prod"], project)
    main(["deploy", "prod"], project)

    gone = main(["destroy", "prod", "--confirm", "prod"], project)

    buckets = {one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]}
    assert (protected, not_deployed, gone) == (3, 3, 0)
    assert f"{PROJECT}-prod is gone" in capsys.readouterr().err
    assert not [name for name in buckets if name.startswith(f"{PROJECT}-uploads-prod")]
