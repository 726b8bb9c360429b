"""Alarms that take an update back: always passed, and only those that can do their work."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deploying import alarm_watch
from pipeline.deploying.consent import Consent
from pipeline.errors import UserError
from pipeline.stations import deploy, plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ACCOUNT,
    PROJECT,
    Aws,
    Refusal,
    change,
    change_set,
    deployment,
    history,
    of_stack,
)

pytestmark = pytest.mark.usefixtures("unjudged")

WATCHED = """\
Metadata:
  Watched: {Minutes: 10, Alarms: [ErrorsAlarm, SlowAlarm]}
Resources:
  ErrorsAlarm: {Type: 'AWS::CloudWatch::Alarm', Properties: {}}
  SlowAlarm: {Type: 'AWS::CloudWatch::Alarm', Properties: {}}
Outputs: {}
"""
NONE = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
BEFORE, AFTER = of_stack("UPDATE_IN_PROGRESS"), of_stack("UPDATE_COMPLETE")
OTHER = change("Modify", "Queue", "AWS::SQS::Queue")
ABSENT = Refusal("ValidationError", f"Stack with id {PROJECT}-dev does not exist")


@pytest.fixture
def aws(aws: Aws) -> Aws:
    """A running stack with both alarms, quiet, and a change that isn't about them."""
    aws.says("GetTemplate", {"TemplateBody": WATCHED})
    aws.says("ListStackResources", held("ErrorsAlarm", "SlowAlarm"))
    aws.says("DescribeAlarms", alarms("OK", "OK"))
    aws.says("DescribeChangeSet", change_set(OTHER))
    aws.says("HeadObject", {"Metadata": {"sha256": scripted_aws.ARTIFACT.sha256}})
    return aws


def held(*names: str) -> dict[str, Any]:
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": f"app-{name}",
                "ResourceType": "AWS::CloudWatch::Alarm",
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": 0,
            }
            for name in names
        ]
    }


def arn(name: str) -> str:
    return f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:app-{name}"


def alarms(errors: str, slow: str) -> dict[str, Any]:
    states = {"ErrorsAlarm": errors, "SlowAlarm": slow}
    return {
        "MetricAlarms": [
            {"AlarmName": f"app-{name}", "AlarmArn": arn(name), "StateValue": state}
            for name, state in states.items()
            if state
        ]
    }


def asked(aws: Aws) -> list[Any]:
    """What each change set was told of alarms: their ARNs and the minutes."""
    found = [sent["RollbackConfiguration"] for name, sent in aws.calls if name == "CreateChangeSet"]
    return [
        ([one["Arn"] for one in each["RollbackTriggers"]], each["MonitoringTimeInMinutes"])
        for each in found
    ]


def test_quiet_alarms_of_the_stack_take_its_update_back(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    assert asked(aws) == [([arn("ErrorsAlarm"), arn("SlowAlarm")], 10)]
    said = capsys.readouterr().err
    assert "Watched for 10 minutes after the update: ErrorsAlarm, SlowAlarm." in said
    assert "run the smoke test meanwhile" in said


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA", ""])
def test_an_alarm_that_is_not_quiet_or_not_there_is_not_listened_to(
    aws: Aws, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    aws.says("DescribeAlarms", alarms("OK", state))

    deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    assert asked(aws) == [([arn("ErrorsAlarm")], 10)]
    assert f"SlowAlarm isn't watched: {state or 'not there'}." in capsys.readouterr().err


def test_a_change_set_that_is_about_an_alarm_is_made_again_without_it(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    about = change("Modify", "SlowAlarm", "AWS::CloudWatch::Alarm")
    aws.says("DescribeChangeSet", change_set(OTHER, about))

    deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    both = [arn("ErrorsAlarm"), arn("SlowAlarm")]
    assert asked(aws) == [(both, 10), ([arn("ErrorsAlarm")], 10)]
    assert aws.operations.count("DeleteChangeSet") == 1
    assert "SlowAlarm isn't watched: this change is about it too." in capsys.readouterr().err


def test_without_an_alarm_left_nothing_is_waited_for(aws: Aws) -> None:
    aws.says("DescribeAlarms", alarms("ALARM", "ALARM"))

    deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    assert asked(aws) == [([], 0)]


def test_what_was_listened_to_last_time_is_taken_back_explicitly(aws: Aws) -> None:
    deploy.bring_up_to_date(deployment(aws), Consent())

    assert aws.sent("CreateChangeSet")["RollbackConfiguration"] == NONE
    assert "DescribeAlarms" not in aws.operations


def test_a_plan_and_a_first_deployment_listen_to_nothing(aws: Aws) -> None:
    plan.show_plan(deployment(aws, text=WATCHED))
    aws.says("DescribeStacks", ABSENT, scripted_aws.stack("CREATE_COMPLETE"))
    deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    assert asked(aws) == [([], 0), ([], 0)]


def test_a_change_set_that_was_read_in_vain_is_taken_back(aws: Aws) -> None:
    aws.says("DescribeChangeSet", KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())

    assert "DeleteChangeSet" in aws.operations


def test_an_alarm_that_rang_is_told_as_the_reason(aws: Aws) -> None:
    rang = of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "The following alarm is in ALARM: x")
    aws.says(
        "DescribeStackEvents",
        history(AFTER),
        history(AFTER, BEFORE, rang, of_stack("UPDATE_ROLLBACK_COMPLETE")),
    )

    with pytest.raises(UserError, match="is in ALARM"):
        deploy.bring_up_to_date(deployment(aws, text=WATCHED), Consent())


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("{Minutes: 10, Alarms: []}", "which alarms are watched"),
        ("{Minutes: 181, Alarms: [ErrorsAlarm]}", "which alarms are watched"),
        ("{Minutes: true, Alarms: [ErrorsAlarm]}", "which alarms are watched"),
        ("{Alarms: [ErrorsAlarm]}", "which alarms are watched"),
        ("{Minutes: 10, Alarms: [A, B, C, D, E, F]}", "which alarms are watched"),
        ("{Minutes: 10, Alarms: [Other]}", "Other isn't an alarm"),
        ("[ErrorsAlarm]", "which alarms are watched"),
    ],
)
def test_what_the_template_says_wrongly_is_told_with_its_line(said: str, problem: str) -> None:
    text = WATCHED.replace("{Minutes: 10, Alarms: [ErrorsAlarm, SlowAlarm]}", said)
    document = scripted_aws.rendered(scripted_aws.loaded(), text).document

    with pytest.raises(UserError, match=problem) as caught:
        alarm_watch.described(document)

    assert ":2" in str(caught.value.where)
