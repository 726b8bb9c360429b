"""deploy --revert-drift: what was changed by other means is shown, and brought back."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deploying import change_rules, losses, screen
from pipeline.deploying.changeset import Cause, Change, Drift
from pipeline.deploying.consent import Consent
from pipeline.errors import Refused
from pipeline.stations import deploy
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, PROJECT, Aws, change, change_set, deployment

BOX = f"box-{ACCOUNT}-us-east-1"
STACK = """\
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      TableName: things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      Tags: [{Key: Team, Value: a}]
  Box:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      BucketName: !Sub 'box-${AWS::AccountId}-${AWS::Region}'
      CorsConfiguration: {CorsRules: [{AllowedMethods: [PUT], AllowedOrigins: ['https://new']}]}
Outputs:
  Stream: {Value: !GetAtt Table.StreamArn}
"""
REVERT = Consent(revert_drift=True)


@pytest.fixture
def running(account: Aws, unjudged: None) -> Aws:
    """The stack, as deployed."""
    deploy.bring_up_to_date(deployment(account, text=STACK), Consent())
    account.reset()
    return account


def put_cors(aws: Aws, origin: str) -> None:
    rule: Any = {"AllowedMethods": ["PUT"], "AllowedOrigins": [origin]}
    aws.clients.s3.put_bucket_cors(Bucket=BOX, CORSConfiguration={"CORSRules": [rule]})


def origins(aws: Aws) -> list[str]:
    return aws.clients.s3.get_bucket_cors(Bucket=BOX)["CORSRules"][0]["AllowedOrigins"]


def restored(aws: Aws) -> None:
    """The table as a restored one is: its items, and nothing of its settings."""
    tables = aws.clients.tables
    tables.delete_table(TableName="things")
    tables.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    tables.put_item(TableName="things", Item={"id": {"S": "x"}})


def test_a_restored_table_gets_its_settings_back_and_keeps_its_items(running: Aws) -> None:
    restored(running)

    deploy.bring_up_to_date(deployment(running, text=STACK), REVERT)

    tables = running.clients.tables
    table = tables.describe_table(TableName="things")["Table"]
    ttl = tables.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    backups = tables.describe_continuous_backups(TableName="things")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert "LatestStreamArn" in table
    tags = tables.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    assert {"Key": "Team", "Value": "a"} in tags
    assert tables.scan(TableName="things")["Count"] == 1


def test_what_was_changed_by_hand_is_shown_with_three_values(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    put_cors(running, "https://by-hand")

    text = STACK.replace("https://new", "https://newer")
    deploy.bring_up_to_date(deployment(running, text=text), REVERT)

    assert (
        "CorsConfiguration.CorsRules.0.AllowedOrigins.0: in the template https://newer,"
        " deployed https://new, really https://by-hand"
    ) in capsys.readouterr().out
    assert origins(running) == ["https://newer"]


def test_without_the_switch_nobody_looks(running: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    put_cors(running, "https://by-hand")

    deploy.bring_up_to_date(deployment(running, text=STACK), Consent())

    assert "DeploymentMode" not in running.sent("CreateChangeSet")
    assert "Nothing to change" in capsys.readouterr().err
    assert origins(running) == ["https://by-hand"]


@pytest.fixture
def kept(running: Aws) -> Aws:
    """A stack that went, and its bucket, which names an address of before."""
    running.clients.cloudformation.delete_stack(StackName=f"{PROJECT}-dev")
    put_cors(running, "https://old")
    running.reset()
    return running


def test_after_an_import_a_change_set_of_its_own_brings_it_to_the_template(kept: Aws) -> None:
    consent = Consent(take_in=True, revert_drift=True)

    deploy.bring_up_to_date(deployment(kept, text=STACK), consent)

    sent = [one for name, one in kept.calls if name == "CreateChangeSet"]
    assert [one["ChangeSetType"] for one in sent] == ["CREATE", "UPDATE"]
    assert [one["ImportExistingResources"] for one in sent] == [True, False]
    assert [one.get("DeploymentMode") for one in sent] == [None, "REVERT_DRIFT"]
    assert origins(kept) == ["https://new"]


@pytest.mark.parametrize(("answer", "after"), [("yes", "https://new"), ("no", "https://old")])
def test_after_an_import_it_is_offered(
    kept: Aws, monkeypatch: pytest.MonkeyPatch, answer: str, after: str
) -> None:
    monkeypatch.setattr(screen, "can_ask", lambda: True)
    monkeypatch.setattr(screen, "ask", lambda _: answer)

    deploy.bring_up_to_date(deployment(kept, text=STACK), Consent(take_in=True))

    assert origins(kept) == [after]


def test_where_nobody_can_be_asked_the_command_is_named(
    kept: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(kept, text=STACK), Consent(take_in=True))

    assert "`nox -s deploy -- dev --revert-drift` does that later" in capsys.readouterr().err


def test_a_retained_table_that_is_gone_is_not_made_anew_under_its_name(running: Aws) -> None:
    running.clients.tables.delete_table(TableName="things")

    with pytest.raises(Refused, match=r"Table .* is gone, and an empty one") as caught:
        deploy.bring_up_to_date(deployment(running, text=STACK), REVERT)

    assert "`nox -s restore -- dev`" in caught.value.mend
    assert running.operations[-1] == "DeleteChangeSet"
    assert running.clients.tables.list_tables()["TableNames"] == []


def test_a_bucket_that_is_gone_comes_back_only_by_a_persons_own_hand(running: Aws) -> None:
    running.clients.s3.delete_bucket(Bucket=BOX)

    with pytest.raises(Refused, match=r"Box .* is gone") as caught:
        deploy.bring_up_to_date(deployment(running, text=STACK), REVERT)
    running.clients.s3.create_bucket(Bucket=BOX)
    deploy.bring_up_to_date(deployment(running, text=STACK), REVERT)

    assert "Create it under its name yourself" in caught.value.mend
    assert origins(running) == ["https://new"]


def test_a_table_that_nobody_wanted_to_keep_is_made_anew(running: Aws) -> None:
    running.clients.tables.delete_table(TableName="things")
    careless = STACK.replace("RetainExceptOnCreate", "Delete")

    deploy.bring_up_to_date(deployment(running, text=careless), REVERT)

    assert running.clients.tables.list_tables()["TableNames"] == ["things"]


# What CloudFormation says, scripted

SYNCED = Change("SyncWithActual", "Table", "AWS::DynamoDB::Table", "", drift="IN_SYNC")
GONE = Change("Add", "Table", "AWS::DynamoDB::Table", "", drift="DELETED")
TEMPLATE: dict[str, Any] = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}


def test_what_only_the_record_of_changes_loses_nothing() -> None:
    assert losses.losses([SYNCED], TEMPLATE) == []
    assert losses.stuck([SYNCED], TEMPLATE) == []


@pytest.mark.parametrize(
    ("protected", "policy", "refused"),
    [(True, "Delete", True), (False, "Retain", True), (False, "Delete", False)],
)
def test_what_is_gone_is_refused_where_it_is_protected_or_retained(
    protected: bool, policy: str, refused: bool
) -> None:
    template = {"Resources": {"Table": {"DeletionPolicy": policy}}}
    own = scripted_aws.protected() if protected else scripted_aws.loaded()

    try:
        losses.check_gone([GONE], template, own.settings)
    except Refused:
        assert refused
    else:
        assert not refused


def test_the_rules_see_the_action_and_what_was_found(scripted: Aws) -> None:
    found = change_rules.document(deployment(scripted), [SYNCED, GONE])["Changes"]

    assert [one["ResourceChange"]["Action"] for one in found] == ["SyncWithActual", "Add"]
    assert [one["ResourceChange"]["ResourceDriftStatus"] for one in found] == ["IN_SYNC", "DELETED"]


def test_what_it_can_not_mend_is_listed(
    aws: Aws, unjudged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    target = {
        "Attribute": "Properties",
        "Path": "/Properties/Size",
        "BeforeValue": "3",
        "AfterValue": "1",
        "Drift": {"PreviousValue": "2", "ActualValue": "3", "DriftDetectionTimestamp": 0},
    }
    ignored = {"Path": "/Properties/BucketNamespace", "Reason": "WRITE_ONLY_PROPERTY"}
    modified = {
        "ResourceDriftStatus": "MODIFIED",
        "ResourceDriftIgnoredAttributes": [ignored],
        "Details": [{"Target": target}],
    }
    answer = change_set(
        change("Modify", "Table", "AWS::DynamoDB::Table", **modified),
        change("Modify", "Queue", "AWS::SQS::Queue", ResourceDriftStatus="UNSUPPORTED"),
        change("SyncWithActual", "Role", "AWS::IAM::Role", ResourceDriftStatus="IN_SYNC"),
    )
    aws.says("DescribeChangeSet", answer)
    aws.says("DescribeStackEvents", KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        deploy.bring_up_to_date(deployment(aws), REVERT)

    shown = capsys.readouterr().out
    assert "Size: in the template 1, deployed 2, really 3" in shown
    assert "not compared, so not mended: BucketNamespace (no service tells it)" in shown
    assert "CloudFormation can't look at its type" in shown
    assert "1 as the template says already" in shown


def test_a_secret_value_is_shown_nowhere() -> None:
    cause = Cause(("Environment", "Variables", "API_SECRET"), "Never", "c", "a", Drift("b", "c"))

    told = "Environment.Variables.API_SECRET: otherwise than deployed, (not shown)"
    assert str(cause) == told
