"""After a first deployment that failed, and after a stack that kept its data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.keys import Endpoint
from pipeline.deploying import adoption, recovery, screen, stacks
from pipeline.deploying.consent import Consent
from pipeline.errors import Refused, UserError
from pipeline.stations import deploy, plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    STACK_ID,
    Aws,
    Refusal,
    deployment,
    history,
    of_stack,
)

pytestmark = pytest.mark.usefixtures("unjudged")

KEEPING = """\
Parameters:
  Size: {Type: String, Default: '1'}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      TableName: !Sub 'things-${Size}'
      DeletionProtectionEnabled: true
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Box:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties: {BucketName: !Sub 'box-${AWS::AccountId}-${AWS::Region}'}
Outputs:
  TableName: {Value: !Ref Table}
"""
BROKEN = KEEPING.replace(
    "Outputs:", "  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: 'no good'}}\nOutputs:"
)
CLEAN_UP = Consent(clean_up=True)
GOING = of_stack("DELETE_IN_PROGRESS", "User Initiated")
GONE = of_stack("DELETE_COMPLETE")
FAILED = of_stack("ROLLBACK_FAILED")
ABSENT = Refusal("ValidationError", "Stack with id qr-upload-dev does not exist")


@pytest.fixture(scope="module")
def local(endpoint: Endpoint) -> Aws:
    return scripted_aws.connected(endpoint)


@pytest.fixture
def account(local: Aws, endpoint: Endpoint) -> Aws:
    """An empty account of the endpoint."""
    scripted_aws.empty(endpoint)
    local.reset()
    return local


@pytest.fixture(scope="module")
def alone() -> Aws:
    return scripted_aws.connected()


@pytest.fixture
def aws(alone: Aws) -> Aws:
    """A failed first deployment that left its protected, empty table behind."""
    alone.reset()
    alone.says("DescribeStacks", scripted_aws.stack("ROLLBACK_FAILED"))
    alone.says("GetTemplate", {"TemplateBody": KEEPING})
    alone.says("ListStackResources", left())
    alone.says("Scan", {"Count": 0})
    alone.says("DescribeTable", {}, {}, Refusal("ResourceNotFoundException"))
    alone.says("UpdateTable", {})
    alone.says("DeleteTable", {})
    alone.says("DeleteStack", {})
    alone.says("DescribeStackEvents", history(FAILED), history(FAILED, GOING, GONE))
    return alone


def left() -> dict[str, Any]:
    table = {
        "LogicalResourceId": "Table",
        "PhysicalResourceId": "things-1",
        "ResourceType": "AWS::DynamoDB::Table",
        "ResourceStatus": "DELETE_FAILED",
        "LastUpdatedTimestamp": 0,
    }
    gone = {**table, "LogicalResourceId": "Queue", "ResourceStatus": "DELETE_COMPLETE"}
    return {"StackResourceSummaries": [table, gone]}


def cleared(aws: Aws, status: str = "ROLLBACK_FAILED", *, allowed: bool = True) -> Any:
    stack = stacks.Stack(STACK_ID, status)
    return recovery.cleared(deployment(aws, text=KEEPING).target, stack, allowed=allowed)


# A failed first deployment


def test_a_failed_first_deployment_is_cleared_away_and_made_again(account: Aws) -> None:
    with pytest.raises(UserError, match="Queue"):
        deploy.bring_up_to_date(deployment(account, text=BROKEN), Consent())

    deploy.bring_up_to_date(deployment(account, text=KEEPING), CLEAN_UP)

    [stack] = account.clients.cloudformation.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("answer", ["no", "", "n"])
def test_without_consent_it_stays_and_the_way_out_is_named(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(screen, "can_ask", lambda: True)
    monkeypatch.setattr(screen, "ask", lambda _: answer)

    with pytest.raises(Refused, match="ROLLBACK_FAILED") as caught:
        deploy.bring_up_to_date(deployment(aws, text=KEEPING), Consent())

    assert "nox -s deploy -- dev --clean-up" in caught.value.mend
    assert not {"DeleteStack", "UpdateTable", "DeleteTable"} & set(aws.operations)


def test_the_question_names_what_is_left_and_that_it_is_empty(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(screen, "can_ask", lambda: True)

    def ask(question: str) -> str:
        asked.append(question)
        return "no"

    monkeypatch.setattr(screen, "ask", ask)

    cleared(aws, allowed=False)

    assert "Table (things-1); all of it is empty" in asked[0]


def test_a_protected_empty_table_is_unprotected_and_goes_with_the_stack(aws: Aws) -> None:
    assert cleared(aws) is None

    wanted = ["UpdateTable", "DeleteStack", "DeleteTable"]
    assert [name for name in aws.operations if name in wanted] == wanted
    assert aws.sent("UpdateTable") == {
        "TableName": "things-1",
        "DeletionProtectionEnabled": False,
    }


def test_an_empty_bucket_that_the_stack_would_keep_goes_too(aws: Aws) -> None:
    box = {"LogicalResourceId": "Box", "PhysicalResourceId": "box-1"}
    aws.says(
        "ListStackResources",
        {
            "StackResourceSummaries": [
                {**left()["StackResourceSummaries"][0], **box, "ResourceType": "AWS::S3::Bucket"}
            ]
        },
    )
    aws.says("ListObjectVersions", {})
    aws.says("DeleteBucket", {})

    assert cleared(aws) is None
    assert aws.sent("DeleteBucket") == {"Bucket": "box-1", "ExpectedBucketOwner": ACCOUNT}


def test_a_table_that_holds_anything_is_left_alone(aws: Aws) -> None:
    aws.says("Scan", {"Count": 1})

    with pytest.raises(Refused, match=r"not empty: Table \(things-1\)"):
        cleared(aws)

    assert not {"DeleteStack", "UpdateTable", "DeleteTable"} & set(aws.operations)


def test_an_empty_stack_of_an_interrupted_plan_needs_no_more_than_consent(aws: Aws) -> None:
    aws.says("DescribeStacks", ABSENT)

    assert cleared(aws, "REVIEW_IN_PROGRESS") is None

    assert aws.operations == ["DeleteStack", "DescribeStacks"]


def test_what_aws_never_finishes_deleting_is_no_endless_wait(aws: Aws) -> None:
    aws.says("DescribeTable", {})

    with pytest.raises(UserError, match="five minutes"):
        cleared(aws)


def test_a_running_stack_is_never_cleared_away(aws: Aws) -> None:
    stack = stacks.Stack(STACK_ID, "UPDATE_ROLLBACK_COMPLETE")

    assert recovery.cleared(deployment(aws).target, stack, allowed=True) is stack
    assert aws.operations == []


# What an earlier stack kept


@pytest.fixture
def kept(account: Aws) -> Aws:
    """A stack that went and left its table, with an item, and its bucket."""
    deploy.bring_up_to_date(deployment(account, text=KEEPING), Consent())
    account.clients.tables.put_item(TableName="things-1", Item={"id": {"S": "x"}})
    account.clients.cloudformation.delete_stack(StackName="qr-upload-dev")
    account.reset()
    return account


def test_what_an_earlier_stack_kept_is_imported_with_what_it_holds(kept: Aws) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent(take_in=True))

    [stack] = kept.clients.cloudformation.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert kept.clients.tables.scan(TableName="things-1")["Count"] == 1


def test_cloudformation_imports_plain_names_only_so_that_is_what_it_gets(kept: Aws) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent(take_in=True))

    sent = kept.sent("CreateChangeSet")
    resources = json.loads(sent["TemplateBody"])["Resources"]
    assert sent["ImportExistingResources"] is True
    assert resources["Table"]["Properties"]["TableName"] == "things-1"
    assert resources["Box"]["Properties"]["BucketName"] == f"box-{ACCOUNT}-us-east-1"


def test_the_deployment_after_an_import_changes_nothing(
    kept: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent(take_in=True))

    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent())

    assert "Nothing to change" in capsys.readouterr().err


def test_nothing_is_imported_without_consent(kept: Aws) -> None:
    with pytest.raises(Refused, match="would have to be imported") as caught:
        deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent())

    assert "--import" in caught.value.mend
    assert "CreateChangeSet" not in kept.operations


def test_a_plan_shows_the_import(kept: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    plan.show_plan(deployment(kept, text=KEEPING))

    shown = capsys.readouterr()
    assert "there is a AWS::DynamoDB::Table named things-1 already" in shown.err
    assert "2 to import" in shown.out


def test_what_the_template_would_not_retain_can_not_be_imported(kept: Aws) -> None:
    careless = KEEPING.replace("RetainExceptOnCreate", "Delete")

    with pytest.raises(Refused, match=r"left things-1 \(AWS::DynamoDB::Table\)") as caught:
        deploy.bring_up_to_date(deployment(kept, text=careless), Consent(take_in=True))

    assert caught.value.where == "templates/main.yaml.j2:4"


@pytest.mark.parametrize("status", [301, 403])
def test_a_bucket_name_of_somebody_else_is_found_before_anything_is_made(
    aws: Aws, status: int
) -> None:
    aws.says("DescribeStacks", ABSENT)
    aws.says("DescribeTable", Refusal("ResourceNotFoundException"))
    aws.says("HeadBucket", Refusal(str(status), status=status))

    with pytest.raises(Refused, match=f"box-{ACCOUNT}-us-east-1 is taken"):
        deploy.bring_up_to_date(deployment(aws, text=KEEPING), Consent())

    assert "CreateChangeSet" not in aws.operations


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("plain", "plain"),
        ({"Ref": "Size"}, "1"),
        ({"Fn::Sub": "a-${Size}-${AWS::Region}"}, "a-1-us-east-1"),
        ({"Fn::Sub": "${Table.Arn}"}, ""),
        ({"Fn::GetAtt": ["Table", "Arn"]}, ""),
        (None, ""),
    ],
)
def test_a_name_is_worked_out_where_it_is_known_beforehand(value: Any, name: str) -> None:
    assert adoption.text(value, {"Size": "1", "AWS::Region": "us-east-1"}) == name
