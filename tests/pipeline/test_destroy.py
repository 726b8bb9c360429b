"""destroy: what goes and what stays, on the endpoint and by scripted answers."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.connecting import clients
from pipeline.deploying import emptying, events, screen
from pipeline.deploying.consent import Consent
from pipeline.deploying.watching import Interrupted
from pipeline.errors import Refused, UserError
from pipeline.stations import deploy, destroy
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    PROJECT,
    ROOT,
    STACK_ID,
    Aws,
    Refusal,
    deployment,
    history,
    of_stack,
)

pytestmark = pytest.mark.usefixtures("unjudged")

TEMPLATE = """\
Resources:
  Kept: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain, Properties: {BucketName: kept-box}}
  Old:
    Type: AWS::S3::Bucket
    Properties: {BucketName: old-box, VersioningConfiguration: {Status: Enabled}}
  Queue: {Type: 'AWS::SQS::Queue'}
"""
LOCKED = """\
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: things, DeletionProtectionEnabled: true}
"""
BEFORE = of_stack("CREATE_COMPLETE")
GOES = of_stack("DELETE_IN_PROGRESS", "User Initiated")
GONE = of_stack("DELETE_COMPLETE")


@pytest.fixture
def running(account: Aws) -> Aws:
    """A running stack, whose buckets hold two versions each, and its deployment bucket."""
    deploy.bring_up_to_date(deployment(account, text=TEMPLATE), Consent())
    for box in ("kept-box", "old-box"):
        for body in (b"1", b"2"):
            account.clients.s3.put_object(Bucket=box, Key="x", Body=body)
    account.reset()
    return account


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """The same by scripted answers: one bucket that is empty, and a deletion that succeeds."""
    scripted.says("DescribeStacks", scripted_aws.stack("CREATE_COMPLETE"))
    scripted.says("GetTemplate", {"TemplateBody": TEMPLATE})
    scripted.says("ListStackResources", {"StackResourceSummaries": [held("Old", "old-box")]})
    scripted.says("ListObjectVersions", {})
    scripted.says("DeleteStack", {})
    scripted.says("DescribeStackEvents", history(BEFORE), history(BEFORE, GOES, GONE))
    return scripted


def held(logical_id: str, name: str, kind: str = "AWS::S3::Bucket") -> dict[str, Any]:
    return {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": name,
        "ResourceType": kind,
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": 0,
    }


def versions(*keys: str) -> dict[str, Any]:
    return {"Versions": [{"Key": key, "VersionId": "1"} for key in keys]}


def take_down(aws: Aws, *, confirm: str | None = "dev", bucket: bool = False) -> None:
    destroy.take_down(deployment(aws).target, confirm, deployment_bucket=bucket)


# On the endpoint


def test_the_stack_goes_with_what_is_in_its_buckets(running: Aws) -> None:
    take_down(running)

    cloudformation, s3 = running.clients.cloudformation, running.clients.s3
    boxes = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert not cloudformation.describe_stacks()["Stacks"]
    assert "old-box" not in boxes
    assert f"{PROJECT}-code-dev-{ACCOUNT}-us-east-1-an" in boxes


def test_what_its_policy_keeps_is_not_even_emptied(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    take_down(running)

    kept = running.clients.s3.list_object_versions(Bucket="kept-box")
    assert len(kept["Versions"]) == 1  # the bucket has no versions: the second took its place
    assert "Kept stays, by its deletion policy: kept-box" in capsys.readouterr().err


def test_what_would_go_is_shown_before_the_name_is_asked(
    running: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "ask", lambda _: "prod")

    with pytest.raises(Refused, match="not its name"):
        take_down(running, confirm=None)

    shown = capsys.readouterr().out
    assert "old-box, 2 versions" in shown
    assert "keep    Kept" in shown
    assert "2 to delete, 1 to keep" in shown
    assert "DeleteObjects" not in running.operations
    assert "DeleteStack" not in running.operations


def test_the_deployment_bucket_goes_when_it_is_asked_for(running: Aws) -> None:
    take_down(running, bucket=True)

    assert [one["Name"] for one in running.clients.s3.list_buckets()["Buckets"]] == ["kept-box"]
    assert running.sent("DeleteBucket")["ExpectedBucketOwner"] == ACCOUNT


def test_nothing_there_is_success(running: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    take_down(running, bucket=True)

    take_down(running, confirm=None, bucket=True)

    shown = capsys.readouterr().err
    assert f"There is no stack {PROJECT}-dev in us-east-1" in shown
    assert "There is no deployment bucket" in shown


def test_each_call_on_a_bucket_says_whose_it_must_be(running: Aws) -> None:
    take_down(running, bucket=True)

    calls = [sent for name, sent in running.calls if "Bucket" in sent]
    assert calls
    assert all(sent.get("ExpectedBucketOwner") == ACCOUNT for sent in calls)


# What is refused


def test_a_protected_environment_is_refused_before_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "connect", lambda _: pytest.fail("AWS was asked"))

    with pytest.raises(Refused, match="prod is protected") as caught:
        destroy.destroy("prod", ROOT, confirm="prod")

    assert caught.value.where.startswith("environments/prod.yaml:")
    assert "protected: false" in caught.value.mend


@pytest.mark.parametrize("confirm", [None, "prod"])
def test_without_a_terminal_the_name_has_to_be_typed_ahead(confirm: str | None) -> None:
    with pytest.raises(Refused, match=r"--confirm|no terminal"):
        destroy.destroy("dev", ROOT, confirm=confirm)


def test_a_deployment_bucket_that_a_person_named_is_theirs() -> None:
    named = scripted_aws.loaded(deployment_bucket="ours")

    with pytest.raises(Refused, match="not made by deploy"):
        destroy.check_bucket_is_ours(named, wanted=True)


def test_protection_that_was_turned_off_but_not_deployed_still_holds(aws: Aws) -> None:
    locked = scripted_aws.stack("CREATE_COMPLETE", EnableTerminationProtection=True)
    aws.says("DescribeStacks", locked)

    with pytest.raises(Refused, match="still protected") as caught:
        take_down(aws)

    assert "deploy that" in caught.value.mend


def test_a_resource_that_is_deployed_protected_is_found_before_anything_goes(aws: Aws) -> None:
    aws.says("GetTemplate", {"TemplateBody": LOCKED})
    one = held("Table", "things", "AWS::DynamoDB::Table")
    aws.says("ListStackResources", {"StackResourceSummaries": [one]})

    with pytest.raises(Refused, match="as deployed: Table"):
        take_down(aws)

    assert "DeleteStack" not in aws.operations


def test_a_busy_stack_is_left_alone(aws: Aws) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_IN_PROGRESS"))

    with pytest.raises(Refused, match="UPDATE_IN_PROGRESS"):
        take_down(aws)


def test_turning_the_protection_off_unlocks_the_stack_at_the_next_deployment(
    running: Aws,
) -> None:
    of = scripted_aws.protected()
    deploy.bring_up_to_date(deployment(running, of, TEMPLATE), Consent("dev"))
    deploy.bring_up_to_date(deployment(running, text=TEMPLATE), Consent())

    take_down(running)

    assert not running.clients.cloudformation.describe_stacks()["Stacks"]


# Emptying


def empty(aws: Aws) -> int:
    return emptying.empty(aws.clients.s3, "old-box", ACCOUNT, lambda _: None)


def test_a_bucket_of_many_pages_is_listed_anew_until_it_is_empty(aws: Aws) -> None:
    full = versions(*(str(number) for number in range(1000)))
    markers = {"DeleteMarkers": [{"Key": "y", "VersionId": "2"}]}
    aws.says("ListObjectVersions", full, {**versions("x"), **markers}, {})
    aws.says("DeleteObjects", {})

    assert empty(aws) == 1002
    assert aws.operations.count("DeleteObjects") == 2
    assert all("KeyMarker" not in sent for _, sent in aws.calls)


def test_a_version_that_s3_was_too_busy_for_is_tried_again(aws: Aws) -> None:
    busy = {"Errors": [{"Key": "x", "VersionId": "1", "Code": "InternalError"}]}
    aws.says("ListObjectVersions", versions("x", "y"), versions("x"), {})
    aws.says("DeleteObjects", busy, {})

    assert empty(aws) == 2


def test_a_version_that_may_not_be_deleted_is_named(aws: Aws) -> None:
    denied = {"Key": "x", "VersionId": "1", "Code": "AccessDenied", "Message": "Access Denied"}
    aws.says("ListObjectVersions", versions("x", "y"))
    aws.says("DeleteObjects", {"Errors": [denied]})

    with pytest.raises(UserError, match="the first is x: Access Denied") as caught:
        empty(aws)

    assert "s3:DeleteObjectVersion" in caught.value.mend


def test_a_bucket_that_stays_full_is_no_endless_loop(aws: Aws) -> None:
    busy = {"Errors": [{"Key": "x", "VersionId": "1", "Code": "InternalError"}]}
    aws.says("ListObjectVersions", versions("x"))
    aws.says("DeleteObjects", busy)

    with pytest.raises(UserError, match="does not delete"):
        empty(aws)

    assert aws.operations.count("DeleteObjects") == emptying.TRIES


def test_a_bucket_that_is_gone_is_empty(aws: Aws) -> None:
    aws.says("ListObjectVersions", Refusal("NoSuchBucket", status=404))

    assert empty(aws) == 0


# What AWS refuses


def test_a_failed_deletion_shows_its_reason_and_the_way_out(aws: Aws) -> None:
    why = ("Old", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty")
    aws.says(
        "DescribeStackEvents",
        history(BEFORE),
        history(BEFORE, GOES, why, of_stack("DELETE_FAILED", "failed to delete: [Old]")),
    )

    with pytest.raises(UserError, match="The bucket you tried to delete is not empty") as caught:
        take_down(aws)

    assert caught.value.exit_code == 1
    assert "Empty the bucket first" in caught.value.mend
    assert aws.operations.count("DeleteStack") == 1


def test_ctrl_c_while_the_deletion_is_asked_for_says_that_it_may_have_begun(aws: Aws) -> None:
    aws.says("DeleteStack", KeyboardInterrupt())

    with pytest.raises(Interrupted, match="may have begun"):
        take_down(aws)


def test_an_upload_that_arrives_meanwhile_is_deleted_in_a_second_round(aws: Aws) -> None:
    why = ("Old", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty")
    failed = (GOES, why, of_stack("DELETE_FAILED"))
    aws.says("ListObjectVersions", {}, {}, versions("late"), {})
    aws.says("DeleteObjects", {})
    aws.says(
        "DescribeStackEvents",
        history(BEFORE),
        history(BEFORE, *failed),
        history(BEFORE, *failed),
        history(BEFORE, *failed, GOES, GONE),
    )

    take_down(aws)

    assert aws.operations.count("DeleteStack") == 2


def test_a_deletion_that_never_begins_is_no_success(aws: Aws) -> None:
    aws.says("DescribeStackEvents", history(BEFORE))

    with pytest.raises(UserError, match="did not change as asked"):
        take_down(aws)

    assert aws.operations.count("DescribeStackEvents") == events.SILENCE + 1


def test_the_stack_is_watched_by_its_id_because_its_name_is_gone(aws: Aws) -> None:
    take_down(aws)

    assert aws.sent("DescribeStackEvents")["StackName"] == STACK_ID
