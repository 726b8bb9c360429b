"""What the stations answer to a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline import answers, checks
from pipeline.__main__ import main
from pipeline.connecting import clients
from tests import answer_forms
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    ASKED,
    PROJECT,
    ROOT,
    STACK,
    STACK_ID,
    Aws,
    Refusal,
    change,
    change_set,
    history,
    of_stack,
)

FORMS = {answer_forms.name(form): form for form in answers.FORMS}
SCHEMAS = answer_forms.schemas()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = {
    "Target": {
        "Attribute": "Properties",
        "Name": "MemorySize",
        "Path": "/Properties/MemorySize",
        "RequiresRecreation": "Never",
        "BeforeValue": "128",
        "AfterValue": "256",
    }
}


@pytest.fixture
def aws(scripted: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An account with the development stack as it should be, its functions' code in the bucket."""
    me = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}
    scripted.says("GetCallerIdentity", me)
    scripted.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE"))
    scripted.says("DescribeStackEvents", history(of_stack("UPDATE_IN_PROGRESS", "User Initiated")))
    scripted.says("GetTemplate", {"TemplateBody": scripted_aws.TEMPLATE})
    scripted.says("ListStackResources", {"StackResourceSummaries": []})
    scripted.says("CreateChangeSet", ASKED)
    scripted.says("DescribeChangeSet", change_set())
    scripted.says("DeleteChangeSet", {})
    scripted.says("DescribeEvents", {"OperationEvents": []})
    scripted.says("HeadBucket", {})
    scripted.says("HeadObject", {})
    monkeypatch.setattr(clients, "connect", lambda _: scripted.clients)
    monkeypatch.setattr(checks, "judge", lambda *_: [])
    return scripted


def answer(
    capsys: pytest.CaptureFixture[str], *words: str, code: int = 0, root: Path = ROOT
) -> dict[str, Any]:
    """What a station answers, which is all that standard output holds, and fits its schema."""
    capsys.readouterr()
    assert main([*words, "--format", "json"], root) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["station"] == words[0]
    jsonschema.validate(told, SCHEMAS[f"{words[0]}.schema.json"])
    return told


def test_the_schemas_in_docs_are_those_of_the_answers() -> None:
    folder = ROOT / answer_forms.FOLDER
    committed = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}

    assert committed == SCHEMAS, "python -m tests.answer_forms writes them anew"


@pytest.mark.parametrize("station", FORMS)
def test_every_field_is_described_or_says_all_by_its_name(station: str) -> None:
    page = (ROOT / answer_forms.FOLDER / "README.md").read_text()

    assert f"[{station}]({station}.schema.json)" in page


def test_every_station_that_answers_has_a_form() -> None:
    stations = Path(ROOT / "pipeline/stations").glob("*.py")
    asked = {path.stem for path in stations if "arguments.answer(parser)" in path.read_text()}

    assert asked == set(FORMS)


