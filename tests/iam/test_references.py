"""Names and ARNs of a template's resources, for one account and region."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import schemas
from pipeline.iam.resolving import References, Target, Unresolvable

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table",
                  "Properties": {"TableName": {"Fn::Sub": "${P}-t"}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/f"}},
        "Code": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "f"}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api"},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage"},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "news"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret"},
        "Steps": {"Type": "AWS::StepFunctions::StateMachine"},
        "Streamed": {"Type": "AWS::IVS::Channel"},
    }
}  # fmt: skip
HERE = "eu-west-1:111122223333"


def references(region: str = "eu-west-1") -> References:
    return References(TEMPLATE, Target(region, {"P": "p"}, "111122223333", "stack"))


@pytest.mark.parametrize(
    ("value", "is_"),
    [
        ({"Ref": "Table"}, "p-t"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, f"arn:aws:dynamodb:{HERE}:table/p-t"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::b"),
        ({"Fn::Sub": "${Bucket.Arn}/x/*"}, "arn:aws:s3:::b/x/*"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, f"arn:aws:sqs:{HERE}:stack-Queue"),
        ({"Ref": "Topic"}, f"arn:aws:sns:{HERE}:news"),
        ({"Ref": "Group"}, "/aws/lambda/f"),
        ({"Fn::GetAtt": ["Group", "Arn"]}, f"arn:aws:logs:{HERE}:log-group:/aws/lambda/f:*"),
        ({"Fn::GetAtt": ["Code", "Arn"]}, f"arn:aws:lambda:{HERE}:function:f"),
        ({"Ref": "Api"}, "api"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "stack-Queue"),
        ({"Fn::GetAtt": ["Bus", "Arn"]}, f"arn:aws:events:{HERE}:event-bus/news"),
        ({"Ref": "Secret"}, f"arn:aws:secretsmanager:{HERE}:secret:stack-Secret-made-up"),
        ({"Ref": "Steps"}, f"arn:aws:states:{HERE}:stateMachine:stack-Steps"),
        ({"Fn::GetAtt": ["Steps", "Arn"]}, f"arn:aws:states:{HERE}:stateMachine:stack-Steps"),
        ({"Ref": "Streamed"}, f"arn:aws:ivs:{HERE}:Streamed/Arn"),
        ({"Fn::GetAtt": ["Streamed", "Arn"]}, f"arn:aws:ivs:{HERE}:Streamed/Arn"),
        ({"Fn::GetAtt": ["Streamed", "PlaybackUrl"]}, "stack-streamed-playbackurl"),
        ({"Fn::Sub": ["${A}-${P}-${!B}", {"A": {"Ref": "Bucket"}}]}, "b-p-${B}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "P"}]]}, "a-p"),
        ({"Fn::Sub": "${AWS::Partition} ${AWS::AccountId} ${AWS::StackName} ${AWS::URLSuffix}"},
         "aws 111122223333 stack amazonaws.com"),
        ([{"Ref": "P"}, {"a": {"Ref": "P"}, "b": 1}], ["p", {"a": "p", "b": 1}]),
    ],
)  # fmt: skip
def test_a_reference_is_what_cloudformation_makes_of_it(value: Any, is_: Any) -> None:
    assert references().resolve(value) == is_


def test_a_region_decides_the_partition() -> None:
    arns = [references(region).arn("Bucket") for region in ("cn-north-1", "us-gov-west-1")]

    assert arns == ["arn:aws-cn:s3:::b", "arn:aws-us-gov:s3:::b"]


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nothing"},
        {"Ref": "Stage"},
        {"Fn::GetAtt": ["Nothing", "Arn"]},
        {"Fn::GetAtt": ["Table", "StreamId"]},
        {"Fn::GetAtt": ["Bucket", "StreamArn"]},
        {"Fn::Sub": "${Nothing}"},
        {"Fn::Sub": "${Nothing.Arn}"},
        {"Fn::Select": [0, ["a"]]},
        {"Fn::ImportValue": "x"},
        {"Fn::If": ["A", "b", "c"]},
    ],
)
def test_what_is_not_known_is_an_error(value: Any) -> None:
    with pytest.raises(Unresolvable):
        references().resolve(value)


def test_only_a_text_is_a_text() -> None:
    with pytest.raises(Unresolvable):
        references().text(["a"])


@pytest.mark.parametrize("value", [{"Ref": "Code"}, {"Fn::GetAtt": ["Code", "Arn"]}, "f"])
def test_a_resource_is_found_by_each_of_its_names(value: Any) -> None:
    assert references().logical_id(value, "AWS::Lambda::Function") == "Code"
    assert references().logical_id(value, "AWS::SQS::Queue") is None


@pytest.mark.parametrize(
    "value", [{"Ref": "Streamed"}, {"Fn::GetAtt": ["Streamed", "PlaybackUrl"]}], ids=str
)
def test_without_cfn_lint_what_only_its_schemas_say_is_not_known(
    monkeypatch: pytest.MonkeyPatch, value: dict[str, Any]
) -> None:
    """The audit's own environment has no cfn-lint."""
    assert references().resolve(value)

    monkeypatch.setattr(schemas, "find_spec", lambda _: None)
    schemas.names.cache_clear()

    with pytest.raises(Unresolvable, match="isn't known here"):
        references().resolve(value)
