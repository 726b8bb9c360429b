"""The disasters of docs/operations.md, rehearsed with production's own template, rules and code.

What the rehearsal took is written to build/rehearsal.txt: the time that the commands themselves
need. AWS's own time (a restoration, a distribution) comes on top of it; only AWS can tell how much.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from localcloud.keys import Endpoint
from pipeline.__main__ import main
from pipeline.deploying import events
from tests.conftest import ROOT
from tests.pipeline import scripted_aws

STACK = "qr-upload-prod"
TABLE = "qr-upload-sessions-prod"
LOG = ROOT / "build/rehearsal.txt"
SLOWEST = 300.0  # seconds that a command may take of its own, also on a busy machine

Run = Callable[..., None]


@pytest.fixture
def aws(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An empty account, to which every command goes."""
    scripted_aws.empty(endpoint)
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)
    return Session(region_name="us-east-1")


@pytest.fixture
def run(aws: Session, project: Path) -> Run:
    """A command on production, timed; `--confirm prod` is typed ahead."""
    file = project / "environments/prod.yaml"
    text = re.sub(r"(?m)^  account: null", '  account: "123456789012"', file.read_text())
    file.write_text(text)

    def go(scene: str, *words: str) -> None:
        begun = time.monotonic()
        assert main([*words, "prod", "--confirm", "prod"], project) == 0
        took = time.monotonic() - begun
        with LOG.open("a") as log:
            log.write(f"{took:6.1f} s  {scene}: {' '.join(words)}\n")
        assert took < SLOWEST

    return go


@pytest.fixture
def running(aws: Session, run: Run) -> Session:
    """Production as a deployment leaves it, with a session in its table and a photo."""
    run("deployed", "deploy")
    aws.client("dynamodb").put_item(TableName=TABLE, Item={"sessionId": {"S": "s"}})
    aws.client("s3").put_object(Bucket=uploads(aws), Key=PHOTO, Body=b"photo", IfNoneMatch="*")
    return aws


PHOTO = "session-uploads/s/photo"


def described(aws: Session) -> dict[str, Any]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return dict(stack)


def outputs(aws: Session) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in described(aws)["Outputs"]}


def uploads(aws: Session) -> str:
    return "qr-upload-uploads-prod-123456789012-us-east-1-an"


def lose_table(aws: Session) -> None:
    tables = aws.client("dynamodb")
    tables.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    tables.delete_table(TableName=TABLE)


def lose_stack(aws: Session) -> None:
    """Somebody takes the lock away, empties the website and deletes the stack."""
    cloudformation, s3 = aws.client("cloudformation"), aws.resource("s3")
    s3.Bucket(outputs(aws)["WebsiteBucketName"]).object_versions.delete()
    cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
    stack_id = described(aws)["StackId"]
    cloudformation.delete_stack(StackName=STACK)
    [stack] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    assert stack["StackStatus"] == "DELETE_COMPLETE", stack


def is_whole(aws: Session, *, sessions: int = 1) -> bool:
    """Items, settings, the function's stream, the photo, and the website's own CORS origin."""
    tables, s3 = aws.client("dynamodb"), aws.client("s3")
    table = tables.describe_table(TableName=TABLE)["Table"]
    ttl = tables.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    mapping = aws.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId="SessionsStream"
    )["StackResourceDetail"]["PhysicalResourceId"]
    source = aws.client("lambda").get_event_source_mapping(UUID=mapping)["EventSourceArn"]
    rules = s3.get_bucket_cors(Bucket=uploads(aws))["CORSRules"]
    return (
        tables.scan(TableName=TABLE)["Count"] == sessions
        and table["DeletionProtectionEnabled"]
        and ttl["TimeToLiveStatus"] == "ENABLED"
        and source == table["LatestStreamArn"]
        and s3.get_object(Bucket=uploads(aws), Key=PHOTO)["Body"].read() == b"photo"
        and {origin for rule in rules for origin in rule["AllowedOrigins"]}
        == {outputs(aws)["WebsiteURL"].rstrip("/")}
    )


def test_every_disaster_of_the_page_is_led_out_of(running: Session, run: Run) -> None:
    aws = running
    assert is_whole(aws)

    lose_table(aws)
    run("the table is lost", "restore")
    assert is_whole(aws)

    begun = datetime.now(UTC).isoformat()
    aws.client("s3").delete_object(Bucket=uploads(aws), Key=PHOTO)
    run("the bucket is emptied", "restore", "--objects", "session-uploads/", "--since", begun)
    assert is_whole(aws)

    before = outputs(aws)["WebsiteURL"]
    lose_stack(aws)
    run("the stack is gone", "deploy", "--import", "--revert-drift")
    assert outputs(aws)["WebsiteURL"] != before
    assert is_whole(aws)

    lose_stack(aws)
    lose_table(aws)
    backup = newest_backup(aws)
    run("everything is gone", "restore", "--backup", backup)
    assert is_whole(aws)


def newest_backup(aws: Session) -> str:
    found = aws.client("dynamodb").list_backups(TableName=TABLE)["BackupSummaries"]
    newest: str = max(found, key=lambda one: one["BackupCreationDateTime"])["BackupArn"]
    return newest
