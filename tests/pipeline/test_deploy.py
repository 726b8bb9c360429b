"""plan, deploy and outputs on a local endpoint: what is done, in which order, what is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import checks
from pipeline.connecting import clients
from pipeline.deploying import bucket as buckets
from pipeline.deploying import screen
from pipeline.deploying.consent import Consent, check_confirmation
from pipeline.deploying.target import identify
from pipeline.errors import Refused, UserError
from pipeline.findings import Finding, Level
from pipeline.stations import deploy, outputs, plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    ARTIFACT,
    PROJECT,
    ROOT,
    STACK,
    TEMPLATE,
    Aws,
    deployment,
)

pytestmark = pytest.mark.usefixtures("unjudged")

OUTPUTS = [
    {"OutputKey": "Url", "OutputValue": "https://x.test"},
    {"OutputKey": "Table", "OutputValue": "things", "Description": "the table"},
]
BUCKET = f"{PROJECT}-code-dev-{ACCOUNT}-us-east-1-an"


@pytest.fixture
def aws(account: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty account."""
    monkeypatch.setattr(clients, "connect", lambda _: account.clients)
    return account


def objects(aws: Aws) -> list[str]:
    found = aws.clients.s3.list_object_versions(Bucket=BUCKET)
    versions, markers = found.get("Versions", []), found.get("DeleteMarkers", [])
    return [one["Key"] for one in versions] + [one["Key"] for one in markers]


