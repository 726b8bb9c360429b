"""What no endpoint can be brought to say: rollbacks, busy states, throttling, lost connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.loaders import Loader

from pipeline.connecting import clients
from pipeline.deploying import events, screen, stacks, watching
from pipeline.deploying.consent import Consent
from pipeline.deploying.deployment import Deployment
from pipeline.errors import Refused, UserError
from pipeline.stations import deploy, plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    BEFORE,
    ENDS,
    PROJECT,
    SIZE,
    STACK_ID,
    STARTS,
    Aws,
    Refusal,
    change,
    change_set,
    deployment,
    history,
    of_stack,
)

pytestmark = pytest.mark.usefixtures("unjudged")

MODEL = Loader().load_service_model("cloudformation", "service-2")
STATES: list[str] = MODEL["shapes"]["StackStatus"]["enum"]


def failing(aws: Aws, *lines: tuple[str, str, str, str], ends: str) -> UserError:
    """How a deployment fails whose events these are."""
    aws.says(
        "DescribeStackEvents", history(BEFORE), history(BEFORE, STARTS, *lines, of_stack(ends))
    )
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE"), scripted_aws.stack(ends))
    with pytest.raises(UserError) as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())
    return caught.value


# The stack's state


STOPPING = sorted(set(STATES) - stacks.SETTLED - {"DELETE_COMPLETE"})


@pytest.mark.parametrize("state", STOPPING)
def test_every_state_that_stops_a_deployment_names_a_way_out(state: str) -> None:
    settings = scripted_aws.loaded().settings

    with pytest.raises(Refused, match=state) as caught:
        stacks.kind(stacks.Stack(STACK_ID, state), settings)

    assert "does not know that state" not in caught.value.what
    assert "`nox -s " in caught.value.mend or "`aws cloudformation " in caught.value.mend
    assert "-- dev" in caught.value.mend or f"--stack-name {PROJECT}-dev" in caught.value.mend


@pytest.mark.parametrize("state", sorted(stacks.SETTLED))
def test_a_stack_at_rest_is_updated(state: str) -> None:
    kind = stacks.kind(stacks.Stack(STACK_ID, state), scripted_aws.loaded().settings)

    assert kind == "UPDATE"


def test_a_deleted_stack_is_none(aws: Aws) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("DELETE_COMPLETE"))

    assert stacks.find(aws.clients.cloudformation, STACK_ID) is None


@pytest.mark.parametrize(
    ("state", "command"),
    [
        ("ROLLBACK_COMPLETE", "nox -s deploy -- dev --clean-up"),
        ("ROLLBACK_FAILED", "nox -s deploy -- dev --clean-up"),
        ("CREATE_FAILED", "nox -s rollback -- dev"),
        ("DELETE_FAILED", "nox -s destroy -- dev"),
        ("UPDATE_ROLLBACK_FAILED", "nox -s rollback -- dev"),
        ("UPDATE_FAILED", "nox -s rollback -- dev"),
        ("REVIEW_IN_PROGRESS", "nox -s deploy -- dev --clean-up"),
        ("UPDATE_IN_PROGRESS", "describe-stack-events"),
    ],
)
def test_a_state_that_stops_a_deployment_is_found_before_anything_is_written(
    aws: Aws, state: str, command: str
) -> None:
    aws.says("DescribeStacks", scripted_aws.stack(state))

    with pytest.raises(Refused, match=state) as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    reads = {"DescribeStacks", "DescribeStackEvents", "GetTemplate", "ListStackResources"}
    assert command in caught.value.mend
    assert set(aws.operations) <= reads


def test_a_protected_environment_whose_deletion_failed_has_a_way_out_that_is_open() -> None:
    """A deployment that unprotects it is refused in that state, and so is what is protected."""
    settings = scripted_aws.loaded().settings.model_copy(update={"protected": True})

    told = stacks.way_out(stacks.Stack(STACK_ID, "DELETE_FAILED"), settings)

    assert "write `protected: false` into its file for that alone" in told
    assert "nox -s deploy -- dev --import --revert-drift" in told


def test_a_locked_stack_is_unlocked_before_it_is_deleted() -> None:
    stack = stacks.Stack(STACK_ID, "ROLLBACK_COMPLETE", locked=True)

    out = stacks.way_out(stack, scripted_aws.loaded().settings)

    assert out.index("--no-enable-termination-protection") < out.index("--clean-up")


def test_a_way_out_names_the_profile() -> None:
    aws = {**scripted_aws.loaded().settings.aws.model_dump(), "profile": "work"}

    line = stacks.command("delete-stack", scripted_aws.loaded(aws=aws).settings)

    assert line.endswith("--region us-east-1 --profile work")


# What the change set says


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_change_is_success_in_every_wording(
    aws: Aws, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    aws.says("DescribeChangeSet", change_set(status="FAILED", StatusReason=reason))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "Nothing to change" in capsys.readouterr().err
    assert "ExecuteChangeSet" not in aws.operations
    assert aws.operations[-2:] != ["DeleteStack"]
    assert "DeleteChangeSet" in aws.operations


def test_nothing_to_change_may_be_said_before_there_is_a_change_set(aws: Aws) -> None:
    aws.says("CreateChangeSet", Refusal("ValidationError", "No updates are to be performed."))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" not in aws.operations


def test_a_change_of_outputs_alone_is_executed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeChangeSet", change_set())

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" in aws.operations
    assert "only outputs, tags or metadata" in capsys.readouterr().out


def test_a_change_set_of_many_pages_is_read_to_its_end(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    last = change("Add", "Queue", "AWS::SQS::Queue")
    aws.says("DescribeChangeSet", change_set(), change_set(SIZE, NextToken="2"), change_set(last))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "1 to modify, 1 to add" in capsys.readouterr().out


def test_a_change_set_is_waited_for(aws: Aws) -> None:
    aws.says(
        "DescribeChangeSet",
        change_set(status="CREATE_PENDING"),
        change_set(status="CREATE_IN_PROGRESS"),
        change_set(SIZE),
    )

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" in aws.operations


def test_a_change_set_that_never_settles_is_given_up(aws: Aws) -> None:
    aws.says("DescribeChangeSet", change_set(status="CREATE_IN_PROGRESS"))

    with pytest.raises(UserError, match="ten minutes"):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "DeleteChangeSet" in aws.operations


def test_a_rejected_template_is_told_in_awss_words_with_its_line(aws: Aws) -> None:
    reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistence]."
    told = "Resource of type 'AWS::SQS::Queue' with identifier 'queue-1' already exists."
    aws.says("DescribeChangeSet", change_set(status="FAILED", StatusReason=reason))
    aws.says(
        "DescribeEvents",
        {"OperationEvents": [{"LogicalResourceId": "Queue", "ValidationStatusReason": told}]},
    )

    with pytest.raises(UserError, match="already exists") as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert caught.value.where == "templates/main.yaml.j2:13"


def test_what_cloudformations_validation_doubts_is_shown_with_its_line_and_stops_nothing(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    doubt = {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": "Queue",
        "ValidationFailureMode": "WARN",
        "ValidationStatusReason": "The quota for queues is nearly used up.",
    }
    other = {"EventType": "STACK_EVENT", "LogicalResourceId": "Hello"}
    aws.says(
        "DescribeEvents",
        {"OperationEvents": [other], "NextToken": "2"},
        {"OperationEvents": [doubt]},
    )

    plan.show_plan(deployment(aws))

    told = capsys.readouterr().err
    assert (
        "templates/main.yaml.j2:13: CloudFormation warns: Queue: The quota for queues is nearly"
        " used up." in told
    )
    assert "Hello: " not in told


def test_a_rejection_is_told_even_where_its_details_may_not_be_read(aws: Aws) -> None:
    aws.says("DescribeChangeSet", change_set(status="FAILED", StatusReason="Bad template"))
    aws.says("DescribeEvents", Refusal("AccessDenied", status=403))

    with pytest.raises(UserError, match="Bad template"):
        deploy.bring_up_to_date(deployment(aws), Consent())


def test_the_table_says_why_and_where(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    detail = {
        "Target": {
            "Attribute": "Properties",
            "Name": "Handler",
            "Path": "/Properties/Handler",
            "RequiresRecreation": "Never",
            "BeforeValue": "a.b",
            "AfterValue": "lambda_function.lambda_handler",
        }
    }
    secret = {
        "Target": {
            "Attribute": "Properties",
            "Path": "/Properties/Environment/Variables/KEY",
            "BeforeValue": "old-value",
            "AfterValue": "new-value",
        }
    }
    one = change("Modify", "Hello", "AWS::Lambda::Function", Replacement="Conditional")
    one["ResourceChange"]["Details"] = [detail, secret]
    aws.says("DescribeChangeSet", change_set(one))

    plan.show_plan(deployment(aws))

    assert capsys.readouterr().out.splitlines() == [
        "Modify  Hello     AWS::Lambda::Function  may be replaced  templates/main.yaml.j2:28",
        "        Environment.Variables.KEY",
        "        Handler a.b → lambda_function.lambda_handler",
        "1 to modify",
    ]


# What may be lost


def to_the_end(one: Deployment) -> None:
    """A deployment whose name was typed ahead."""
    deploy.bring_up_to_date(one, Consent("dev"))


def table(**more: Any) -> dict[str, Any]:
    return change(more.pop("action", "Modify"), "Table", "AWS::DynamoDB::Table", **more)


GENERATED = '{"Properties": {"GenerateSecretString": {"PasswordLength": 48}}}'


def secret(**more: Any) -> dict[str, Any]:
    return change(more.pop("action", "Remove"), "Key", "AWS::SecretsManager::Secret", **more)


@pytest.mark.parametrize(
    ("lost", "fate"),
    [
        (table(action="Remove"), "would be removed"),
        (table(action="Remove", PolicyAction="Retain"), "would be removed"),
        (table(Replacement="True"), "would be replaced"),
        (table(action="Dynamic"), "might be removed or replaced"),
        (change("Remove", "Old", "AWS::S3::Bucket"), "would be removed"),
        (change("Modify", "New", "AWS::S3::Bucket", Replacement="Conditional"), "might be"),
        (secret(), "would be removed"),
        (secret(BeforeContext=""), "would be removed"),
        (secret(BeforeContext="{"), "would be removed"),
        (secret(BeforeContext="[]"), "would be removed"),
        (secret(BeforeContext='{"Properties": {"SecretString": "****"}}'), "would be removed"),
        (secret(action="Modify", Replacement="True", BeforeContext=GENERATED), "would be replaced"),
    ],
)
@pytest.mark.parametrize("station", [plan.show_plan, to_the_end])
def test_data_of_a_protected_environment_is_never_lost(
    aws: Aws, lost: dict[str, Any], fate: str, station: Callable[[Deployment], None]
) -> None:
    aws.says("DescribeChangeSet", change_set(SIZE, lost))

    with pytest.raises(Refused, match=fate) as caught:
        station(deployment(aws, scripted_aws.protected()))

    assert "ExecuteChangeSet" not in aws.operations
    assert "DeleteChangeSet" in aws.operations
    assert "protected: false" in caught.value.mend


@pytest.mark.parametrize(
    "kept",
    [
        table(Replacement="False"),
        table(Replacement="Conditional"),  # it has a name of its own: CloudFormation can't
        change("Remove", "Queue", "AWS::SQS::Queue"),
        change("Add", "More", "AWS::S3::Bucket"),
        secret(BeforeContext=GENERATED),
    ],
)
def test_changes_that_lose_nothing_are_made(aws: Aws, kept: dict[str, Any]) -> None:
    aws.says("DescribeChangeSet", change_set(kept))
    aws.says("UpdateTerminationProtection", {"StackId": STACK_ID})

    deploy.bring_up_to_date(deployment(aws, scripted_aws.protected()), Consent("dev"))

    assert "ExecuteChangeSet" in aws.operations


def cause(name: str, replaces: str) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": replaces}
    return {"Target": target}


def test_what_cloudformation_can_not_replace_is_refused_everywhere(aws: Aws) -> None:
    replaced = table(Replacement="True", Details=[cause("KeySchema", "Always")])
    aws.says("DescribeChangeSet", change_set(replaced))

    with pytest.raises(Refused, match="because of KeySchema") as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "another name" in caught.value.mend
    assert "ExecuteChangeSet" not in aws.operations


def test_with_a_new_name_it_can_be_replaced(aws: Aws) -> None:
    causes = [cause("KeySchema", "Always"), cause("TableName", "Always")]
    aws.says("DescribeChangeSet", change_set(table(Replacement="True", Details=causes)))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" in aws.operations


def test_development_may_lose_its_data(aws: Aws) -> None:
    aws.says("DescribeChangeSet", change_set(table(action="Remove")))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" in aws.operations


# While it is executed


def test_a_rollback_names_the_first_failure_its_line_and_what_to_do(aws: Aws) -> None:
    error = failing(
        aws,
        ("Role", "AWS::IAM::Role", "CREATE_FAILED", "Resource creation cancelled"),
        ("Queue", "AWS::SQS::Queue", "CREATE_FAILED", "queue-1 already exists"),
        ("Hello", "AWS::Lambda::Function", "CREATE_FAILED", "Resource creation cancelled"),
        of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [Queue]"),
        ("Table", "AWS::DynamoDB::Table", "DELETE_FAILED", "something later"),
        ends="UPDATE_ROLLBACK_COMPLETE",
    )

    assert error.what == "Queue (AWS::SQS::Queue) CREATE_FAILED: queue-1 already exists"
    assert error.where == "templates/main.yaml.j2:13"
    assert "Something of that name is there" in error.mend
    assert f"{PROJECT}-dev is now UPDATE_ROLLBACK_COMPLETE" in error.mend
    assert error.exit_code == 1


@pytest.mark.parametrize(
    "ends",
    [state for state in STATES if not state.endswith("_IN_PROGRESS") and state not in stacks.DONE],
)
def test_any_end_but_success_is_a_failure(aws: Aws, ends: str) -> None:
    error = failing(aws, ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "no"), ends=ends)

    assert error.exit_code == 1
    assert "Queue" in error.what


def test_a_rollback_that_a_person_started_is_told_too(aws: Aws) -> None:
    error = failing(
        aws,
        of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
        ends="UPDATE_ROLLBACK_COMPLETE",
    )

    assert "User Initiated" in error.what


def test_a_failed_first_deployment_says_how_to_begin_anew(aws: Aws) -> None:
    error = failing(
        aws, ("Queue", "AWS::SQS::Queue", "CREATE_FAILED", "no"), ends="ROLLBACK_COMPLETE"
    )

    assert "nox -s deploy -- dev --clean-up" in error.mend


def test_the_events_of_earlier_changes_are_not_shown(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    old = ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "long ago")
    aws.says("DescribeStackEvents", history(old, BEFORE), history(old, BEFORE, STARTS, ENDS))

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "long ago" not in capsys.readouterr().err


def test_each_event_is_shown_once_while_it_goes_on(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    works = ("Hello", "AWS::Lambda::Function", "UPDATE_IN_PROGRESS", "")
    tidies = of_stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    aws.says(
        "DescribeStackEvents",
        history(BEFORE),
        history(BEFORE),
        history(BEFORE, STARTS, works),
        history(BEFORE, STARTS, works),
        history(BEFORE, STARTS, works, tidies),
        history(BEFORE, STARTS, works, tidies, ENDS),
    )

    deploy.bring_up_to_date(deployment(aws), Consent())

    shown = capsys.readouterr().err
    assert shown.count("AWS::Lambda::Function") == 1
    assert shown.count("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") == 1


def test_a_change_that_never_begins_is_no_success_and_no_endless_wait(aws: Aws) -> None:
    aws.says("DescribeStackEvents", history(BEFORE))

    with pytest.raises(UserError, match="did not change as asked"):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.operations.count("DescribeStackEvents") == events.SILENCE + 1


@pytest.mark.parametrize(
    "trouble",
    [
        Refusal("Throttling", "Rate exceeded"),
        Refusal("InternalFailure", status=500),
        EndpointConnectionError(endpoint_url="https://cloudformation.test"),
    ],
)
def test_throttling_and_lost_connections_are_survived(aws: Aws, trouble: Any) -> None:
    aws.says(
        "DescribeStackEvents",
        history(BEFORE),
        trouble,
        trouble,
        history(BEFORE, STARTS, ENDS),
    )

    deploy.bring_up_to_date(deployment(aws), Consent())

    assert "ExecuteChangeSet" in aws.operations


def test_credentials_that_expire_on_the_way_say_that_the_stack_goes_on(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeStackEvents", history(BEFORE), Refusal("ExpiredToken", status=403))

    with (
        pytest.raises(UserError, match="credentials have expired"),
        clients.spoken(scripted_aws.loaded().settings.aws),
    ):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "AWS goes on changing the stack" in capsys.readouterr().err


def test_ctrl_c_says_that_the_stack_goes_on_and_how_to_look(aws: Aws) -> None:
    aws.says("DescribeStackEvents", history(BEFORE), KeyboardInterrupt())

    with pytest.raises(watching.Interrupted, match="AWS goes on") as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert caught.value.exit_code == 130
    assert "describe-stack-events" in caught.value.mend
    assert "DeleteChangeSet" not in aws.operations


def test_ctrl_c_while_the_execution_is_asked_for_says_that_it_may_have_begun(aws: Aws) -> None:
    aws.says("DescribeStacks", ABSENT, scripted_aws.stack("REVIEW_IN_PROGRESS"))
    aws.says("ExecuteChangeSet", KeyboardInterrupt())

    with pytest.raises(watching.Interrupted, match="may have begun") as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert caught.value.exit_code == 130
    assert "describe-stack-events" in caught.value.mend
    assert not {"DeleteChangeSet", "DeleteStack"} & set(aws.operations)


def test_ctrl_c_before_the_execution_takes_the_change_set_back(aws: Aws) -> None:
    aws.says("DescribeChangeSet", KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "DeleteChangeSet" in aws.operations


def test_a_new_stack_that_may_not_be_executed_goes_with_its_change_set(aws: Aws) -> None:
    aws.says("DescribeStacks", ABSENT, scripted_aws.stack("REVIEW_IN_PROGRESS"))
    aws.says("ExecuteChangeSet", Refusal("AccessDenied", status=403))

    with pytest.raises(aws.clients.cloudformation.exceptions.ClientError):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.sent("CreateChangeSet")["ChangeSetType"] == "CREATE"
    assert aws.sent("DeleteStack")["StackName"] == STACK_ID


def test_a_running_stack_is_never_deleted_with_a_change_set(aws: Aws) -> None:
    plan.show_plan(deployment(aws))

    assert "DeleteChangeSet" in aws.operations
    assert "DeleteStack" not in aws.operations


ABSENT = Refusal("ValidationError", f"Stack with id {PROJECT}-dev does not exist")


def test_change_sets_are_named_after_what_asked_for_them(aws: Aws) -> None:
    plan.show_plan(deployment(aws))
    planned = aws.sent("CreateChangeSet")["ChangeSetName"]
    deleted = aws.sent("DeleteChangeSet")
    deploy.bring_up_to_date(deployment(aws), Consent())
    executed = aws.sent("ExecuteChangeSet")

    assert planned.startswith("plan-")
    assert deleted == {"StackName": STACK_ID, "ChangeSetName": planned}
    assert executed["ChangeSetName"].startswith("deploy-")
    assert executed["StackName"] == STACK_ID


def test_a_plan_of_a_new_stack_cleans_up_where_it_may(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeStacks", ABSENT, scripted_aws.stack("REVIEW_IN_PROGRESS"))

    plan.show_plan(deployment(aws))

    assert aws.sent("DeleteStack") == {"StackName": STACK_ID}
    assert "stays" not in capsys.readouterr().err


def test_a_plan_of_a_new_stack_says_what_stays_where_it_may_not_delete(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("DescribeStacks", ABSENT, scripted_aws.stack("REVIEW_IN_PROGRESS"))
    aws.says("DeleteStack", Refusal("AccessDenied", status=403))

    plan.show_plan(deployment(aws))

    said = capsys.readouterr().err
    assert (
        f"{PROJECT}-dev stays, empty, in state REVIEW_IN_PROGRESS: you may not DeleteStack" in said
    )
    assert "`deploy` offers to delete it" in said
    assert "DeleteChangeSet" in aws.operations


def test_a_plan_of_a_stack_in_review_works_and_leaves_it_there(aws: Aws) -> None:
    aws.says("DescribeStacks", scripted_aws.stack("REVIEW_IN_PROGRESS"))

    plan.show_plan(deployment(aws))

    assert aws.sent("CreateChangeSet")["ChangeSetType"] == "CREATE"
    assert "DeleteChangeSet" in aws.operations
    assert "DeleteStack" not in aws.operations


def test_a_change_set_that_can_not_be_deleted_hides_no_other_trouble(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.says("DeleteChangeSet", Refusal("AccessDenied", status=403))
    monkeypatch.setattr(screen, "ask", lambda _: "no")

    with pytest.raises(Refused, match="not its name"):
        deploy.bring_up_to_date(deployment(aws, scripted_aws.protected()), Consent())

    assert "is still there" in capsys.readouterr().err


NO_CHANGE_SET = Refusal("ChangeSetNotFound", "ChangeSet [x] does not exist", status=404)


@pytest.mark.parametrize(
    "refusal",
    [
        NO_CHANGE_SET,
        Refusal("InvalidChangeSetStatus", "in its current execution status of [OBSOLETE]"),
        ABSENT,
    ],
    ids=["executed by another", "obsolete", "the stack was deleted"],
)
def test_a_change_set_that_another_change_overtook_is_told_as_that(
    refusal: Refusal, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("ExecuteChangeSet", refusal)
    if refusal.code != "InvalidChangeSetStatus":
        aws.says("DeleteChangeSet", refusal)

    with pytest.raises(UserError, match="was changed or deleted by somebody else") as caught:
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert "Nothing of this deployment was executed" in caught.value.mend
    assert "is still there" not in capsys.readouterr().err


def test_a_change_set_that_is_gone_while_it_is_made_is_no_wait_of_ten_minutes(aws: Aws) -> None:
    aws.says("DescribeChangeSet", NO_CHANGE_SET)

    with pytest.raises(UserError, match="was changed or deleted by somebody else"):
        deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.operations.count("DescribeChangeSet") < 30


def test_a_service_role_is_named_in_each_change_set_and_none_otherwise(aws: Aws) -> None:
    role = "arn:aws:iam::123456789012:role/cloudformation"
    own = {**scripted_aws.loaded().settings.aws.model_dump(), "service_role_arn": role}

    plan.show_plan(deployment(aws))
    without = aws.sent("CreateChangeSet")
    plan.show_plan(deployment(aws, scripted_aws.loaded(aws=own)))

    assert "RoleARN" not in without
    assert aws.sent("CreateChangeSet")["RoleARN"] == role
