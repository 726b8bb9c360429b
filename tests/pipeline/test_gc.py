"""gc: old code that no stack needs, and nothing else, leaves the deployment bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline import answers
from pipeline.deploying import screen
from pipeline.errors import Refused
from pipeline.stations import gc
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import PROJECT, Aws, Refusal

NOW = datetime.now(UTC)
USED, OLD = f"hello.{'a' * 16}.zip", f"hello.{'b' * 16}.zip"


def version(key: str, days: float, *, latest: bool = True, id_: str = "1") -> dict[str, Any]:
    at = NOW - timedelta(days=days)
    return {"Key": key, "VersionId": id_, "Size": 7, "LastModified": at, "IsLatest": latest}


def stacks(bucket: str, status: str = "UPDATE_COMPLETE", name: str = "other") -> dict[str, Any]:
    one = scripted_aws.stack(status)["Stacks"][0]
    parameters = {"CodeBucket": bucket, "HelloKey": USED}
    listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    return {"Stacks": [{**one, "StackName": name, "Parameters": listed}]}


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A deployment bucket that one stack uses, with code of it."""
    bucket = scripted_aws.target(scripted).bucket.name
    scripted.says("HeadBucket", {"BucketRegion": "us-east-1"})
    scripted.says("DescribeStacks", stacks(bucket))
    scripted.says("ListObjectVersions", {"Versions": [version(USED, 90), version(OLD, 90)]})
    scripted.says("DeleteObjects", {})
    return scripted


def collected(aws: Aws) -> list[tuple[str, str]]:
    """What was deleted."""
    gc.collect(scripted_aws.target(aws), "dev")
    if "DeleteObjects" not in aws.operations:
        return []
    return [
        (one["Key"], one["VersionId"]) for one in aws.sent("DeleteObjects")["Delete"]["Objects"]
    ]


def test_code_that_a_stack_names_stays_whatever_its_age(aws: Aws) -> None:
    assert collected(aws) == [(OLD, "1")]


def test_what_is_younger_than_thirty_days_stays(aws: Aws) -> None:
    aws.says("ListObjectVersions", {"Versions": [version(OLD, 29.9)]})

    assert collected(aws) == []


def test_old_versions_of_a_key_that_is_used_go_and_the_latest_stays(aws: Aws) -> None:
    both = [version(USED, 60), version(USED, 90, latest=False, id_="0")]
    aws.says("ListObjectVersions", {"Versions": both})

    assert collected(aws) == [(USED, "0")]


def test_delete_markers_and_templates_go_too(aws: Aws) -> None:
    template = f"templates/{PROJECT}-dev.{'c' * 16}.yaml"
    marker = {key: value for key, value in version(OLD, 40).items() if key != "Size"}
    aws.says("ListObjectVersions", {"Versions": [version(template, 50)], "DeleteMarkers": [marker]})

    assert collected(aws) == [(template, "1"), (OLD, "1")]


@pytest.mark.parametrize(
    "key", ["report.zip", "hello.zip", f"sub/hello.{'a' * 16}.zip", f"x.{'a' * 16}.zip.bak"]
)
def test_what_deploy_never_made_stays(aws: Aws, key: str) -> None:
    aws.says("ListObjectVersions", {"Versions": [version(key, 999)]})

    assert collected(aws) == []


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_nothing_goes_while_a_stack_that_uses_the_bucket_is_not_at_rest(
    aws: Aws, status: str
) -> None:
    bucket = scripted_aws.target(aws).bucket.name
    aws.says("DescribeStacks", {**stacks("x"), "NextToken": "2"}, stacks(bucket, status))

    with pytest.raises(Refused, match=f"the stack other takes its code .* {status}"):
        collected(aws)

    assert "DeleteObjects" not in aws.operations


def test_a_busy_stack_that_uses_another_bucket_is_nobodys_business(aws: Aws) -> None:
    aws.says("DescribeStacks", stacks("another-bucket", "UPDATE_IN_PROGRESS"))

    assert sorted(collected(aws)) == [(USED, "1"), (OLD, "1")]


def test_nothing_is_deleted_before_the_name_was_typed(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ask", lambda _: "no")
    answer = answers.Collect(environment="dev")

    with pytest.raises(Refused):
        gc.collect(scripted_aws.target(aws), None, answer)

    assert [one.key for one in answer.unneeded] == [OLD]
    assert "DeleteObjects" not in aws.operations


def test_no_bucket_is_no_mistake(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.says("HeadBucket", Refusal("404", status=404))

    assert collected(aws) == []
    assert "There is no deployment bucket" in capsys.readouterr().err
