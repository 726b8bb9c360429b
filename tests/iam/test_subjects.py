"""What an operation is about: the actions and ARNs that IAM judges it by."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.iam import subjects
from pipeline.iam.recording import Entry
from pipeline.iam.resolving import Target

HERE = "us-east-1:123456789012"
WHERE = {"Partition": "aws", "Region": "us-east-1", "Account": "123456789012"}
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
TOPIC = f"arn:aws:sns:{HERE}:news"


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "arn"),
    [
        ("sqs", "SendMessage", {"QueueUrl": URL}, "sqs:SendMessage", f"arn:aws:sqs:{HERE}:jobs"),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": URL},
            "sqs:SendMessage",
            f"arn:aws:sqs:{HERE}:jobs",
        ),
        ("sns", "Publish", {"TopicArn": TOPIC}, "sns:Publish", TOPIC),
        ("sns", "PublishBatch", {"TopicArn": TOPIC}, "sns:Publish", TOPIC),
        ("monitoring", "PutMetricData", {"Namespace": "x"}, "cloudwatch:PutMetricData", "*"),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "own"}]},
            "events:PutEvents",
            f"arn:aws:events:{HERE}:event-bus/own",
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"Source": "x"}]},
            "events:PutEvents",
            f"arn:aws:events:{HERE}:event-bus/default",
        ),
        (
            "states",
            "StartExecution",
            {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:s"},
            "states:StartExecution",
            f"arn:aws:states:{HERE}:stateMachine:s",
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{HERE}:function:f",
        ),
        (
            "ssm",
            "GetParameter",
            {"Name": "/app/colour"},
            "ssm:GetParameter",
            f"arn:aws:ssm:{HERE}:parameter/app/colour",
        ),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            "dynamodb:Query",
            f"arn:aws:dynamodb:{HERE}:table/t/index/i",
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"t": []}},
            "dynamodb:BatchWriteItem",
            f"arn:aws:dynamodb:{HERE}:table/t",
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}]},
            "dynamodb:PutItem",
            f"arn:aws:dynamodb:{HERE}:table/t",
        ),
        (
            "kinesis",
            "PutRecord",
            {"StreamName": "s"},
            "kinesis:PutRecord",
            f"arn:aws:kinesis:{HERE}:stream/s",
        ),
        (
            "firehose",
            "PutRecord",
            {"DeliveryStreamName": "s"},
            "firehose:PutRecord",
            f"arn:aws:firehose:{HERE}:deliverystream/s",
        ),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject", "arn:aws:s3:::b/k"),
        ("rekognition", "DetectLabels", {"Image": {}}, "rekognition:DetectLabels", "*"),
    ],
)
def test_a_call_needs_its_action_on_what_it_is_about(
    service: str, operation: str, params: dict[str, Any], action: str, arn: str
) -> None:
    prefix = subjects.prefix_of(service)
    ((part, asked),) = subjects.parts(prefix, operation, params)
    entry = Entry("f", "called", prefix, part, subjects.fields(prefix, asked), {})

    assert entry.action == action
    assert subjects.resource(action, WHERE, subjects.fields(prefix, asked)) == arn
    assert entry.resource({}, Target("us-east-1", {})) == arn


def test_a_batch_is_about_each_of_its_tables() -> None:
    found = subjects.parts("dynamodb", "BatchGetItem", {"RequestItems": {"a": {}, "b": {}}})

    assert found == [("BatchGetItem", {"TableName": "a"}), ("BatchGetItem", {"TableName": "b"})]


def test_what_the_environment_tells_is_resolved_before_it_is_taken_apart() -> None:
    entry = Entry("f", "called", "sqs", "SendMessage", {"QueueUrl": "${JOBS_URL}"}, {})

    assert entry.resource({"JOBS_URL": URL}, Target("us-east-1", {})) == f"arn:aws:sqs:{HERE}:jobs"
