"""After a first deployment that failed, and after a stack that kept its data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.deploying import adoption, recovery, screen, stacks
from pipeline.deploying.consent import Consent
from pipeline.errors import Refused, UserError
from pipeline.stations import deploy, plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    PROJECT,
    STACK,
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
FAILURE = "  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: 'no good'}}\n"
CLEAN_UP = Consent(clean_up=True)
IMPORT = Consent(take_in=True)
GOING = of_stack("DELETE_IN_PROGRESS", "User Initiated")
GONE = of_stack("DELETE_COMPLETE")
FAILED = of_stack("ROLLBACK_FAILED")
PROTECTED = {"Table": {"DeletionProtectionEnabled": True}}
ABSENT = Refusal("ValidationError", f"Stack with id {PROJECT}-dev does not exist")


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A failed first deployment that left its protected, empty table behind."""
    scripted.says("DescribeStacks", scripted_aws.stack("ROLLBACK_FAILED"))
    scripted.says("GetTemplate", {"TemplateBody": KEEPING})
    scripted.says("ListStackResources", left())
    scripted.says("Scan", {"Count": 0})
    scripted.says("DescribeTable", PROTECTED, PROTECTED, Refusal("ResourceNotFoundException"))
    scripted.says("UpdateTable", {})
    scripted.says("DeleteTable", {})
    scripted.says("DeleteStack", {})
    scripted.says("DescribeStackEvents", *[history(FAILED)] * 2, history(FAILED, GOING, GONE))
    return scripted


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


def cleared(aws: Aws, status: str = "ROLLBACK_FAILED", consent: Consent = CLEAN_UP) -> Any:
    stack = stacks.Stack(STACK_ID, status)
    return recovery.cleared(deployment(aws, text=KEEPING).target, stack, consent)


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

    cleared(aws, consent=Consent())

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


def test_a_table_that_holds_anything_stays_and_only_the_stack_goes(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("Scan", {"Count": 1})

    assert cleared(aws) is None

    assert "DeleteStack" in aws.operations
    assert not {"UpdateTable", "DeleteTable"} & set(aws.operations)
    assert "Table (things-1) stays as it is" in capsys.readouterr().err


def test_a_table_that_may_not_be_looked_into_stays_too(aws: Aws) -> None:
    aws.says("Scan", Refusal("AccessDeniedException", "no", 400))

    assert cleared(aws) is None

    assert "DeleteStack" in aws.operations
    assert not {"UpdateTable", "DeleteTable"} & set(aws.operations)


def test_what_may_hold_data_and_can_not_be_imported_is_refused_with_nothing_deleted(
    aws: Aws,
) -> None:
    key = {"LogicalResourceId": "Key", "ResourceType": "AWS::KMS::Key"}
    aws.says(
        "ListStackResources",
        {"StackResourceSummaries": [{**left()["StackResourceSummaries"][0], **key}]},
    )

    with pytest.raises(Refused, match=r"may hold data: Key \(things-1\)"):
        cleared(aws)

    assert not {"DeleteStack", "UpdateTable", "DeleteTable"} & set(aws.operations)


def test_an_empty_stack_of_an_interrupted_plan_needs_no_more_than_consent(aws: Aws) -> None:
    aws.says("DescribeStacks", ABSENT)

    assert cleared(aws, "REVIEW_IN_PROGRESS") is None

    assert aws.operations == ["DeleteStack", "DescribeStacks"]


def test_what_aws_never_finishes_deleting_is_no_endless_wait(aws: Aws) -> None:
    aws.says("DescribeTable", PROTECTED)

    with pytest.raises(UserError, match="five minutes"):
        cleared(aws)


def test_a_running_stack_is_never_cleared_away(aws: Aws) -> None:
    stack = stacks.Stack(STACK_ID, "UPDATE_ROLLBACK_COMPLETE")

    assert recovery.cleared(deployment(aws).target, stack, CLEAN_UP) is stack
    assert aws.operations == []


# What an earlier stack kept


@pytest.fixture
def kept(account: Aws) -> Aws:
    """A stack that went and left its table, with an item, and its bucket."""
    deploy.bring_up_to_date(deployment(account, text=KEEPING), Consent())
    account.clients.tables.put_item(TableName="things-1", Item={"id": {"S": "x"}})
    account.clients.cloudformation.delete_stack(StackName=STACK)
    account.reset()
    return account


def test_what_an_earlier_stack_kept_is_imported_with_what_it_holds(kept: Aws) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), IMPORT)

    [stack] = kept.clients.cloudformation.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert kept.clients.tables.scan(TableName="things-1")["Count"] == 1


def test_cloudformation_imports_plain_names_only_so_that_is_what_it_gets(kept: Aws) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), IMPORT)

    sent = kept.sent("CreateChangeSet")
    resources = json.loads(sent["TemplateBody"])["Resources"]
    assert sent["ImportExistingResources"] is True
    assert resources["Table"]["Properties"]["TableName"] == "things-1"
    assert resources["Box"]["Properties"]["BucketName"] == f"box-{ACCOUNT}-us-east-1"


