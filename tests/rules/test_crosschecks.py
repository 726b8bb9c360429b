"""The checks that Guard's language can't say, each with what passes, fails and skips."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipeline.policy import crosschecks
from pipeline.schemas import runtimes

DAY = date(2026, 11, 22)
ROLE = {"Type": "AWS::IAM::Role"}
TOPIC = {"Type": "AWS::SNS::Topic"}
KEY = {"Type": "AWS::KMS::Key"}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def function(role: Any, runtime: Any = "python3.11") -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Role": role, "Runtime": runtime}}


def role(principal: Any) -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Allow", "Principal": principal}]}
    return {**ROLE, "Properties": {"AssumeRolePolicyDocument": document}}


def called(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


def policy(kind: str, key: str, target: Any, *resources: Any) -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Deny", "Resource": list(resources)}]}
    return {"Type": kind, "Properties": {key: target, "PolicyDocument": document}}


def bucket_policy(target: Any, *resources: Any) -> dict[str, Any]:
    return policy("AWS::S3::BucketPolicy", "Bucket", target, *resources)


def permission(api: str, target: str = "F") -> dict[str, Any]:
    source = {"Fn::Sub": f"arn:${{AWS::Partition}}:execute-api:x:y:${{{api}}}/*"}
    properties = {"FunctionName": ref(target), "SourceArn": source}
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


API = {"Type": "AWS::ApiGatewayV2::Api"}
CALL = {
    "Type": "AWS::ApiGatewayV2::Integration",
    "Properties": {"ApiId": ref("Api"), "IntegrationUri": arn("F")},
}
ASK = {
    "Type": "AWS::ApiGatewayV2::Authorizer",
    "Properties": {"ApiId": ref("Api"), "AuthorizerUri": arn("F")},
}
DESCRIBED = {**API, "Properties": {"Body": {"paths": {"/": {"get": {"uri": arn("F")}}}}}}
BUCKET = {"Type": "AWS::S3::Bucket"}
QUEUE = {"Type": "AWS::SQS::Queue"}
F, G = function(arn("R")), function(arn("S"))


def said(rule: str, template: dict[str, Any], day: date = DAY) -> Any:
    verdicts = crosschecks.judge("dev", template, day)
    return next(one for one in verdicts if one.rule == rule)


def alarm(metric: str, **dimensions: Any) -> dict[str, Any]:
    given = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    properties = {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": given}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def alarm_in(namespace: str, metric: str, **dimensions: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {"Namespace": namespace, "MetricName": metric}
    if dimensions:
        pairs = dimensions.items()
        properties["Dimensions"] = [{"Name": name, "Value": value} for name, value in pairs]
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def inside(one: dict[str, Any]) -> dict[str, Any]:
    """The same metric within an alarm's expression."""
    metrics = [{"Expression": "1"}, {"MetricStat": {"Metric": one["Properties"]}}]
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": metrics}}


TABLE = {"Type": "AWS::DynamoDB::Table"}
THROTTLES = alarm("ReadThrottleEvents", TableName=ref("T"))
INDEX = alarm("WriteThrottleEvents", TableName=ref("T"), GlobalSecondaryIndexName="i")
GROUP = {"Type": "AWS::Logs::LogGroup"}
LOGGING = {"LoggingConfig": {"LogGroup": ref("L")}, "FunctionName": "f"}
LOGGED = {"Type": "AWS::Lambda::Function", "Properties": LOGGING}


