"""restore: what was lost comes back, from what AWS keeps; nothing that is there gives way to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.keys import Endpoint
from pipeline import __main__ as command
from pipeline.deploying import restoring, streams, undeleting
from pipeline.deploying.consent import Consent
from pipeline.deploying.restoring import Backup, moment
from pipeline.deploying.undeleting import Marker
from pipeline.errors import Refused, UserError
from pipeline.stations import deploy, restore
from pipeline.stations.restore import Wish
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, PROJECT, Aws, Refusal, deployment

pytestmark = pytest.mark.usefixtures("unjudged")

BOX = f"box-{ACCOUNT}-us-east-1"
STACK = """\
Parameters:
  CodeBucket: {Type: String}
  HelloKey: {Type: String, Default: hello.zip}
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
  Box:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      BucketName: !Sub 'box-${AWS::AccountId}-${AWS::Region}'
      VersioningConfiguration: {Status: Enabled}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: lambda.amazonaws.com}}
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: lambda_function.lambda_handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref CodeBucket, S3Key: !Ref HelloKey}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Hello
      EventSourceArn: !GetAtt Table.StreamArn
      StartingPosition: LATEST
Outputs: {}
"""


@pytest.fixture(scope="module")
def local(endpoint: Endpoint) -> Aws:
    return scripted_aws.connected(endpoint)


@pytest.fixture
def running(local: Aws, endpoint: Endpoint) -> Aws:
    """The stack with an item in its table and three objects in its bucket."""
    scripted_aws.empty(endpoint)
    local.reset()
    deploy.bring_up_to_date(deployment(local, text=STACK), Consent())
    local.clients.tables.put_item(TableName="things", Item={"id": {"S": "x"}})
    for number in range(3):
        local.clients.s3.put_object(Bucket=BOX, Key=f"in/{number}", Body=b"x")
    local.reset()
    return local


def lose_table(aws: Aws) -> None:
    aws.clients.tables.delete_table(TableName="things")


def lose_stack(aws: Aws) -> None:
    aws.clients.cloudformation.delete_stack(StackName=f"{PROJECT}-dev")


def bring_back(aws: Aws, wish: Wish | None = None, confirm: str | None = "dev") -> None:
    restore.bring_back(deployment(aws, text=STACK), wish or Wish(), confirm)


def whole(aws: Aws) -> bool:
    """Is the table there with its item and its settings, and does the function listen to it?"""
    tables = aws.clients.tables
    table = tables.describe_table(TableName="things")["Table"]
    ttl = tables.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    recovery: Any = tables.describe_continuous_backups(TableName="things")
    window = recovery["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    mapping = scripted_aws.physical_ids(aws)["Mapping"]
    source = aws.clients.functions.get_event_source_mapping(UUID=mapping)["EventSourceArn"]
    return (
        tables.scan(TableName="things")["Count"] == 1
        and ttl["TimeToLiveStatus"] == "ENABLED"
        and window["PointInTimeRecoveryStatus"] == "ENABLED"
        and source == table["LatestStreamArn"]
    )


# A table that is gone


def test_a_table_that_was_lost_comes_back_whole(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_table(running)

    bring_back(running)

    said = capsys.readouterr().err
    assert whole(running)
    assert "things is gone." in said
    assert "From: the backup that its deletion left at" in said
    assert "A restored table lacks time to live, the stream, point-in-time recovery" in said
    assert "What was written after" in said
    assert "waiting for AWS" in said


def test_a_table_that_went_with_its_stack_comes_back_with_a_new_one(running: Aws) -> None:
    lose_stack(running)
    lose_table(running)

    bring_back(running)

    assert whole(running)


def test_an_empty_table_that_somebody_deployed_meanwhile_gives_way(running: Aws) -> None:
    lose_stack(running)
    lose_table(running)
    running.clients.s3.delete_objects(
        Bucket=BOX, Delete={"Objects": [{"Key": f"in/{number}"} for number in range(3)]}
    )
    deploy.bring_up_to_date(deployment(running, text=STACK), Consent(take_in=True))

    bring_back(running)

    assert whole(running)


def test_run_again_it_has_nothing_left_to_do(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_table(running)
    bring_back(running)
    running.reset()

    bring_back(running)

    assert "things is restored already." in capsys.readouterr().err
    assert "RestoreTableFromBackup" not in running.operations
    assert whole(running)


def test_interrupted_after_the_restoration_it_goes_on_from_there(running: Aws) -> None:
    lose_table(running)
    running.says("CreateChangeSet", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bring_back(running)
    running.reset()

    bring_back(running)

    assert "RestoreTableFromBackup" not in running.operations
    assert whole(running)


def test_nothing_is_done_before_the_name_is_typed(
    running: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_table(running)
    monkeypatch.setattr("pipeline.deploying.screen.ask", lambda _: "prod")

    with pytest.raises(Refused, match="not its name"):
        bring_back(running, confirm=None)

    assert not {"RestoreTableFromBackup", "CreateChangeSet"} & set(running.operations)


def test_a_table_that_holds_something_is_left_alone(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_back(running)

    assert "things is there, and holds something: nothing is lost." in capsys.readouterr().err
    assert not {"DeleteTable", "RestoreTableFromBackup"} & set(running.operations)


@pytest.fixture
def replaced(running: Aws) -> Aws:
    """The table was lost with its stack, and somebody deployed an empty one."""
    lose_stack(running)
    lose_table(running)
    deploy.bring_up_to_date(deployment(running, text=STACK), Consent(take_in=True))
    running.reset()
    return running


@pytest.mark.parametrize(
    "status",
    ["UPDATING", "CREATING", "DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"],
)
def test_a_table_that_can_not_be_looked_into_is_not_taken_for_an_empty_one(
    status: str, replaced: Aws
) -> None:
    replaced.says("DescribeTable", {"Table": {"TableStatus": status}})

    with pytest.raises(Refused, match=f"things is in state {status}"):
        bring_back(replaced)

    assert "DeleteTable" not in replaced.operations


def test_what_is_written_before_the_name_is_typed_does_not_give_way(
    replaced: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_and_agree(_: str) -> str:
        replaced.clients.tables.put_item(TableName="things", Item={"id": {"S": "new"}})
        return "dev"

    monkeypatch.setattr("pipeline.deploying.screen.ask", write_and_agree)

    with pytest.raises(Refused, match="there is a table things, and it holds something"):
        bring_back(replaced, confirm=None)

    assert replaced.clients.tables.scan(TableName="things")["Count"] == 1
    assert "UpdateTable" not in replaced.operations


@pytest.mark.parametrize(
    "now",
    [{"Table": {"TableStatus": "DELETING"}}, Refusal("ResourceNotFoundException", "no table")],
)
def test_a_table_that_is_deleted_during_its_restoration_is_no_endless_wait(
    now: Any, running: Aws
) -> None:
    lose_table(running)

    def restored_and_lost(_: dict[str, Any]) -> Any:
        running.says("DescribeTable", now)
        return {"TableDescription": {}}

    running.says("RestoreTableFromBackup", restored_and_lost)

    with pytest.raises(UserError, match="things is gone again"):
        bring_back(running)


def test_a_table_that_dynamodb_does_not_tell_of_at_once_is_waited_for(running: Aws) -> None:
    missing = Refusal("ResourceNotFoundException", "no table")
    running.says("DescribeTable", missing, missing, {"Table": {"TableStatus": "ACTIVE"}})
    target = deployment(running, text=STACK).target

    restoring._wait_until_restored(target, "things")

    assert running.operations.count("DescribeTable") == 3


def test_a_table_that_was_deleted_twice_asks_which_backup(running: Aws) -> None:
    lose_table(running)
    deploy.bring_up_to_date(
        deployment(running, text=STACK.replace("Retain", "Delete").replace("ExceptOnCreate", "")),
        Consent(revert_drift=True),
    )
    lose_table(running)

    with pytest.raises(Refused, match="deleted more than once") as caught:
        bring_back(running)
    first = restoring.backups(running.clients.tables, "things")[-1]
    bring_back(running, Wish(backup=first.arn))

    assert f"--backup {first.arn}" in caught.value.mend
    assert whole(running)


def test_what_was_never_kept_is_said_to_be_gone(running: Aws) -> None:
    running.clients.tables.update_continuous_backups(
        TableName="things",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    lose_table(running)

    with pytest.raises(Refused, match="kept no backup of a table things"):
        bring_back(running)


def test_a_stack_that_can_not_be_deployed_afterwards_is_told_first(running: Aws) -> None:
    lose_table(running)
    running.says("DescribeStacks", scripted_aws.stack("UPDATE_ROLLBACK_FAILED"))

    with pytest.raises(Refused, match="UPDATE_ROLLBACK_FAILED"):
        bring_back(running)

    assert "RestoreTableFromBackup" not in running.operations


# A stream that a mapping was left behind on


def test_a_mapping_that_aws_left_on_the_old_stream_is_made_anew(
    running: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether CloudFormation replaces it by itself is documented nowhere."""
    lose_table(running)
    answers = [["Mapping"], []]
    monkeypatch.setattr(streams, "left_behind", lambda _: answers.pop(0))
    before = scripted_aws.physical_ids(running)["Mapping"]

    bring_back(running)

    assert "Mapping still reads the old stream" in capsys.readouterr().err
    assert whole(running)
    assert scripted_aws.physical_ids(running)["Mapping"] != before
    sent = [one["TemplateBody"] for name, one in running.calls if name == "CreateChangeSet"]
    assert ["Mapping" in body for body in sent] == [True, False, True]