def test_the_deployment_after_an_import_changes_deletion_policies_alone(
    kept: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), IMPORT)

    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent())
    shown = capsys.readouterr().out
    deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent())

    assert shown.count("DeletionPolicy Retain → RetainExceptOnCreate") == 2
    assert "Nothing to change" in capsys.readouterr().err


def test_nothing_is_imported_without_consent(kept: Aws) -> None:
    with pytest.raises(Refused, match="would have to be imported") as caught:
        deploy.bring_up_to_date(deployment(kept, text=KEEPING), Consent())

    assert "--import" in caught.value.mend
    assert "CreateChangeSet" not in kept.operations


@pytest.mark.parametrize("status", ["DELETING", "CREATING"])
def test_a_table_that_is_about_to_go_or_to_come_is_not_imported(status: str, kept: Aws) -> None:
    kept.says("DescribeTable", {"Table": {"TableStatus": status}})

    with pytest.raises(Refused, match=f"things-1 is in state {status}") as caught:
        deploy.bring_up_to_date(deployment(kept, text=KEEPING), IMPORT)

    assert "nox -s restore -- dev" in caught.value.mend
    assert "CreateChangeSet" not in kept.operations


def test_a_table_without_the_stream_that_the_template_asks_for_is_told_how_to_get_it(
    kept: Aws,
) -> None:
    listens = KEEPING.replace(
        "      BillingMode:",
        "      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}\n      BillingMode:",
    )

    with pytest.raises(Refused, match="things-1 has no stream") as caught:
        deploy.bring_up_to_date(deployment(kept, text=listens), IMPORT)

    assert "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES" in caught.value.mend
    assert "CreateChangeSet" not in kept.operations


def test_a_table_that_belongs_to_another_stack_is_refused(account: Aws) -> None:
    stacks = account.clients.cloudformation
    stacks.create_stack(StackName="other", TemplateBody=KEEPING)

    with pytest.raises(Refused, match=r"would not import Table \(things-1\), Box") as caught:
        deploy.bring_up_to_date(deployment(account, text=KEEPING), IMPORT)

    assert "describe-stack-resources --physical-resource-id things-1" in caught.value.mend
    assert "ExecuteChangeSet" not in account.operations
    [left] = stacks.describe_stacks()["Stacks"]
    assert left["StackName"] == "other"


