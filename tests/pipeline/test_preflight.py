"""What stands in the way although the template is right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipeline.deploying import losses, preflight
from pipeline.deploying.changeset import Change
from pipeline.errors import Refused
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import Aws, Refusal, deployment

SITE = """\
Resources:
  Site:
    Type: AWS::S3::Bucket
    Properties:
      PublicAccessBlockConfiguration: {BlockPublicPolicy: false}
  SitePolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Site
      PolicyDocument: {}
"""
TOPIC = {"Type": "AWS::SNS::Topic"}


def blocks(**said: bool) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": said}


# Block Public Access of the account


@pytest.mark.parametrize("setting", ["BlockPublicPolicy", "RestrictPublicBuckets"])
def test_a_public_site_is_refused_where_the_account_blocks_it(scripted: Aws, setting: str) -> None:
    scripted.says("GetPublicAccessBlock", blocks(**{setting: True}))

    with pytest.raises(Refused, match="Block Public Access") as caught:
        preflight.check_public_access(deployment(scripted, text=SITE), "CREATE")

    assert caught.value.where == "templates/main.yaml.j2:6"
    assert scripted.sent("GetPublicAccessBlock") == {"AccountId": scripted_aws.ACCOUNT}


@pytest.mark.parametrize(
    "answer",
    [
        blocks(BlockPublicAcls=True, IgnorePublicAcls=True),
        Refusal("NoSuchPublicAccessBlockConfiguration", status=404),
        Refusal("AccessDenied", status=403),
    ],
)
def test_nothing_is_refused_where_the_account_allows_it_or_does_not_say(
    scripted: Aws, answer: Any
) -> None:
    scripted.says("GetPublicAccessBlock", answer)

    preflight.check_public_access(deployment(scripted, text=SITE), "CREATE")


def test_the_account_is_not_asked_about_a_stack_that_is_there_or_has_no_public_bucket(
    scripted: Aws,
) -> None:
    private = SITE.replace("BlockPublicPolicy: false", "BlockPublicPolicy: true")

    preflight.check_public_access(deployment(scripted, text=SITE), "UPDATE")
    preflight.check_public_access(deployment(scripted, text=private), "CREATE")
    preflight.check_public_access(deployment(scripted), "CREATE")

    assert scripted.operations == []


# Alarms that reach nobody


def alarm(*actions: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": list(actions)}}


def unheard(**resources: Any) -> dict[str, list[str]]:
    return preflight.unheard_alarms({"Resources": resources})


def test_alarms_of_a_topic_without_a_subscription_are_named() -> None:
    assert unheard(Topic=TOPIC, A=alarm({"Ref": "Topic"}), B=alarm({"Ref": "Topic"})) == {
        "Topic": ["A", "B"]
    }


@pytest.mark.parametrize(
    "more",
    [
        {"Topic": {**TOPIC, "Properties": {"Subscription": [{"Protocol": "email"}]}}},
        {
            "Reader": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": {"Ref": "Topic"}},
            }
        },
    ],
)
def test_a_subscription_of_either_kind_is_heard(more: dict[str, Any]) -> None:
    assert unheard(**{"Topic": TOPIC, "A": alarm({"Ref": "Topic"}), **more}) == {}


def test_an_alarm_that_also_goes_elsewhere_is_heard() -> None:
    elsewhere = "arn:aws:sns:us-east-1:123456789012:on-call"

    assert unheard(Topic=TOPIC, A=alarm({"Ref": "Topic"}, elsewhere)) == {}
    assert unheard(Topic=TOPIC, A=alarm({"Ref": "Parameter"})) == {}
    assert unheard(Topic=TOPIC, A=alarm()) == {}


def test_it_is_said_with_the_topics_line(scripted: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    text = """\
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Ring:
    Type: AWS::CloudWatch::Alarm
    Properties: {AlarmActions: [!Ref Topic]}
"""

    preflight.tell_unheard_alarms(deployment(scripted, text=text))

    assert capsys.readouterr().err == (
        "Nobody is subscribed to Topic (templates/main.yaml.j2:2): Ring reaches nobody.\n"
    )


# New functions with an old runtime


def change(action: str, replacement: str = "") -> Change:
    return Change(action, "F", "AWS::Lambda::Function", replacement)


OLD = {"Resources": {"F": {"Properties": {"Runtime": "python3.11"}}}}


@pytest.mark.parametrize("new", [change("Add"), change("Modify", "True")])
def test_a_new_function_is_refused_from_the_day_on_which_aws_makes_none(new: Change) -> None:
    losses.check_new_functions([new], OLD, date(2027, 7, 30))

    with pytest.raises(Refused, match=r"new ones with python3\.11 since 2027-07-31"):
        losses.check_new_functions([new], OLD, date(2027, 7, 31))


@pytest.mark.parametrize("old", [change("Modify"), change("Remove"), change("Import")])
def test_a_function_that_is_there_can_be_updated_until_aws_lets_nobody(old: Change) -> None:
    losses.check_new_functions([old], OLD, date(2027, 8, 30))
