"""Every command of docs/operations.md, carried out as it stands there against the local endpoint.

The page's capital words are replaced by the names of production's stack, which is deployed first. A
command that is new on the page belongs into a scene here, or into the page's own list of those that
nobody carries out.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from localcloud.keys import Endpoint
from pipeline.__main__ import main
from pipeline.connecting import clients
from pipeline.deploying import events, screen
from tests.conftest import ROOT
from tests.localcloud.test_endpoint import command_line
from tests.pipeline import scripted_aws

PAGE = (ROOT / "docs/operations.md").read_text()
PHOTO = "session-uploads/s/photo"
UPLOADS = "qr-upload-uploads-prod-123456789012-us-east-1-an"
WEBSITE = "qr-upload-website-prod-123456789012-us-east-1-an"
TABLE = "qr-upload-sessions-prod"
KEY = {"sessionId": {"S": "s"}}
REFUSED = 3


def commands(page: str) -> list[str]:
    """What stands in blocks of shell and in the text, without comments, each once."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    lines = [re.sub(r"\s+# .*", "", line).strip() for line in blocks.splitlines()]
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    spans = re.findall(r"`((?:nox|aws|gh|openssl|python)\s[^`]*)`", prose)
    return list(dict.fromkeys(" ".join(one.split()) for one in [*lines, *spans] if one))


