"""A deployed stack is read as it is, and what can't be served is refused by its name."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.application.blueprint import Api, Queue, Unservable
from localcloud.application.reading import delivered
from localcloud.application.reading.deployed import read
from tests.localcloud.driving import CODE_BUCKET, Driver, queue, resources

FUNCTION_ARN = {"Fn::GetAtt": ["Answerer", "Arn"]}


def function(**changed: Any) -> dict[str, Any]:
    properties = {
        "FunctionName": "answerer",
        "Runtime": "python3.11",
        "Handler": "lambda_function.lambda_handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"S3Bucket": CODE_BUCKET, "S3Key": "code.zip"},
        "Timeout": 7,
        "Environment": {"Variables": {"A": "b"}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties | changed}


def document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(**condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | condition
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    policy = {"PolicyName": "p", "PolicyDocument": document(statement)}
    properties = {"AssumeRolePolicyDocument": document(trust), "Policies": [policy]}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def part(kind: str, **properties: Any) -> dict[str, Any]:
    made = {"ApiId": {"Ref": "Api"}, **properties}
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": made}


def mapping(source: Any, **properties: Any) -> dict[str, Any]:
    made = {"FunctionName": {"Ref": "Answerer"}, "EventSourceArn": source, **properties}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": made}


def stack(**changed: dict[str, Any]) -> dict[str, Any]:
    """An HTTP API with one route to one function."""
    parts = {
        "Role": role(),
        "Answerer": function(),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "api", "ProtocolType": "HTTP"},
        },
        "Integration": part(
            "Integration",
            IntegrationType="AWS_PROXY",
            IntegrationUri=FUNCTION_ARN,
            PayloadFormatVersion="2.0",
        ),
        "Route": part("Route", RouteKey="GET /", Target={"Fn::Sub": "integrations/${Integration}"}),
        "Stage": part("Stage", StageName="$default", AutoDeploy=True),
    }
    return resources(**(parts | changed))


@pytest.fixture
def here(aws_here: Driver) -> Driver:
    aws_here.put_code()
    return aws_here


def test_functions_and_routes_are_read_from_their_services(here: Driver) -> None:
    here.deploy(stack())

    found = read(here.account, "app")

    answerer = found.functions["answerer"]
    assert (answerer.timeout_seconds, dict(answerer.variables)) == (7, {"A": "b"})
    assert answerer.policies[0]["Statement"][0]["Action"] == "s3:GetObject"
    (api,) = found.apis
    assert isinstance(api, Api)
    assert [(one.key, one.function, one.timeout_seconds) for one in api.routes] == [
        ("GET /", "answerer", 30.0)
    ]
    assert found.website is None


def test_a_queue_is_read_with_its_mapping_and_its_redrive_policy(here: Driver) -> None:
    arn = {"Fn::GetAtt": ["Q", "Arn"]}
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Failed", "Arn"]}, "maxReceiveCount": 3}
    made = stack(
        Failed=queue("failed"),
        Q=queue(VisibilityTimeout=42, RedrivePolicy=redrive),
        M=mapping(
            arn,
            BatchSize=7,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 2},
        ),
    )
    assert here.deploy(made)["StackStatus"] == "CREATE_COMPLETE", here.history()

    (found,) = read(here.account, "app").sources

    assert isinstance(found, Queue)
    assert (found.function, found.arn.rsplit(":", 1)[1]) == ("answerer", "q")
    assert (found.batch, found.reports_items, found.at_once) == (7, True, 2)
    assert (found.visibility_seconds, found.attempts) == (42, 3)
    assert str(found.failures).endswith(":failed")


def test_a_mapping_that_is_switched_off_reads_nothing(here: Driver) -> None:
    made = stack(Q=queue(), M=mapping({"Fn::GetAtt": ["Q", "Arn"]}, Enabled=False))
    assert here.deploy(made)["StackStatus"] == "CREATE_COMPLETE", here.history()

    assert read(here.account, "app").sources == ()


def test_a_message_that_is_sent_counts_no_receipt_by_itself(here: Driver) -> None:
    here.deploy(stack(Q=queue(), M=mapping({"Fn::GetAtt": ["Q", "Arn"]})))
    sqs = here.account.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="a")

    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])

    counts = [one["Attributes"]["ApproximateReceiveCount"] for one in received["Messages"]]
    assert counts == ["1", "1", "1"]


def test_a_distributions_security_headers_are_read_as_cloudfront_sends_them() -> None:
    class Client:
        def get_response_headers_policy(self, Id: str) -> Any:  # noqa: N803 - AWS's name
            security = {
                "StrictTransportSecurity": {
                    "AccessControlMaxAgeSec": 60,
                    "IncludeSubdomains": True,
                    "Preload": False,
                    "Override": True,
                },
                "ContentTypeOptions": {"Override": True},
                "FrameOptions": {"FrameOption": "DENY", "Override": True},
            }
            config = {"SecurityHeadersConfig": security}
            return {"ResponseHeadersPolicy": {"ResponseHeadersPolicyConfig": config}}

    plain = delivered.headers(Client(), {})
    protected = {"ResponseHeadersPolicyId": "E1"}

    assert plain == {}
    assert delivered.headers(Client(), protected) == {
        "Strict-Transport-Security": "max-age=60; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def test_a_stack_without_anything_to_serve_is_empty(here: Driver) -> None:
    here.deploy(resources(Q=queue()))

    found = read(here.account, "app")

    assert (found.apis, dict(found.functions), found.resources) == ((), {}, 1)


@pytest.mark.parametrize(
    ("changed", "where", "what"),
    [
        ({"Answerer": function(Runtime="nodejs22.x")}, "Answerer", "runtime nodejs22.x"),
        (
            {
                "Integration": part(
                    "Integration",
                    IntegrationType="HTTP_PROXY",
                    IntegrationUri="https://example.com",
                    IntegrationMethod="GET",
                    PayloadFormatVersion="1.0",
                )
            },
            "Api GET /",
            "type HTTP_PROXY",
        ),
        (
            {
                "Integration": part(
                    "Integration",
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=FUNCTION_ARN,
                    PayloadFormatVersion="1.0",
                )
            },
            "Api GET /",
            "payload format 1.0",
        ),
        (
            {
                "Route": part(
                    "Route",
                    RouteKey="GET /",
                    AuthorizationType="AWS_IAM",
                    Target={"Fn::Sub": "integrations/${Integration}"},
                )
            },
            "Api GET /",
            "authorizer",
        ),
        ({"Other": part("Stage", StageName="beta")}, "Api", "2 stages"),
        (
            {
                "Q": queue("q.fifo", FifoQueue=True),
                "M": mapping({"Fn::GetAtt": ["Q", "Arn"]}),
            },
            "M",
            "q.fifo; it reads standard queues",
        ),
        (
            {"Role": role(Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01"}})},
            "Answerer",
            "DateLessThan in a policy",
        ),
    ],
    ids=["runtime", "integration", "payload", "authorizer", "stages", "fifo", "condition"],
)
def test_what_cannot_be_served_is_named(
    here: Driver, changed: dict[str, Any], where: str, what: str
) -> None:
    assert here.deploy(stack(**changed))["StackStatus"] == "CREATE_COMPLETE", here.history()

    with pytest.raises(Unservable) as refused:
        read(here.account, "app")

    assert refused.value.where == where
    assert what in refused.value.what
