"""Each resource type: made, read back through its own service, changed, and gone again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloudformation import schemas
from localcloud.resources import HANDLERS
from tests.localcloud.cases import CASES, Case, resource
from tests.localcloud.driving import CODE_BUCKET, Driver, resources


def template(case: Case, properties: dict[str, Any]) -> dict[str, Any]:
    outputs = {name: {"Value": {"Fn::GetAtt": ["It", name]}} for name in case.attributes}
    outputs["Ref"] = {"Value": {"Ref": "It"}}  # type: ignore[dict-item]
    one = resource(case.type, **properties)
    if "Permission" in case.needs:
        one["DependsOn"] = "Permission"
    zone = {"Zone": {"Type": "String", "Default": "Z0"}}
    return {"Parameters": zone, **resources(**case.needs, It=one), "Outputs": outputs}


def test_every_type_has_a_case() -> None:
    assert {case.type for case in CASES} == set(HANDLERS)


@pytest.mark.parametrize("kind", sorted(HANDLERS))
def test_what_a_type_holds_is_in_its_schema(kind: str) -> None:
    assert HANDLERS[kind].holds <= set(schemas.properties(kind))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
def test_a_type_is_made_read_back_changed_and_deleted(aws_here: Driver, case: Case) -> None:
    aws_here.put_code("one.zip")
    aws_here.put_code("two.zip", source="other = 1")
    zone = [{"ParameterKey": "Zone", "ParameterValue": aws_here.make_zone()}]

    created = aws_here.deploy(template(case, case.before), Parameters=zone)
    assert created["StackStatus"] == "CREATE_COMPLETE", aws_here.history()
    assert aws_here.read_back().differences == ()
    assert all(output["OutputValue"] for output in created["Outputs"])

    updated = aws_here.deploy(template(case, case.after), Parameters=zone)
    assert updated["StackStatus"] == "UPDATE_COMPLETE", aws_here.history()
    assert aws_here.read_back().differences == ()

    aws_here.stacks.delete_stack(StackName="app")
    gone = aws_here.stack(created["StackId"])
    assert gone["StackStatus"] == "DELETE_COMPLETE", aws_here.history(created["StackId"])


# ---- what only one type has


def reason(aws_here: Driver) -> str:
    """Why the first resource failed."""
    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "CREATE_FAILED")
    return str(failed["ResourceStatusReason"])


def test_a_function_without_its_code_fails(aws_here: Driver) -> None:
    aws_here.put_code("other.zip")
    case = next(one for one in CASES if one.type == "AWS::Lambda::Function")

    stack = aws_here.deploy(template(case, case.before))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "S3 Error Code: NoSuchKey" in reason(aws_here)
    assert f"s3://{CODE_BUCKET}/one.zip" in reason(aws_here)


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("plain-name", "account-regional"),
        ("uploads-123456789012-eu-west-1-an", "account-regional"),
        ("uploads-210987654321-us-east-1-an", "account-regional"),
        ("uploads-123456789012-us-east-1-an", None),
    ],
)
def test_a_bucket_name_outside_its_namespace_fails(
    aws_here: Driver, name: str, namespace: str | None
) -> None:
    properties = {"BucketName": name} | ({"BucketNamespace": namespace} if namespace else {})

    aws_here.deploy(resources(Bucket=resource("AWS::S3::Bucket", **properties)))

    assert "account-regional namespace" in reason(aws_here)


def test_a_web_acl_for_cloudfront_lives_in_one_region(aws_here: Driver) -> None:
    elsewhere = Driver(aws_here.endpoint, region="eu-central-1")
    case = next(one for one in CASES if one.type == "AWS::WAFv2::WebACL")

    elsewhere.deploy(template(case, case.before))

    assert "only be made in us-east-1" in reason(elsewhere)


def test_the_website_url_follows_the_region(aws_here: Driver) -> None:
    bucket = resource("AWS::S3::Bucket", BucketName="website")
    url = {"Url": {"Value": {"Fn::GetAtt": ["B", "WebsiteURL"]}}}
    elsewhere = Driver(aws_here.endpoint, region="eu-central-1")

    stack = elsewhere.deploy({**resources(B=bucket), "Outputs": url})

    assert stack["StackStatus"] == "CREATE_COMPLETE", elsewhere.history()
    assert (
        stack["Outputs"][0]["OutputValue"] == "http://website.s3-website.eu-central-1.amazonaws.com"
    )


def test_a_function_is_kept_and_not_run(
    aws_here: Driver, capfd: pytest.CaptureFixture[str]
) -> None:
    aws_here.put_code("one.zip")
    case = next(one for one in CASES if one.type == "AWS::Lambda::Function")
    aws_here.deploy(template(case, case.before))

    answer = aws_here("lambda").invoke(FunctionName="f")

    assert answer["FunctionError"]
    assert b"isn't run by this endpoint" in answer["Payload"].read()
    assert "docker" not in "".join(capfd.readouterr())


# ---- the proof itself


def test_what_is_changed_behind_the_stack_is_a_difference(aws_here: Driver) -> None:
    case = next(one for one in CASES if one.type == "AWS::Logs::LogGroup")
    aws_here.deploy(template(case, case.before))
    aws_here("logs").put_retention_policy(logGroupName="/g", retentionInDays=90)

    (difference,) = aws_here.read_back().differences

    assert difference == ("It", "RetentionInDays", 7, 90)


def test_what_is_gone_is_a_difference(aws_here: Driver) -> None:
    case = next(one for one in CASES if one.type == "AWS::DynamoDB::Table")
    aws_here.deploy(template(case, case.after))
    aws_here("dynamodb").delete_table(TableName="t")

    (difference,) = aws_here.read_back().differences

    assert (difference.logical_id, difference.path) == ("It", "")
    with pytest.raises(ClientError):
        aws_here("dynamodb").describe_table(TableName="t")


def test_what_no_service_gives_back_is_listed(aws_here: Driver) -> None:
    case = next(one for one in CASES if one.type == "AWS::KMS::Key")
    aws_here.deploy(template(case, case.before))

    report = aws_here.read_back()

    assert report.unread == ("It.PendingWindowInDays",)