def test_a_mapping_on_a_stream_of_before_is_seen(running: Aws) -> None:
    running.says("GetEventSourceMapping", {"EventSourceArn": "arn:x:table/things/stream/old"})

    assert streams.left_behind(scripted_aws.target(running)) == ["Mapping"]


def test_a_mapping_of_another_queue_or_table_is_not_ours_to_judge(running: Aws) -> None:
    running.says("GetEventSourceMapping", {"EventSourceArn": "arn:x:table/other/stream/old"})

    assert streams.left_behind(scripted_aws.target(running)) == []


def test_what_others_refer_to_is_not_taken_away_in_passing(running: Aws) -> None:
    used = STACK.replace("Outputs: {}", "Outputs: {Id: {Value: !Ref Mapping}}")

    with pytest.raises(UserError, match="other resources refer to it"):
        streams.without(deployment(running, text=used), ["Mapping"])


# A second table


def test_a_second_table_is_made_beside_the_first(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    window = {
        "PointInTimeRecoveryStatus": "ENABLED",
        "EarliestRestorableDateTime": at - timedelta(days=1),
        "LatestRestorableDateTime": at,
    }
    described = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": window,
    }
    running.says("DescribeContinuousBackups", {"ContinuousBackupsDescription": described})

    bring_back(running, Wish(to=at))

    name = f"things-{at:%Y%m%d-%H%M%S}"
    assert running.sent("RestoreTableToPointInTime") == {
        "SourceTableName": "things",
        "TargetTableName": name,
        "RestoreDateTime": at,
    }
    assert running.clients.tables.scan(TableName=name)["Count"] == 1
    said = capsys.readouterr().err
    assert f"aws dynamodb delete-table --table-name {name}" in said