def mapping(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def invoke_config(destination: Any) -> dict[str, Any]:
    properties = {"DestinationConfig": {"OnFailure": {"Destination": destination}}}
    return {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}


def group(name: Any) -> dict[str, Any]:
    return {**GROUP, "Properties": {"LogGroupName": name}}


PASSES: list[tuple[str, dict[str, Any]]] = [
    ("VALUES_STAY_IN_THE_STACK", {"M": mapping(EventSourceArn=arn("Q")), "Q": QUEUE}),
    ("FUNCTIONS_SHARE_NO_ROLE", {"F": F, "G": G, "R": ROLE, "S": ROLE}),
    ("FUNCTIONS_SHARE_NO_ROLE", {"F": F}),
    ("STORES_HAVE_POLICIES_OF_THEIR_OWN", {"B": BUCKET, "P": bucket_policy(ref("B"))}),
    ("POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE", {"P": bucket_policy(ref("B"), arn("B"))}),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": bucket_policy(ref("B"), {"Fn::Sub": "${B.Arn}/*"})},
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": bucket_policy(ref("B"), {"Fn::Sub": ["${A}/*", {"A": arn("B")}]})},
    ),
    ("REFERENCES_FIT_THEIR_PROPERTY", {"F": F, "R": ROLE}),
    ("REFERENCES_FIT_THEIR_PROPERTY", {"M": mapping(EventSourceArn=arn("Q")), "Q": QUEUE}),
    (
        "REFERENCES_FIT_THEIR_PROPERTY",
        {"M": mapping(EventSourceArn=arn("K")), "K": {"Type": "AWS::Kinesis::Stream"}},
    ),
    *(
        ("REFERENCES_FIT_THEIR_PROPERTY", {"I": invoke_config(ref("D")), "D": {"Type": kind}})
        for kind in (
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
            "AWS::Lambda::Function",
            "AWS::Events::EventBus",
            "Custom::Destination",
        )
    ),
    (
        "REFERENCES_FIT_THEIR_PROPERTY",
        {"F": function({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/worker"})},
    ),
    ("HELPERS_ARE_USED", {"L": group("/aws/vendedlogs/states/orders")}),
    ("HELPERS_ARE_USED", {"L": group("/app/log")}),
    ("HELPERS_ARE_USED", {"R": role({"Federated": "them"})}),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": API, "A": ASK, "P": permission("Api")}),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": DESCRIBED, "P": permission("Api")}),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": policy("AWS::SQS::QueuePolicy", "Queues", [ref("Q"), ref("R")], "*")},
    ),
    (
        "STORES_HAVE_POLICIES_OF_THEIR_OWN",
        {
            "Q": QUEUE,
            "R": QUEUE,
            "P": policy("AWS::SQS::QueuePolicy", "Queues", [ref("Q"), ref("R")]),
        },
    ),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": alarm_in("Orders/Own", "Late")}),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": alarm_in("AWS/States", "ExecutionsFailed")}),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": alarm_in("AWS/Lambda", "Errors")}),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm_in("AWS/Lambda", "Errors", FunctionName=ref("F"), Resource="f:live"), "F": F},
    ),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm_in("AWS/ApiGateway", "5xx", ApiId=ref("Api")), "Api": API},
    ),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": alarm_in("AWS/DynamoDB", "SystemErrors")}),
    ("HELPERS_ARE_USED", {"F": F, "R": ROLE}),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": API, "I": CALL, "P": permission("Api")}),
    ("FUNCTIONS_RUN_MAINTAINED_RUNTIMES", {"F": F}),
    ("FUNCTIONS_RUN_MAINTAINED_RUNTIMES", {"F": function(arn("R"), "nodejs22.x")}),
    ("FUNCTIONS_RUN_MAINTAINED_RUNTIMES", {"F": function(arn("R"), "provided.al2023")}),
    ("FUNCTIONS_RUN_MAINTAINED_RUNTIMES", {"F": function(arn("R"), ref("Runtime"))}),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": THROTTLES, "B": inside(INDEX), "T": TABLE}),
    ("FUNCTIONS_HAVE_A_LOG_GROUP", {"F": LOGGED, "L": GROUP}),
    ("FUNCTIONS_HAVE_A_LOG_GROUP", {"F": F, "L": group({"Fn::Sub": "/aws/lambda/${F}"})}),
    (
        "FUNCTIONS_HAVE_A_LOG_GROUP",
        {
            "F": {**F, "Properties": {"FunctionName": {"Fn::Sub": "${Name}-f"}}},
            "L": group({"Fn::Sub": "/aws/lambda/${Name}-f"}),
        },
    ),
]
DIMENSIONS = "/Resources/A/Properties/Dimensions"
FAILS: list[tuple[str, dict[str, Any], str]] = [
    (
        "VALUES_STAY_IN_THE_STACK",
        {"M": mapping(EventSourceArn="arn:aws:sqs:us-east-1:999999999999:q")},
        "/Resources/M/Properties/EventSourceArn",
    ),
    ("FUNCTIONS_HAVE_A_LOG_GROUP", {"F": F}, "/Resources/F"),
    ("FUNCTIONS_HAVE_A_LOG_GROUP", {"F": LOGGED, "L": TOPIC}, "/Resources/F"),
    ("FUNCTIONS_HAVE_A_LOG_GROUP", {"F": LOGGED, "M": group("/aws/lambda/f")}, "/Resources/F"),
    (
        "FUNCTIONS_HAVE_A_LOG_GROUP",
        {"F": F, "G": G, "L": group({"Fn::Sub": "/aws/lambda/${F}"})},
        "/Resources/G",
    ),
    ("FUNCTIONS_SHARE_NO_ROLE", {"F": F, "G": F}, "/Resources/G/Properties/Role"),
    (
        "FUNCTIONS_SHARE_NO_ROLE",
        {"F": F, "G": function({"Fn::Sub": "${R.Arn}"})},
        "/Resources/G/Properties/Role",
    ),
    (
        "FUNCTIONS_SHARE_NO_ROLE",
        {"F": function({"Fn::GetAtt": "R.Arn"}), "G": F},
        "/Resources/G/Properties/Role",
    ),
    ("FUNCTIONS_SHARE_NO_ROLE", {"E": G, "F": F, "G": F}, "/Resources/G/Properties/Role"),
    ("STORES_HAVE_POLICIES_OF_THEIR_OWN", {"B": BUCKET}, "/Resources/B"),
    (
        "STORES_HAVE_POLICIES_OF_THEIR_OWN",
        {"A": BUCKET, "B": BUCKET, "P": bucket_policy(ref("A")), "Q": bucket_policy(ref("A"))},
        "/Resources/B",
    ),
    (
        "STORES_HAVE_POLICIES_OF_THEIR_OWN",
        {"B": QUEUE, "P": bucket_policy(ref("B"))},
        "/Resources/B",
    ),
    ("STORES_HAVE_POLICIES_OF_THEIR_OWN", {"B": TOPIC}, "/Resources/B"),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": bucket_policy(ref("B"), arn("B"), arn("C"))},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource/1",
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": bucket_policy(ref("B"), "*")},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource/0",
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": policy("AWS::SQS::QueuePolicy", "Queues", [ref("Q")], arn("O"))},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource/0",
    ),
    (
        "REFERENCES_FIT_THEIR_PROPERTY",
        {"M": mapping(EventSourceArn=arn("B")), "B": BUCKET},
        "/Resources/M/Properties/EventSourceArn",
    ),
    (
        "REFERENCES_FIT_THEIR_PROPERTY",  # as the schema says, no table of ours
        {"T": {**TOPIC, "Properties": {"KmsMasterKeyId": arn("B")}}, "B": BUCKET},
        "/Resources/T/Properties/KmsMasterKeyId",
    ),
    ("HELPERS_ARE_USED", {"L": {"Type": "AWS::Logs::LogGroup"}}, "/Resources/L"),
    ("HELPERS_ARE_USED", {"R": role({"Service": "lambda.amazonaws.com"})}, "/Resources/R"),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": API, "A": ASK}, "/Resources/Api"),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": DESCRIBED}, "/Resources/Api"),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm_in("AWS/SQS", "NumberOfMessagesSent", QueueName="jobz"), "Q": called("jobs")},
        "/Resources/A/Properties/Dimensions",
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": bucket_policy("logs", "arn:aws:s3:::my-logs/*")},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource/0",
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": policy("AWS::SNS::TopicPolicy", "Topics", [ref("T")], ref("U"))},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource/0",
    ),
    ("REFERENCES_FIT_THEIR_PROPERTY", {"F": F, "R": TOPIC}, "/Resources/F/Properties/Role"),
    ("REFERENCES_FIT_THEIR_PROPERTY", {"F": F}, "/Resources/F/Properties/Role"),
    ("HELPERS_ARE_USED", {"F": F, "R": ROLE, "S": ROLE}, "/Resources/S"),
    (
        "HELPERS_ARE_USED",
        {"S": {**KEY, "Properties": {"Description": {"Fn::Sub": "${S}"}}}},
        "/Resources/S",
    ),
    ("APIS_MAY_INVOKE_WHAT_THEY_CALL", {"F": F, "Api": API, "I": CALL}, "/Resources/Api"),
    (
        "APIS_MAY_INVOKE_WHAT_THEY_CALL",
        {"F": F, "Api": API, "Other": API, "P": permission("Other")},
        "/Resources/P/Properties/SourceArn",
    ),
    (
        "APIS_MAY_INVOKE_WHAT_THEY_CALL",
        {
            "F": F,
            "G": G,
            "Api": API,
            "I": CALL,
            "P": permission("Api"),
            "Q": permission("Api", "G"),
        },
        "/Resources/Q/Properties/SourceArn",
    ),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm("UserErrors", TableName=ref("T")), "T": TABLE},
        "/Resources/A/Properties/MetricName",
    ),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm_in("AWS/Lambda", "Errors", Name=ref("F")), "F": F},
        DIMENSIONS,
    ),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": alarm("ReadThrottleEvents"), "T": TABLE}, DIMENSIONS),
    ("ALARMS_WATCH_WHAT_HAS_DATA", {"A": THROTTLES, "T": TOPIC}, DIMENSIONS),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm("ReadThrottleEvents", TableName="name"), "T": TABLE},
        DIMENSIONS,
    ),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": alarm("ReadThrottleEvents", TableName=ref("T"), Operation="Scan"), "T": TABLE},
        DIMENSIONS,
    ),
    (
        "ALARMS_WATCH_WHAT_HAS_DATA",
        {"A": inside(alarm("UserErrors", TableName=ref("T"))), "T": TABLE},
        "/Resources/A/Properties/Metrics/1/MetricStat/Metric/MetricName",
    ),
    (
        "POLICIES_ARE_ABOUT_THEIR_OWN_RESOURCE",
        {"P": {**bucket_policy(ref("B")), "Properties": {"PolicyDocument": {"Statement": [{}]}}}},
        "/Resources/P/Properties/PolicyDocument/Statement/0/Resource",
    ),
    (
        "FUNCTIONS_RUN_MAINTAINED_RUNTIMES",
        {"F": function(arn("R"), "python3.6")},
        "/Resources/F/Properties/Runtime",
    ),
]


@pytest.mark.parametrize(("rule", "resources"), PASSES)
def test_what_is_as_it_should_be_passes(rule: str, resources: dict[str, Any]) -> None:
    assert said(rule, {"Resources": resources}).status == "PASS"


@pytest.mark.parametrize(("rule", "resources", "path"), FAILS)
def test_what_evades_the_rule_fails_at_its_place(
    rule: str, resources: dict[str, Any], path: str
) -> None:
    verdict = said(rule, {"Resources": resources})

    assert verdict.status == "FAIL"
    assert [failure.path for failure in verdict.failures] == [path]
    assert all(" Mend: " in failure.message for failure in verdict.failures)


def test_what_a_stack_gives_away_is_used() -> None:
    template = {"Resources": {"K": KEY}, "Outputs": {"Key": {"Value": ref("K")}}}

    assert said("HELPERS_ARE_USED", template).status == "PASS"


def test_what_a_parameter_names_is_known_at_deployment_only() -> None:
    template = {"Parameters": {"Key": {"Type": "String"}}, "Resources": {"F": function(ref("Key"))}}

    assert said("REFERENCES_FIT_THEIR_PROPERTY", template).status == "PASS"


@pytest.mark.parametrize("rule", [rule.name for rule in crosschecks.rules()])
@pytest.mark.parametrize("template", [{}, {"Resources": {}}, {"Resources": {"X": "no resource"}}])
def test_a_check_without_its_subject_skips(rule: str, template: dict[str, Any]) -> None:
    assert said(rule, template).status == "SKIP"


def test_each_check_has_a_case_that_passes_and_one_that_fails() -> None:
    names = {rule.name for rule in crosschecks.rules()}

    assert {rule for rule, _ in PASSES} == names
    assert {rule for rule, _, _ in FAILS} == names


@pytest.mark.parametrize(
    ("day", "status", "told"),
    [
        ("2026-12-31", "PASS", ""),
        ("2027-01-01", "PASS", "gets no security updates from 2027-06-30 on"),
        ("2027-06-30", "PASS", "no security updates since 2027-06-30"),
        ("2027-07-31", "PASS", "blocked new functions with this runtime since 2027-07-31"),
        ("2027-08-30", "PASS", "blocked new functions with this runtime since 2027-07-31"),
        ("2027-08-31", "FAIL", "blocked updates of functions with this runtime"),
    ],
)
def test_a_runtimes_end_is_told_half_a_year_before_and_refused_when_nobody_may_update_it(
    day: str, status: str, told: str
) -> None:
    template = {"Resources": {"F": F}}

    verdict = said("FUNCTIONS_RUN_MAINTAINED_RUNTIMES", template, date.fromisoformat(day))

    assert verdict.status == status
    assert [told in failure.message for failure in verdict.failures] == ([True] if told else [])


def test_runtimes_of_every_language_have_their_days() -> None:
    families = {name.rstrip("0123456789.x") for name in runtimes()}

    assert {"python", "nodejs", "java", "dotnet", "ruby"} <= families


@pytest.mark.parametrize(
    "properties", [None, "text", [], {"Role": None}, {"Role": [1, {"Ref": 2}]}]
)
def test_a_resource_that_is_malformed_crashes_no_check(properties: Any) -> None:
    for kind in (
        "AWS::Lambda::Function",
        "AWS::S3::BucketPolicy",
        "AWS::ApiGatewayV2::Integration",
    ):
        crosschecks.judge(
            "dev", {"Resources": {"X": {"Type": kind, "Properties": properties}}}, DAY
        )