def test_a_plan_has_each_change_with_its_cause_and_line(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = change(
        "Modify", "HttpApiLambda", "AWS::Lambda::Function", Replacement="False", Details=[SIZE]
    )
    aws.says("DescribeChangeSet", change_set(changed))
    doubt = {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": "HttpApiLambda",
        "ValidationStatusReason": "nearly at the quota",
    }
    aws.says("DescribeEvents", {"OperationEvents": [doubt]})

    told = answer(capsys, "plan", "dev")

    (only,) = told["changes"]
    assert (told["stack"], told["action"], told["error"]) == (STACK, "update", None)
    assert (only["action"], only["logical_id"], only["replacement"]) == (
        "Modify",
        "HttpApiLambda",
        "False",
    )
    assert only["causes"] == [
        {"path": ["MemorySize"], "replaces": "Never", "values": ["128", "256"]}
    ]
    assert only["place"].startswith("templates/parts/http_api_function.yaml.j2:")
    assert told["warnings"] == [{"logical_id": "HttpApiLambda", "reason": "nearly at the quota"}]


def test_a_plan_says_by_how_much_it_moves_what_the_stack_costs_without_use(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "Resources: {Key: {Type: AWS::KMS::Key}}"
    aws.says("GetTemplate", {"TemplateBody": key})

    assert answer(capsys, "plan", "dev")["standing_dollars"] == [1.0, 0.0]
    main(["plan", "dev"], ROOT)
    assert "by the month without use goes from $1.00 to $0.00" in capsys.readouterr().err


def test_a_plan_without_a_change_says_none(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = "The submitted information didn't contain changes."
    aws.says("DescribeChangeSet", change_set(status="FAILED", StatusReason=nothing))

    assert answer(capsys, "plan", "dev")["action"] == "none"


def test_a_plan_that_is_refused_has_the_changes_and_the_refusal(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    named = change("Modify", "SessionsTable", "AWS::DynamoDB::Table", Replacement="True")
    aws.says("DescribeChangeSet", change_set(named))

    told = answer(capsys, "plan", "dev", code=3)

    assert [one["logical_id"] for one in told["changes"]] == ["SessionsTable"]
    assert told["error"]["exit_code"] == 3
    assert "can't replace what has a name of its own" in told["error"]["what"]


def test_a_secret_is_in_no_answer(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    secret = {
        **SIZE["Target"],
        "Name": "Environment",
        "Path": "/Properties/Environment/Variables/KEY",
        "BeforeValue": "hunter2-old",
        "AfterValue": "hunter2-new",
    }
    changed = change(
        "Modify", "HttpApiLambda", "AWS::Lambda::Function", Details=[{"Target": secret}]
    )
    aws.says("DescribeChangeSet", change_set(changed))

    (only,) = answer(capsys, "plan", "dev")["changes"]

    assert only["causes"][0]["values"] == []


def test_a_diff_has_each_difference_with_its_line(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    told = answer(capsys, "diff", "dev")

    new = next(one for one in told["differences"] if one["path"] == ["Resources", "UploadBucket"])
    gone = next(one for one in told["differences"] if one["path"] == ["Resources", "Hello"])
    assert (new["kind"], gone["kind"]) == ("+", "-")
    assert new["place"].startswith("templates/parts/uploads.yaml.j2:")
    assert gone["place"] == ""
    assert told["state"]["status"] == "UPDATE_COMPLETE"


def test_a_drift_has_what_was_compared_and_what_was_not(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    difference = {
        "PropertyPath": "/Handler",
        "ExpectedValue": "a",
        "ActualValue": "b",
        "DifferenceType": "NOT_EQUAL",
    }
    drifted = {
        "StackId": STACK_ID,
        "LogicalResourceId": "HttpApiLambda",
        "ResourceType": "AWS::Lambda::Function",
        "StackResourceDriftStatus": "MODIFIED",
        "Timestamp": NOW,
        "PropertyDifferences": [difference],
    }
    aws.says("DetectStackDrift", {"StackDriftDetectionId": "1"})
    aws.says(
        "DescribeStackDriftDetectionStatus",
        {
            "StackId": STACK_ID,
            "StackDriftDetectionId": "1",
            "DetectionStatus": "DETECTION_COMPLETE",
            "Timestamp": NOW,
        },
    )
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [drifted]})
    policy = {
        "LogicalResourceId": "Policy",
        "ResourceType": "AWS::SNS::TopicPolicy",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": NOW,
    }
    aws.says("ListStackResources", {"StackResourceSummaries": [policy]})

    told = answer(capsys, "drift", "dev", code=1)

    (resource,) = told["drifted"]
    assert resource["believed"] is True
    assert resource["differences"][0]["values"] == ["a", "b"]
    assert [one["logical_id"] for one in told["not_compared"]] == ["Policy"]


def test_outputs_are_a_mapping(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    out = [{"OutputKey": "Url", "OutputValue": "https://x.test"}]
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE", Outputs=out))

    assert answer(capsys, "outputs", "dev")["outputs"] == {"Url": "https://x.test"}


def test_a_deletion_answers_what_would_go_also_where_nobody_agreed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = {
        "LogicalResourceId": "Queue",
        "PhysicalResourceId": "queue-1",
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": NOW,
    }
    aws.says("ListStackResources", {"StackResourceSummaries": [queue]})
    aws.says("DeleteStack", {})
    aws.says(
        "DescribeStackEvents",
        history(of_stack("UPDATE_COMPLETE")),
        history(of_stack("UPDATE_COMPLETE"), of_stack("DELETE_COMPLETE")),
    )

    told = answer(capsys, "destroy", "dev", "--confirm", "dev")

    assert [(one["fate"], one["physical_id"]) for one in told["resources"]] == [
        ("delete", "queue-1")
    ]
    assert told["gone"] is True


def test_doctor_answers_what_is_missing(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.says("SimulatePrincipalPolicy", Refusal("AccessDenied", status=403))

    told = answer(capsys, "doctor", "dev")

    things = {one["thing"]: one for one in told["things"]}
    assert things["environments/dev.yaml"]["found"] == "valid"
    assert things["permissions"]["unknown"] is True
    excused = ("found", "optional", "unknown")
    lacking = [one for one in told["things"] if not any(one[word] for word in excused)]
    assert told["missing"] == len(lacking)


def test_a_bill_is_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(capsys, "cost", "prod", "--sessions", "10")

    lines = [*told["standing"], *told["used"]]
    assert told["dollars"] == pytest.approx(sum(line["dollars"] for line in lines))
    assert told["as_of"] == "2026-11-28"


def test_environments_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(capsys, "environments")

    prod = next(one for one in told["environments"] if one["name"] == "prod")
    assert (prod["tier"], prod["protected"]) == ("production", True)


@pytest.mark.parametrize("words", [["plan", "dev"], ["diff", "dev"], ["outputs", "dev"]])
def test_a_mistake_in_the_environment_file_is_an_answer_too(
    words: Sequence[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "environments/dev.yaml"
    path.write_text(path.read_text().replace("tier: development", "tier: nowhere"))

    told = answer(capsys, *words, code=1, root=project)

    assert told["error"]["where"].startswith("environments/dev.yaml:")
    assert told["stack"] is None


# diagnose


TAKEN_BACK = [
    of_stack("UPDATE_COMPLETE"),
    of_stack("UPDATE_IN_PROGRESS", "User Initiated"),
    ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "Resource update cancelled"),
    ("HttpApiLambda", "AWS::Lambda::Function", "UPDATE_FAILED", "Access Denied"),
    of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
]
OLD = [
    of_stack("CREATE_IN_PROGRESS", "User Initiated"),
    ("Old", "AWS::SQS::Queue", "CREATE_FAILED", "long ago"),
]


def test_an_update_that_was_taken_back_is_told_by_its_first_failure_with_line_and_hint(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_ROLLBACK_COMPLETE"))
    aws.says(
        "DescribeStackEvents", history(*OLD, *TAKEN_BACK, of_stack("UPDATE_ROLLBACK_COMPLETE"))
    )

    assert main(["diagnose", "dev"], ROOT) == 1

    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(
        f"{PROJECT}-dev is in state UPDATE_ROLLBACK_COMPLETE, since 2026-01-01"
    )
    assert told[1].startswith("What failed first: templates/parts/http_api_function.yaml.j2:")
    assert "HttpApiLambda (AWS::Lambda::Function) UPDATE_FAILED: Access Denied" in told[1]
    assert "lacks a permission" in told[2]
    assert "Old" not in " ".join(told)


def test_what_could_not_be_taken_back_is_named_beside_the_cause(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "it is gone")
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_ROLLBACK_FAILED"))
    aws.says("DescribeStackEvents", history(*TAKEN_BACK, stuck, of_stack("UPDATE_ROLLBACK_FAILED")))

    told = answer(capsys, "diagnose", "dev", code=1)

    assert told["state"]["logical_id"] == "HttpApiLambda"
    assert told["stuck"] == ["HttpApiLambda", "Queue"]
    assert "rollback" in told["state"]["way_out"]


def test_a_stack_that_is_well_is_said_to_be(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "dev"], ROOT) == 0

    assert "Its last operation ended well." in capsys.readouterr().out


@pytest.mark.parametrize("station", ["plan", "diff", "deploy"])
def test_a_failed_stack_is_told_with_its_cause_by_every_station(
    aws: Aws, capsys: pytest.CaptureFixture[str], station: str
) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_ROLLBACK_FAILED"))
    aws.says("DescribeStackEvents", history(*TAKEN_BACK, of_stack("UPDATE_ROLLBACK_FAILED")))

    main([station, "dev"], ROOT)

    told = capsys.readouterr().err
    assert "HttpApiLambda (AWS::Lambda::Function) UPDATE_FAILED: Access Denied" in told
    assert "templates/parts/http_api_function.yaml.j2:" in told
    assert "lacks a permission" in told


def test_a_stack_whose_creation_failed_is_never_as_rendered_and_git_like_exit_codes_say_so(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    template = (ROOT / "tests/golden/dev.template.yaml").read_text()
    aws.says("GetTemplate", {"TemplateBody": template})
    aws.says("DescribeStacks", scripted_aws.stack("ROLLBACK_COMPLETE"))

    assert main(["diff", "dev"], ROOT) == 0
    assert "is deployed as it is rendered" not in capsys.readouterr().err
    assert main(["diff", "dev", "--exit-code"], ROOT) == 1
