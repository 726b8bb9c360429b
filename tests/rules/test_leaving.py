"""What names something outside the stack: what passes, what fails, and the ways around it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipeline.policy import crosschecks
from pipeline.policy.verdicts import Verdict

DAY = date(2026, 11, 22)
THEIRS = "arn:aws:sqs:us-east-1:999999999999:theirs"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0b1f7a3e"
BUCKET_NAME = {"Fn::Sub": "${ProjectName}-uploads-${AWS::AccountId}"}
STACK = {
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Api": {"Type": "AWS::ApiGatewayV2::Api"},
    "Site": {"Type": "AWS::CloudFront::Distribution"},
    "Images": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET_NAME}},
}


def sub(text: str, **variables: Any) -> dict[str, Any]:
    return {"Fn::Sub": [text, variables] if variables else text}


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def said(
    kind: str,
    properties: Any,
    foreign: frozenset[str] = frozenset(),
    parameters: dict[str, Any] | None = None,
) -> Verdict:
    resources = {**STACK, "One": {"Type": kind, "Properties": properties}}
    template = {"Parameters": parameters or {}, "Resources": resources}
    verdicts = crosschecks.judge("dev", template, DAY, foreign)
    return next(one for one in verdicts if one.rule == "VALUES_STAY_IN_THE_STACK")


def destination(value: Any) -> tuple[str, dict[str, Any]]:
    return "AWS::Lambda::EventInvokeConfig", {
        "DestinationConfig": {"OnFailure": {"Destination": value}}
    }


def variable(value: Any, name: str = "PLACE") -> tuple[str, dict[str, Any]]:
    return "AWS::Lambda::Function", {"Environment": {"Variables": {name: value}}}


def statement(**parts: Any) -> tuple[str, dict[str, Any]]:
    document = {"Statement": [{"Effect": "Allow", **parts}]}
    return "AWS::SQS::QueuePolicy", {"Queues": [{"Ref": "Queue"}], "PolicyDocument": document}


def granted(resource: Any) -> tuple[str, dict[str, Any]]:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}
    return "AWS::IAM::Role", {"Policies": [{"PolicyName": "P", "PolicyDocument": document}]}


def when(key: str, value: Any) -> tuple[str, dict[str, Any]]:
    return statement(Resource=arn("Queue"), Condition={"StringEquals": {key: value}})


STAYS = {
    "an API's function": (
        "AWS::ApiGatewayV2::Integration",
        {
            "IntegrationUri": sub(
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                "${Queue.Arn}/invocations"
            )
        },
    ),
    "an API's routes": granted(
        sub("arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/dev/POST/*")
    ),
    "joined of parts": destination(
        {"Fn::Join": [":", ["arn:aws:sqs:x", {"Ref": "AWS::AccountId"}, "jobs"]]}
    ),
    "a policy that AWS keeps": (
        "AWS::IAM::Role",
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
    ),
    "what it waits for": ("AWS::SNS::Topic", {"TopicName": {"Fn::Select": [0, ["a", "b"]]}}),
    "a resource": destination(arn("Queue")),
    "a resource within a text": destination(
        sub("arn:aws:sqs:x:${AWS::AccountId}:${Queue.QueueName}")
    ),
    "a resource as a Sub's variable": destination(sub("${Q}", Q=arn("Queue"))),
    "joined of a resource": destination({"Fn::Join": ["", [arn("Queue")]]}),
    "nothing": destination(""),
    "a service": statement(Principal={"Service": "s3.amazonaws.com"}, Resource=arn("Queue")),
    "everybody, for other rules to judge": statement(Principal="*", Resource="*"),
    "the stack's own account": statement(Principal={"AWS": {"Ref": "AWS::AccountId"}}),
    "its root": statement(
        Principal={"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}
    ),
    "the own account in a condition": when("aws:SourceAccount", {"Ref": "AWS::AccountId"}),
    "a condition about something else": when("s3:x-amz-acl", "private"),
    "a resource by the name that it has": granted(
        sub("arn:${AWS::Partition}:s3:::${ProjectName}-uploads-${AWS::AccountId}/*")
    ),
    "an address of the stack's API": variable(
        sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/dev")
    ),
    "an address of the stack's site": variable(sub("https://${Site.DomainName}")),
    "a word": variable("wsConnectionId-index"),
    "a number": variable(15728640),
    "a size of twelve digits": variable(107374182400),
    "a truth": variable(True),
    "what AWS keeps": ("AWS::SQS::Queue", {"KmsMasterKeyId": "alias/aws/sqs"}),
    "words for people": ("AWS::SNS::Topic", {"Description": "see https://example.com/runbook"}),
    "a tag": ("AWS::SNS::Topic", {"Tags": [{"Key": "Owner", "Value": "arn:aws:x"}]}),
}
LEAVES = {
    "an ARN": destination(THEIRS),
    "a name": ("AWS::S3::BucketPolicy", {"Bucket": "their-bucket"}),
    "an ARN within Fn::Sub": destination(sub("arn:${AWS::Partition}:sqs:x:999999999999:theirs")),
    "another queue of the account": destination(
        sub("arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:theirs")
    ),
    "a foreign account beside a resource": destination(
        sub("arn:aws:sqs:us-east-1:999999999999:${Queue.QueueName}")
    ),
    "a foreign account as a Sub's variable": destination(
        sub("arn:aws:sqs:x:${A}:${Queue.QueueName}", A="999999999999")
    ),
    "joined of a foreign account": destination(
        {"Fn::Join": [":", ["arn:aws:sqs:x:999999999999", {"Ref": "Queue"}]]}
    ),
    "of another stack": destination({"Fn::ImportValue": "theirs"}),
    "a secret's value": destination("{{resolve:ssm:/theirs}}"),
    "an account": statement(Principal={"AWS": "999999999999"}, Resource=arn("Queue")),
    "an account as a number": statement(Principal={"AWS": 999999999999}, Resource=arn("Queue")),
    "accounts": statement(Principal={"AWS": ["999999999999"]}, Resource=arn("Queue")),
    "a role of another account": statement(
        Principal={"AWS": "arn:aws:iam::999999999999:role/x"}, Resource=arn("Queue")
    ),
    "a role of the account": statement(Principal={"AWS": "arn:aws:iam::x:role/x"}),
    "somebody's logins": statement(Principal={"Federated": "accounts.example.com"}),
    "an account in a condition": when("aws:SourceAccount", "999999999999"),
    "an ARN in a condition": when("aws:SourceArn", "arn:aws:s3:::theirs"),
    "an organization": when("aws:PrincipalOrgID", "o-theirs"),
    "a bucket that isn't the stack's": granted("arn:aws:s3:::theirs/*"),
    "a bucket whose name begins like the stack's": granted(
        sub("arn:${AWS::Partition}:s3:::${ProjectName}-uploads-${AWS::AccountId}-theirs/*")
    ),
    "an address": variable("https://theirs.example.com"),
    "an address in disguise": variable(sub("https://${Api}.theirs.example.com")),
    "an address behind a name": variable("postgres://user@theirs.example.com/x"),
    "an address of AWS that isn't the stack's": variable(
        "https://abc.execute-api.us-east-1.amazonaws.com"
    ),
    "an address that only begins like the stack's": variable(
        sub("https://${Api}.theirs.s3.${AWS::Region}.${AWS::URLSuffix}/")
    ),
    "an address of AWS with a resource behind it": variable(
        sub("https://theirs.s3.${AWS::Region}.${AWS::URLSuffix}/${Queue}")
    ),
    "another's bucket with a resource behind it": granted(
        sub("arn:${AWS::Partition}:s3:::theirs/${Queue}")
    ),
    "another's bucket whose name ends like a resource": granted(
        sub("arn:${AWS::Partition}:s3:::theirs-${Api}/*")
    ),
    "a name that only ends like a resource": ("AWS::S3::BucketPolicy", {"Bucket": sub("x-${Api}")}),
    "an account by a parameter": destination(
        sub("arn:${AWS::Partition}:sqs:x:${Stage}:${Queue.QueueName}")
    ),
    "any account": when("aws:SourceArn", sub("arn:aws:s3:*:*:${Images}")),
    "a resource's name, taken by a variable": destination(sub("${Queue}", Queue="theirs")),
    "a literal, chosen among resources": destination({"Fn::Select": [0, ["theirs", arn("Queue")]]}),
    "an ARN in a variable": variable(THEIRS),
    "a name in a variable that is called so": variable("theirs", "UPLOAD_BUCKET_NAME"),
    "a key": (
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"KMSMasterKeyID": "theirs"}}
                ]
            }
        },
    ),
    "a host where hosts belong": (
        "AWS::CloudFront::Distribution",
        {"DistributionConfig": {"Origins": [{"DomainName": "theirs.example.com"}]}},
    ),
    "an address in a property that no schema marks": (
        "AWS::CloudFront::ResponseHeadersPolicy",
        {"ResponseHeadersPolicyConfig": {"X": "report-uri https://theirs.example.com"}},
    ),
}


@pytest.mark.parametrize("case", STAYS)
def test_it_passes(case: str) -> None:
    assert said(*STAYS[case]).failures == ()


@pytest.mark.parametrize("case", LEAVES)
def test_it_fails_at_the_value(case: str) -> None:
    verdict = said(*LEAVES[case])

    assert [one.path.startswith("/Resources/One/Properties/") for one in verdict.failures] == [True]
    assert "FOREIGN" in verdict.failures[0].message


def test_a_setting_may_name_what_is_foreign() -> None:
    kind, properties = granted(KEY)

    assert said(kind, properties).status == "FAIL"
    assert said(kind, properties, frozenset({KEY})).status == "PASS"


@pytest.mark.parametrize(
    ("default", "status"),
    [(None, "PASS"), ("", "PASS"), (THEIRS, "FAIL"), ("their-queue", "FAIL"), ("jobs", "PASS")],
)
def test_a_parameters_default_is_judged_where_the_parameter_is_used(
    default: str | None, status: str
) -> None:
    parameter = {"Type": "String"} if default is None else {"Type": "String", "Default": default}

    verdict = said(*destination({"Ref": "Place"}), parameters={"Place": parameter})

    assert verdict.status == status


def test_a_default_that_names_another_account_is_found_wherever_it_is_used() -> None:
    parameters = {"Account": {"Type": "String", "Default": "999999999999"}}

    verdict = said(*variable("word"), parameters=parameters)

    assert [one.path for one in verdict.failures] == ["/Parameters/Account/Default"]


def test_of_an_address_only_the_host_is_told() -> None:
    """Redaction hides the value itself."""
    verdict = said(*variable("https://user:word@theirs.example.com/path"))

    assert verdict.failures[0].message.startswith("theirs.example.com isn't a host of this stack.")


def test_a_setting_may_name_a_foreign_host_in_an_address() -> None:
    kind, properties = variable("https://photos.example.com")

    assert said(kind, properties).status == "FAIL"
    assert said(kind, properties, frozenset({"photos.example.com"})).status == "PASS"
    assert said(kind, properties, frozenset({"example.com"})).status == "FAIL"