NOW = datetime(2026, 11, 28, tzinfo=UTC)
OF_A_DAY = restoring.Table(
    "t", is_there=True, status="ACTIVE", earliest=NOW - timedelta(days=1), latest=NOW
)


@pytest.mark.parametrize(
    ("table", "at", "says"),
    [
        (restoring.Table("t"), NOW, "no table t"),
        (restoring.Table("t", is_there=True, status="ACTIVE"), NOW, "no point-in-time recovery"),
        (OF_A_DAY, NOW + timedelta(seconds=1), "can't be restored to"),
        (OF_A_DAY, NOW - timedelta(days=2), "can't be restored to"),
    ],
)
def test_a_second_that_dynamodb_has_not_is_refused(
    table: restoring.Table, at: datetime, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        restoring.check_second(table, at)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-28T04:00:00", ""])
def test_a_time_without_its_zone_is_no_time(text: str) -> None:
    with pytest.raises(UserError, match="isn't a time with a zone"):
        moment(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--objects x --to 2026-11-28T04:00:00Z", "--objects and --to restore different things"),
        ("--objects x --backup arn:x", "--objects and --backup restore different things"),
        ("--to 2026-11-28T04:00:00Z --backup arn:x", "--to and --backup restore different things"),
        ("--since 2026-11-28T04:00:00Z", "--since is about deleted objects"),
        (
            "--objects x --since 2026-11-28T05:00:00Z --until 2026-11-28T04:00:00Z",
            "--since is later than --until",
        ),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    words: str, said: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["restore", "dev", *words.split()], root) == 2

    assert said in capsys.readouterr().err


def test_a_backup_that_does_not_exist_is_refused_with_those_that_do() -> None:
    backup = Backup("arn:one", NOW)

    with pytest.raises(Refused, match="has no such backup") as caught:
        restoring.chosen("t", [backup], "arn:other")

    assert "--backup arn:one" in caught.value.mend


# Objects


def test_objects_that_were_deleted_come_back_by_prefix_and_time(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = running.clients.s3
    s3.put_object(Bucket=BOX, Key="out/0", Body=b"x")
    begun = datetime.now(UTC)
    for key in ("in/0", "in/1", "out/0"):
        s3.delete_object(Bucket=BOX, Key=key)

    bring_back(running, Wish(objects="in/", since=begun.replace(microsecond=999_999)))

    listed = [one["Key"] for one in s3.list_objects_v2(Bucket=BOX)["Contents"]]
    assert listed == ["in/0", "in/1", "in/2"]
    assert "2 objects are there again." in capsys.readouterr().err


@pytest.mark.parametrize(
    "times", [{"since": NOW + timedelta(days=9000)}, {"until": NOW - timedelta(days=9000)}]
)
def test_what_was_deleted_at_another_time_stays_deleted(
    running: Aws, capsys: pytest.CaptureFixture[str], times: Any
) -> None:
    running.clients.s3.delete_object(Bucket=BOX, Key="in/0")

    bring_back(running, Wish(objects="", **times))

    assert "Nothing below '' in" in capsys.readouterr().err
    assert "DeleteObjects" not in running.operations


def test_what_s3_can_not_delete_for_a_moment_is_asked_for_again(running: Aws) -> None:
    busy = {"Key": "in/0", "VersionId": "0", "Code": "SlowDown"}
    running.says("DeleteObjects", {"Errors": [busy]}, {})
    found = [Marker(f"in/{number}", f"{number}", NOW) for number in range(2)]

    undeleting.undelete(running.clients.s3, BOX, ACCOUNT, found, lambda _: None)

    asked = [one["Delete"]["Objects"] for name, one in running.calls if name == "DeleteObjects"]
    assert [len(page) for page in asked] == [2, 1]


def test_without_a_bucket_that_keeps_versions_nothing_can_come_back(running: Aws) -> None:
    careless = STACK.replace("VersioningConfiguration: {Status: Enabled}", "Tags: []")

    with pytest.raises(Refused, match="no bucket that keeps versions"):
        restore.bring_back(deployment(running, text=careless), Wish(objects=""), "dev")


def test_an_error_of_aws_is_no_missing_table(running: Aws) -> None:
    running.says("DescribeTable", Refusal("AccessDeniedException", "no", 400))

    with pytest.raises(Exception, match="AccessDenied"):
        bring_back(running)