def test_a_plan_shows_the_import(kept: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    plan.show_plan(deployment(kept, text=KEEPING))

    shown = capsys.readouterr()
    assert "there is a AWS::DynamoDB::Table named things-1 already" in shown.err
    assert "2 to import" in shown.out


def test_what_the_template_would_not_retain_is_retained_by_the_import_and_that_is_told(
    kept: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    careless = KEEPING.replace("RetainExceptOnCreate", "Delete")

    deploy.bring_up_to_date(deployment(kept, text=careless), IMPORT)

    resources = json.loads(kept.sent("CreateChangeSet")["TemplateBody"])["Resources"]
    assert {one["DeletionPolicy"] for one in resources.values()} == {"Retain"}
    assert "from the next deployment on it goes with the stack" in capsys.readouterr().err


# An import that failed: each kind of template, and the failure before, at and after the import

BEFORE, AT, AFTER = "before", "at", "after"
UNPROTECTED = KEEPING.replace("RetainExceptOnCreate", "Delete")
KINDS = {
    "development": ("development", UNPROTECTED.replace("Enabled: true", "Enabled: false")),
    "protected development": ("development", KEEPING.replace("Enabled: true", "Enabled: false")),
    "production": ("production", KEEPING),
    "production on its way out": ("production", UNPROTECTED),
}


def of_tier(aws: Aws, tier: str, text: str) -> Any:
    return deployment(aws, scripted_aws.loaded(tier=tier), text=text)


def failing(text: str, moment: str) -> str:
    """The same, failing before anything is imported, between table and bucket, or after both."""
    queue, bucket = FAILURE, "Properties: {BucketName:"
    if moment == BEFORE:
        return text.replace("Resources:\n", f"Resources:\n{queue}")
    if moment == AT:
        return text.replace(bucket, "Properties: {NoSuchThing: 1, BucketName:")
    return text.replace("Outputs:", f"{queue}Outputs:")


@pytest.mark.parametrize("moment", [BEFORE, AT, AFTER])
@pytest.mark.parametrize("kind", KINDS)
def test_an_import_that_failed_loses_nothing_and_the_next_one_goes_on(
    account: Aws, kind: str, moment: str
) -> None:
    tier, text = KINDS[kind]
    tables, cloudformation = account.clients.tables, account.clients.cloudformation
    tables.create_table(
        TableName="things-1",
        DeletionProtectionEnabled="true" in text,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    tables.put_item(TableName="things-1", Item={"id": {"S": "x"}})
    account.clients.s3.create_bucket(Bucket=f"box-{ACCOUNT}-us-east-1")

    with pytest.raises(UserError) as caught:
        deploy.bring_up_to_date(of_tier(account, tier, failing(text, moment)), IMPORT)
    state = cloudformation.describe_stacks()["Stacks"][0]["StackStatus"]
    held = tables.scan(TableName="things-1")["Count"]
    deploy.bring_up_to_date(of_tier(account, tier, text), IMPORT)

    assert "Table (things-1) is still there with what it holds" in caught.value.mend
    assert "`nox -s deploy -- dev --import` imports it from here" in caught.value.mend
    assert "clean-up" not in caught.value.mend
    assert (state, held) == ("ROLLBACK_COMPLETE", 1)
    assert cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert tables.scan(TableName="things-1")["Count"] == 1
    assert set(scripted_aws.physical_ids(account)) == {"Table", "Box"}


@pytest.mark.parametrize("policy", ["RetainExceptOnCreate", "Delete"])
@pytest.mark.parametrize("consent", [IMPORT, Consent(take_in=True, clean_up=True)])
def test_a_rollback_that_failed_on_an_imported_table_is_led_out_of(
    kept: Aws, policy: str, consent: Consent
) -> None:
    """As an import ends whose template didn't say Retain: the table's protection held it."""
    cloudformation = kept.clients.cloudformation
    template = failing(KEEPING, AFTER).replace("RetainExceptOnCreate", policy)
    made = cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=template,
        ImportExistingResources=True,
    )
    cloudformation.execute_change_set(ChangeSetName=made["Id"])
    assert cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_FAILED"

    deploy.bring_up_to_date(deployment(kept, text=KEEPING), consent)

    assert cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert kept.clients.tables.scan(TableName="things-1")["Count"] == 1


def test_an_import_that_was_never_executed_is_made_anew(kept: Aws) -> None:
    kept.clients.cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=KEEPING,
        ImportExistingResources=True,
    )

    deploy.bring_up_to_date(deployment(kept, text=KEEPING), IMPORT)

    assert kept.clients.tables.scan(TableName="things-1")["Count"] == 1


@pytest.fixture
def stopped(aws: Aws) -> Aws:
    """A failed import whose deletion failed on the table, as RetainResources wants it."""
    imported = ("Table", "AWS::DynamoDB::Table", "IMPORT_COMPLETE", "")
    past = [of_stack("CREATE_IN_PROGRESS"), imported, FAILED, GOING, of_stack("DELETE_FAILED")]
    again = of_stack("DELETE_IN_PROGRESS", "again")
    aws.says("DescribeStackEvents", *[history(*past)] * 2, history(*past, again, GONE))
    return aws


def test_an_import_whose_clearing_away_was_interrupted_goes_on(stopped: Aws) -> None:
    assert cleared(stopped, "DELETE_FAILED", IMPORT) is None

    assert stopped.sent("DeleteStack")["RetainResources"] == ["Table"]
    assert not {"UpdateTable", "DeleteTable"} & set(stopped.operations)


def test_an_imported_table_that_is_empty_stays_too(stopped: Aws) -> None:
    stopped.says("Scan", {"Count": 0})

    cleared(stopped, "DELETE_FAILED", CLEAN_UP)

    assert "DeleteTable" not in stopped.operations


def test_a_complete_stack_whose_deletion_failed_is_not_cleared_away(stopped: Aws) -> None:
    past = [of_stack("CREATE_IN_PROGRESS"), of_stack("CREATE_COMPLETE"), of_stack("DELETE_FAILED")]
    stopped.says("DescribeStackEvents", history(*past))

    assert cleared(stopped, "DELETE_FAILED", IMPORT) is not None
    assert "DeleteStack" not in stopped.operations


def test_an_unprotected_imported_table_is_protected_while_its_stack_is_deleted(
    stopped: Aws,
) -> None:
    """Whether DeleteStack retains it is documented nowhere."""
    open_table = {"Table": {"DeletionProtectionEnabled": False}}
    stopped.says("DescribeTable", open_table, PROTECTED)

    cleared(stopped, "DELETE_FAILED", IMPORT)

    wanted = ["UpdateTable", "DeleteStack", "UpdateTable"]
    assert [name for name in stopped.operations if name in wanted] == wanted
    assert stopped.sent("UpdateTable")["DeletionProtectionEnabled"] is False


def test_what_became_of_the_data_is_not_claimed_where_it_can_not_be_seen(kept: Aws) -> None:
    kept.says(
        "DescribeTable",
        {"Table": {"TableStatus": "ACTIVE"}},
        Refusal("AccessDeniedException", "no", 400),
    )

    with pytest.raises(UserError) as caught:
        deploy.bring_up_to_date(deployment(kept, text=failing(KEEPING, BEFORE)), IMPORT)

    assert "Table (things-1) can't be looked at:" in caught.value.mend


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