def test_a_deployment_makes_the_stack_and_shows_its_events(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    [stack] = aws.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert "CREATE_COMPLETE" in capsys.readouterr().err


def test_the_code_is_uploaded_under_its_hash(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    assert objects(aws) == [ARTIFACT.key]
    stored = aws.clients.s3.get_object(Bucket=BUCKET, Key=ARTIFACT.key)
    assert stored["Body"].read() == ARTIFACT.data


def test_a_second_deployment_finds_nothing_to_change(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())
    aws.reset()

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" not in aws.operations
    assert "PutObject" not in aws.operations
    assert "Nothing to change" in capsys.readouterr().err
    assert not aws.clients.cloudformation.list_change_sets(StackName=STACK)["Summaries"][1:]


def test_an_update_changes_the_running_stack(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    deploy.bring_up_to_date(deployment(aws, text=TEMPLATE.replace("'1'", "'2'")), Consent())

    assert aws.sent("CreateChangeSet")["ChangeSetType"] == "UPDATE"
    [stack] = aws.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"


def test_every_parameter_is_passed_and_none_taken_from_the_last_time(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.sent("CreateChangeSet")["Parameters"] == [
        {"ParameterKey": "CodeBucket", "ParameterValue": BUCKET},
        {"ParameterKey": "HelloKey", "ParameterValue": ARTIFACT.key},
        {"ParameterKey": "Size", "ParameterValue": "1"},
    ]


def test_tags_and_only_the_needed_capability_are_passed(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    sent = aws.sent("CreateChangeSet")
    assert {tag["Key"]: tag["Value"] for tag in sent["Tags"]} == deployment(aws).settings.tags
    assert sent["Capabilities"] == ["CAPABILITY_IAM"]


def test_a_plan_of_a_new_stack_leaves_nothing_behind(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.show_plan(deployment(aws))

    assert not aws.clients.cloudformation.describe_stacks()["Stacks"]
    assert not aws.clients.s3.list_buckets()["Buckets"]
    shown = capsys.readouterr()
    assert f"{BUCKET} would be created" in shown.err
    assert f"{ARTIFACT.key} would be uploaded" in shown.err


def test_a_plan_of_a_running_stack_changes_nothing(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())
    before = aws.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    aws.reset()

    plan.show_plan(deployment(aws, text=TEMPLATE.replace("'1'", "'2'")))

    assert aws.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"] == before
    assert {"PutObject", "ExecuteChangeSet", "DeleteStack"}.isdisjoint(aws.operations)
    assert "DeleteChangeSet" in aws.operations


def test_the_account_is_asked_for_before_anything_else(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr(deploy, "build", lambda of, _: (scripted_aws.rendered(of), [ARTIFACT]))

    deploy.deploy("dev", project, Consent())

    assert aws.operations[0] == "GetCallerIdentity"


def test_another_account_is_refused_with_both_numbers(aws: Aws) -> None:
    of = scripted_aws.loaded(
        aws={**scripted_aws.loaded().settings.aws.model_dump(), "account": "999999999999"}
    )

    with pytest.raises(Refused) as caught:
        identify(aws.clients, of)

    assert ACCOUNT in str(caught.value)
    assert "999999999999" in str(caught.value)
    assert caught.value.where.startswith("environments/dev.yaml:")
    assert aws.operations == ["GetCallerIdentity"]


@pytest.mark.parametrize("station", [plan.plan, deploy.deploy])
def test_a_protected_environment_without_an_account_is_refused_unseen(
    aws: Aws, project: Path, station: object
) -> None:
    file = project / "environments" / "dev.yaml"
    file.write_text(file.read_text().replace("protected: false", "protected: true"))
    assert callable(station)

    with pytest.raises(Refused, match="which account"):
        station("dev", project)

    assert not aws.operations


def test_a_finding_stops_a_deployment_before_any_call(
    aws: Aws, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = Finding("guard", "PRIVATE", Level.WARNING, "It is public.")
    monkeypatch.setattr(checks, "judge", lambda *_: [finding])

    with pytest.raises(UserError, match="lint and guard found 1 warning"):
        deploy.deploy("dev", project, Consent())

    assert not aws.operations


def test_outputs_are_lines_where_there_is_no_terminal(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE", Outputs=OUTPUTS))

    outputs.outputs("dev", ROOT)

    assert capsys.readouterr().out == "Table   things          the table\nUrl     https://x.test\n"


def test_outputs_of_no_stack_say_how_to_get_one(aws: Aws) -> None:
    with pytest.raises(UserError, match="python -m pipeline deploy dev"):
        outputs.outputs("dev", ROOT)


def test_a_deployment_writes_the_real_keys_to_the_parameter_file(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr(deploy, "build", lambda of, _: (scripted_aws.rendered(of), [ARTIFACT]))

    deploy.deploy("dev", project, Consent())

    written = json.loads((project / "build/dev/parameters.json").read_text())
    values = {one["ParameterKey"]: one["ParameterValue"] for one in written}
    assert values == {"CodeBucket": BUCKET, "HelloKey": ARTIFACT.key, "Size": "1"}
    assert (project / "build/dev/hello.zip").read_bytes() == ARTIFACT.data


# The deployment bucket


def test_the_deployment_bucket_is_private_encrypted_versioned_and_tls_only(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    s3 = aws.clients.s3
    block = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_is_made_where_only_this_account_can_have_the_name(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.sent("CreateBucket")["BucketNamespace"] == "account-regional"


def test_every_call_to_s3_says_whose_bucket_it_must_be(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    s3 = [(name, sent) for name, sent in aws.calls if "Bucket" in sent and name != "CreateBucket"]
    assert len(s3) > 6
    assert all(sent["ExpectedBucketOwner"] == ACCOUNT for _, sent in s3)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_bucket_is_in_the_region_of_the_stack(aws: Aws, region: str) -> None:
    bucket = buckets.Bucket("some-bucket", ACCOUNT, region, "aws", made_here=False)
    aws.says("CreateBucket", {})

    buckets._create(aws.clients.s3, bucket)

    place = aws.sent("CreateBucket").get("CreateBucketConfiguration")
    assert place == (None if region == "us-east-1" else {"LocationConstraint": region})
    assert "BucketNamespace" not in aws.sent("CreateBucket")


def test_a_bucket_that_an_interrupted_run_left_gets_the_rest(aws: Aws) -> None:
    aws.clients.s3.create_bucket(Bucket=BUCKET)

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "TlsOnly" in aws.clients.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]


def test_a_bucket_that_somebody_else_made_is_used_as_it_is(aws: Aws) -> None:
    aws.clients.s3.create_bucket(Bucket="ours")

    deploy.bring_up_to_date(
        deployment(aws, scripted_aws.loaded(deployment_bucket="ours")), Consent()
    )

    assert "PutBucketPolicy" not in aws.operations
    assert aws.sent("PutObject")["Bucket"] == "ours"


def test_a_strangers_bucket_is_refused_before_anything_is_sent_there(aws: Aws) -> None:
    aws.says("HeadBucket", scripted_aws.Refusal("403", "Forbidden", 403))

    with pytest.raises(Refused, match="is not account"):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "PutObject" not in aws.operations
    assert "CreateChangeSet" not in aws.operations


def test_a_name_that_is_taken_meanwhile_is_refused(aws: Aws) -> None:
    aws.says("CreateBucket", scripted_aws.Refusal("BucketAlreadyExists", status=409))

    with pytest.raises(Refused, match="is not account"):
        deploy.bring_up_to_date(deployment(aws), Consent())


@pytest.mark.parametrize(
    "answer",
    [{"BucketRegion": "eu-west-1"}, scripted_aws.Refusal("301", "Moved Permanently", 301)],
)
def test_a_bucket_in_another_region_is_named(aws: Aws, answer: dict[str, str]) -> None:
    aws.says("HeadBucket", answer)

    with pytest.raises(UserError, match="only from its own region"):
        deploy.bring_up_to_date(deployment(aws), Consent())


def test_code_that_is_not_whole_is_uploaded_again(aws: Aws) -> None:
    aws.clients.s3.create_bucket(Bucket=BUCKET)
    aws.clients.s3.put_object(Bucket=BUCKET, Key=ARTIFACT.key, Body=b"half")

    deploy.bring_up_to_date(deployment(aws), Consent())

    stored = aws.clients.s3.get_object(Bucket=BUCKET, Key=ARTIFACT.key)["Body"].read()
    assert stored == ARTIFACT.data


# Templates above 51,200 bytes

LONG = TEMPLATE + "#" * 51_200 + "\n"
TOO_LONG = TEMPLATE.replace("the table", "t" * 1000) + "".join(
    f"  Out{n}: {{Value: x, Description: '{'d' * 1000}'}}\n" for n in range(52)
)


def test_a_long_template_goes_by_s3_and_says_so(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(aws, text=LONG), Consent())

    url = aws.sent("CreateChangeSet")["TemplateURL"]
    assert url.startswith(f"https://s3.amazonaws.com/{BUCKET}/templates/{STACK}.")
    assert "so it is uploaded to s3://" in capsys.readouterr().err


def test_a_plan_of_a_long_template_needs_no_bucket(aws: Aws) -> None:
    plan.show_plan(deployment(aws, text=LONG))

    assert json.loads(aws.sent("CreateChangeSet")["TemplateBody"])["Resources"]["Table"]
    assert not aws.clients.s3.list_buckets()["Buckets"]


def test_a_plan_of_a_very_long_template_says_that_it_needs_the_bucket(aws: Aws) -> None:
    with pytest.raises(UserError, match="from S3 only"):
        plan.show_plan(deployment(aws, text=TOO_LONG))


def test_a_plan_takes_back_what_it_uploads(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    plan.show_plan(deployment(aws, text=TOO_LONG))

    assert aws.sent("CreateChangeSet")["TemplateURL"]
    assert objects(aws) == [ARTIFACT.key]


# Protected environments


def test_a_protected_stack_is_locked_against_deletion(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws, scripted_aws.protected()), Consent("dev"))

    sent = aws.sent("UpdateTerminationProtection")
    assert sent["EnableTerminationProtection"] is True


def test_an_unprotected_stack_is_not_locked(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "UpdateTerminationProtection" not in aws.operations


def test_a_protected_environment_deploys_when_its_name_is_typed(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ask", lambda _: "dev")

    deploy.bring_up_to_date(deployment(aws, scripted_aws.protected()), Consent())

    assert "ExecuteChangeSet" in aws.operations


@pytest.mark.parametrize("typed", ["", "yes", "prod"])
def test_another_word_than_its_name_leaves_nothing_behind(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr(screen, "ask", lambda _: typed)

    with pytest.raises(Refused, match="not its name"):
        deploy.bring_up_to_date(deployment(aws, scripted_aws.protected()), Consent())

    assert "ExecuteChangeSet" not in aws.operations
    assert not aws.clients.cloudformation.describe_stacks()["Stacks"]


def test_without_a_terminal_the_name_must_come_with_the_command() -> None:
    with pytest.raises(Refused, match="--confirm dev"):
        check_confirmation(scripted_aws.protected(), None)


def test_a_name_that_is_another_environments_is_refused_everywhere() -> None:
    with pytest.raises(Refused, match="--confirm says prod"):
        check_confirmation(scripted_aws.loaded(), "prod")


def test_development_is_not_asked_anything() -> None:
    check_confirmation(scripted_aws.loaded(), None)


# What whoever deploys must be allowed