def excepted(page: str) -> list[str]:
    """How the commands begin that the page says nobody carries out."""
    table = page.partition("| not carried out there |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [one for cell in cells for one in re.findall(r"`([^`]+)`", cell)]


EXCEPTED = excepted(PAGE)
OTHERS = [one for one in commands(PAGE) if not any(one.startswith(each) for each in EXCEPTED)]


@dataclass
class Stage:
    """Where the commands are carried out: a copy of the repository, and the endpoint's account."""

    root: Path
    endpoint: Endpoint
    session: Session
    done: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.session.client(service)  # type: ignore[call-overload]  # any of them

    def run(self, command: str, code: int = 0, **words: str) -> str:
        """One command of the page, with its capital words replaced."""
        assert command in OTHERS, f"the page has no {command}"
        self.done.append(command)
        text = command
        known = self.words | words
        for name in sorted(known, key=len, reverse=True):
            text = re.sub(rf"(?<![A-Z_]){name}(?![A-Z_])", known[name].replace("\\", ""), text)
        if text.startswith("nox -s "):
            self._stations(text, code)
            return ""
        return self._shell(text, code)

    def _stations(self, text: str, code: int) -> None:
        names, _, words = text.removeprefix("nox -s ").partition(" -- ")
        for station in names.split():
            assert main([station, *words.split()], self.root) == code, text

    def _shell(self, text: str, code: int) -> str:
        here = f"{command_line()} --endpoint-url {self.endpoint.url} "
        text = re.sub(r"(?<![\w/-])aws ", lambda _: here, text).replace("/tmp/", f"{self.root}/")  # noqa: S108
        environment = {**os.environ, **self.endpoint.environment(), "AWS_PAGER": ""}
        environment |= {"AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {text}"],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()


@pytest.fixture
def stage(endpoint: Endpoint, project: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An empty account; somebody sits there and agrees to everything, by the right name."""
    scripted_aws.empty(endpoint)
    for name, value in endpoint.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(clients, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(screen, "can_ask", lambda: True)
    monkeypatch.setattr(screen, "ask", lambda question: "yes" if "yes/no" in question else "prod")
    file = project / "environments/prod.yaml"
    text = re.sub(r"(?m)^  account: null", '  account: "123456789012"', file.read_text())
    file.write_text(text)
    return Stage(project, endpoint, Session(region_name="us-east-1"), words={"ENV": "prod"})


def test_the_page_has_commands_and_says_which_nobody_carries_out() -> None:
    assert len(OTHERS) > 50
    assert len(EXCEPTED) > 5
    assert all(any(one.startswith(each) for one in commands(PAGE)) for each in EXCEPTED)


def test_every_command_of_the_page_does_what_it_says(stage: Stage) -> None:
    for scene in (before, deployed, looked_at, mended_by_hand, lost, cleaned, development):
        scene(stage)

    assert set(OTHERS) - set(stage.done) == set()


# The scenes, in the order in which somebody would come to them


def before(stage: Stage) -> None:
    """Nothing is there yet."""
    stage.run("aws sts get-caller-identity")
    stage.run("nox -s plan -- ENV")


def deployed(stage: Stage) -> None:
    """The way to a running stack, and what may follow at once."""
    stage.run("nox -s render deploy -- ENV")
    stage.run("nox -s deploy -- prod --confirm prod")
    stage.run("nox -s deploy -- ENV")
    stage.run("nox -s deploy -- ENV --revert-drift")
    stage.client("dynamodb").put_item(TableName=TABLE, Item=KEY)
    stage.client("s3").put_object(Bucket=UPLOADS, Key=PHOTO, Body=b"photo", IfNoneMatch="*")
    outputs = {
        one["OutputKey"]: one["OutputValue"]
        for one in stage.client("cloudformation").describe_stacks(StackName="qr-upload-prod")[
            "Stacks"
        ][0]["Outputs"]
    }
    stage.words |= {
        "BUCKET": UPLOADS,
        "WEBSITE_BUCKET": WEBSITE,
        "TABLE": TABLE,
        "FUNCTION": "qr-upload-http-api-prod",
        "FAILURE_QUEUE_URL": outputs["FailureQueueUrl"],
        "API": outputs["WebSocketApiId"],
        "NAME": "qr-upload-failures-prod",
        "ACCOUNT": "123456789012",
    }


def looked_at(stage: Stage) -> None:
    """All that reads."""
    for command in (
        "nox -s outputs -- ENV",
        "nox -s outputs -- prod",
        "nox -s diff -- ENV",
        "nox -s drift -- ENV",
        "nox -s diagnose -- ENV",
        "nox -s cost -- ENV --sessions 10000",
        "aws s3api get-bucket-notification-configuration --bucket BUCKET",
        "aws s3api get-bucket-policy --bucket BUCKET --query Policy --output text",
        "aws s3api get-bucket-policy --bucket WEBSITE_BUCKET",
        "aws s3api get-bucket-cors --bucket BUCKET",
    ):
        stage.run(command)
    stage.run("nox -s rollback -- ENV", REFUSED)  # nothing to roll back
    looked_into(stage)
    code = stage.run(
        "aws lambda get-function-configuration --function-name qr-upload-http-api-ENV"
        " --query CodeSha256"
    )
    built = stage.run("openssl dgst -sha256 -binary build/ENV/http_api_handler.zip | base64")
    assert built in code


def looked_into(stage: Stage) -> None:
    """The tables of troubleshooting: each command by what it begins with, an ID where one is."""
    role = stage.run(starting("aws cloudformation describe-stack-resource "))
    headers, distribution = physical(stage, "WebsiteHeaders"), physical(stage, "Distribution")
    read = ("describe-", "get-", "list-", "filter-")
    for command in OTHERS:
        words = command.split()
        if words[0] != "aws" or not words[2].startswith(read) or command in stage.done:
            continue
        if "backups" in command or "list-object-versions" in command:
            continue
        identity = distribution if "distribution" in command else headers
        stage.run(command, ROLE=role, POLICY="DynamoDBAccess", ID=identity)
    stage.run(starting("nox -s logs"))


def mended_by_hand(stage: Stage) -> None:
    """What changes one thing."""
    stage.run(starting("aws cloudfront create-invalidation"), ID=physical(stage, "Distribution"))
    stage.run(starting("aws cloudfront wait"), ID=physical(stage, "Distribution"))
    stage.run("aws cloudwatch enable-alarm-actions --alarm-names NAME")
    firewalls = stage.client("wafv2").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    stage.words["WEB_ACL_ARN"] = firewalls[0]["ARN"]
    stage.run(starting("aws logs create-log-group"))
    stage.run(starting("aws wafv2 put-logging-configuration"))
    stage.run(starting("aws wafv2 delete-logging-configuration"))
    stage.run(starting("aws dynamodb delete-item"), ID="another")


def lost(stage: Stage) -> None:
    """The disasters, by the commands and by hand."""
    now = datetime.now(UTC).replace(microsecond=0)
    s3, tables = stage.client("s3"), stage.client("dynamodb")
    s3.delete_object(Bucket=UPLOADS, Key=PHOTO)
    (marker,) = s3.list_object_versions(Bucket=UPLOADS, Prefix=PHOTO)["DeleteMarkers"]
    listed = stage.run(
        starting("aws s3api list-object-versions --bucket BUCKET --prefix session-uploads/")
    )
    assert marker["VersionId"] in listed
    stage.run(starting("aws s3api delete-object "), KEY=PHOTO, MARKER=marker["VersionId"])
    s3.delete_object(Bucket=UPLOADS, Key=PHOTO)
    later = (now + timedelta(hours=1)).isoformat()
    stage.run("nox -s restore -- ENV --objects session-uploads/ --since TIME", TIME=now.isoformat())
    of_times = starting("nox -s restore -- ENV --objects session-uploads/ --since 2026")
    stage.words |= {"2026-11-28T04:00:00Z": now.isoformat(), "2026-11-28T05:00:00Z": later}
    stage.run(of_times)
    assert s3.get_object(Bucket=UPLOADS, Key=PHOTO)["Body"].read() == b"photo"

    window = tables.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    second = window["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"]
    stage.words["2026-11-28T04:30:00Z"] = at(second)
    stage.run(starting("nox -s restore -- ENV --to "))

    lose_table(tables)
    stage.run("nox -s restore -- ENV")
    backup = newest_backup(tables)
    lose_table(tables)
    stage.run(starting("aws dynamodb list-backups"))
    stage.run(starting("aws dynamodb restore-table-from-backup"), ARN=backup)
    stage.run(starting("aws dynamodb wait table-exists"))
    stage.run(starting("aws dynamodb update-table"))
    stage.run("nox -s deploy -- ENV --revert-drift")
    assert tables.scan(TableName=TABLE)["Count"] == 1

    lose_stack(stage)
    stage.run("nox -s deploy -- ENV --import --revert-drift")
    lose_stack(stage)
    stage.run("nox -s deploy -- ENV --import")


def cleaned(stage: Stage) -> None:
    """What nobody needs; and a protected environment that doesn't go."""
    stage.run(starting("nox -s gc"))
    stage.run("nox -s destroy -- ENV", REFUSED)


def development(stage: Stage) -> None:
    """What is only for an unprotected environment, down to a stack that is deleted by hand."""
    assert main(["deploy", "dev"], stage.root) == 0
    stage.run("nox -s deploy -- dev --code-only")
    answers = iter(["dev", "dev", "dev"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(screen, "ask", lambda _: next(answers))
        stage.run("nox -s destroy -- dev --deployment-bucket")
        assert main(["deploy", "dev"], stage.root) == 0
        stage.run("nox -s destroy -- dev")
    assert main(["deploy", "dev"], stage.root) == 0
    stage.run("nox -s destroy -- dev --confirm dev")
    assert main(["deploy", "dev"], stage.root) == 0
    bucket = next(one for one in buckets(stage) if "website-dev" in one)
    stage.run(starting("aws s3api list-object-versions --bucket BUCKET --max-items"), BUCKET=bucket)
    stage.run(starting("aws s3api delete-objects"), BUCKET=bucket)
    stage.run(starting("aws cloudformation delete-stack"), ENV="dev")
    stage.run(starting("aws cloudformation wait stack-delete-complete"), ENV="dev")
    assert not [one for one in buckets(stage) if "website-dev" in one]


def starting(words: str) -> str:
    """The page's command that begins so."""
    (found,) = [one for one in OTHERS if one.startswith(words)]
    return found


def physical(stage: Stage, logical_id: str) -> str:
    found = stage.client("cloudformation").describe_stack_resource(
        StackName="qr-upload-prod", LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def buckets(stage: Stage) -> list[str]:
    return [one["Name"] for one in stage.client("s3").list_buckets()["Buckets"]]


def at(second: datetime) -> str:
    return second.astimezone(UTC).isoformat()


def lose_table(tables: Any) -> None:
    tables.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    tables.delete_table(TableName=TABLE)


def newest_backup(tables: Any) -> str:
    found = tables.list_backups(TableName=TABLE)["BackupSummaries"]
    newest: str = max(found, key=lambda one: one["BackupCreationDateTime"])["BackupArn"]
    return newest


def lose_stack(stage: Stage) -> None:
    """Somebody takes the lock away, empties the website and deletes the stack."""
    cloudformation = stage.client("cloudformation")
    stage.session.resource("s3").Bucket(WEBSITE).object_versions.delete()
    cloudformation.update_termination_protection(
        StackName="qr-upload-prod", EnableTerminationProtection=False
    )
    cloudformation.delete_stack(StackName="qr-upload-prod")
