"""deploy --code-only: the functions alone, and what a deployment makes of it afterwards."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from pipeline.deploying import code_only
from pipeline.deploying.consent import Consent
from pipeline.deploying.deployment import Deployment
from pipeline.errors import Refused, UserError
from pipeline.packaging.zips import Artifact
from pipeline.stations import deploy
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ROOT, STACK_ID, ZIP, Aws, Refusal, deployment

pytestmark = pytest.mark.usefixtures("unjudged")

OTHER = ZIP[:-2] + b"\x01\x00!"  # an empty zip with a comment
NEW = Artifact("hello.zip", OTHER, hashlib.sha256(OTHER).hexdigest())


def hashed(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@pytest.fixture
def running(account: Aws) -> Aws:
    deploy.bring_up_to_date(deployment(account), Consent())
    account.reset()
    return account


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A function that runs something else."""
    function = {
        "LogicalResourceId": "Hello",
        "PhysicalResourceId": "hello-1",
        "ResourceType": "AWS::Lambda::Function",
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": 0,
    }
    scripted.says("DescribeStacks", scripted_aws.stack("CREATE_COMPLETE"))
    scripted.says("GetTemplate", {"TemplateBody": scripted_aws.TEMPLATE})
    scripted.says("ListStackResources", {"StackResourceSummaries": [function]})
    scripted.says("GetFunctionConfiguration", {"CodeSha256": "x"})
    scripted.says("UpdateFunctionCode", {})
    return scripted


def with_new_code(aws: Aws) -> Deployment:
    return replace(deployment(aws), artifacts=[NEW])


def code(aws: Aws) -> str:
    [one] = aws.clients.functions.list_functions()["Functions"]
    return one["CodeSha256"]


def test_the_functions_run_the_new_code_and_no_change_set_is_made(running: Aws) -> None:
    deploy.put_code(with_new_code(running))

    assert code(running) == hashed(OTHER)
    assert "CreateChangeSet" not in running.operations
    assert "PutObject" not in running.operations


def test_code_that_runs_already_is_not_sent(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.put_code(deployment(running))

    assert "UpdateFunctionCode" not in running.operations
    assert "run this code already" in capsys.readouterr().err


def test_a_deployment_that_finds_nothing_to_change_still_puts_the_code_right(
    running: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.put_code(with_new_code(running))

    deploy.bring_up_to_date(deployment(running), Consent())

    assert code(running) == hashed(ZIP)
    shown = capsys.readouterr().err
    assert "Nothing to change" in shown
    assert "code that --code-only had deployed" in shown


def test_production_gets_its_code_by_a_whole_deployment() -> None:
    with pytest.raises(Refused, match="for unprotected development") as caught:
        deploy.deploy_code("prod", ROOT)

    assert caught.value.where.startswith("environments/prod.yaml:")


def test_without_a_stack_there_are_no_functions(aws: Aws) -> None:
    aws.says("DescribeStacks", Refusal("ValidationError", "Stack does not exist"))

    with pytest.raises(UserError, match="there is no stack"):
        deploy.put_code(deployment(aws))


def test_a_function_that_is_gone_is_told_with_what_makes_it_anew(aws: Aws) -> None:
    aws.says("GetFunctionConfiguration", Refusal("ResourceNotFoundException", "no", 404))

    with pytest.raises(UserError, match="the function hello-1 is gone") as caught:
        deploy.put_code(deployment(aws))

    assert "nox -s deploy -- dev --revert-drift" in caught.value.mend


def test_a_busy_stack_is_left_alone(aws: Aws) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_IN_PROGRESS"))

    with pytest.raises(Refused, match="UPDATE_IN_PROGRESS"):
        deploy.put_code(deployment(aws))


def configuration(status: str, **more: Any) -> dict[str, Any]:
    return {"CodeSha256": "x", "LastUpdateStatus": status, **more}


def test_it_waits_until_lambda_has_taken_the_code(aws: Aws) -> None:
    aws.says(
        "GetFunctionConfiguration",
        configuration("Successful"),
        configuration("InProgress"),
        configuration("Successful"),
    )

    deploy.put_code(deployment(aws))

    assert aws.operations[-3:] == [
        "UpdateFunctionCode",
        "GetFunctionConfiguration",
        "GetFunctionConfiguration",
    ]


def test_code_that_lambda_can_not_use_is_a_failure(aws: Aws) -> None:
    failed = configuration("Failed", LastUpdateStatusReason="The zip is broken")
    aws.says("GetFunctionConfiguration", configuration("Successful"), failed)

    with pytest.raises(UserError, match="The zip is broken"):
        deploy.put_code(deployment(aws))


def test_code_that_lambda_never_takes_is_no_endless_wait(aws: Aws) -> None:
    aws.says("GetFunctionConfiguration", configuration("InProgress"))

    with pytest.raises(UserError, match="a minute"):
        deploy.put_code(deployment(aws))

    assert aws.operations.count("GetFunctionConfiguration") == code_only.POLLS + 1
    assert STACK_ID in str(aws.calls)
