"""Each omission is still needed: ministack is asked for what it lacks, in the smallest stack."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.second_opinion import omissions
from tests.second_opinion.conftest import Cloud
from tests.second_opinion.emulator import SUFFIX, Emulator
from tests.second_opinion.omissions import Omission
from tests.smoke.site import Site

ORIGIN = "https://site.example.com"
SOCKETS = {
    "Type": "AWS::ApiGatewayV2::Api",
    "Properties": {
        "Name": "probe",
        "ProtocolType": "WEBSOCKET",
        "RouteSelectionExpression": "$request.body.action",
    },
}


@contextmanager
def stack(
    emulator: Emulator, outputs: dict[str, Any], **resources: Any
) -> Iterator[dict[str, str]]:
    """A small stack's outputs; an error where it can't be made."""
    client, name = emulator.client("cloudformation"), f"probe-{secrets.token_hex(4)}"
    values = {key: {"Value": value} for key, value in outputs.items()}
    body = json.dumps({"Resources": resources, "Outputs": values})
    client.create_stack(StackName=name, TemplateBody=body, OnFailure="DO_NOTHING")
    try:
        waiter = client.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        [made] = client.describe_stacks(StackName=name)["Stacks"]
        yield {one["OutputKey"]: one["OutputValue"] for one in made.get("Outputs", [])}
    finally:
        client.delete_stack(StackName=name)


def refused(emulator: Emulator, **resources: Any) -> bool:
    """Can't such a stack be made?"""
    try:
        with stack(emulator, {}, **resources):
            return False
    except (ClientError, WaiterError):
        return True


def answered(emulator: Emulator, method: str, url: str, **headers: str) -> tuple[int, Any]:
    """Status and headers of a request under one of AWS's names."""

    async def ask() -> tuple[int, Any]:
        async with emulator.http() as http:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await Site(http, "", "", ORIGIN).request(method, url, None, sent)
            return answer.status, answer

    return asyncio.run(ask())


def route_response(emulator: Emulator) -> bool:
    route = {"ApiId": {"Ref": "Api"}, "RouteKey": "ping"}
    response = {
        "ApiId": {"Ref": "Api"},
        "RouteId": {"Ref": "Route"},
        "RouteResponseKey": "$default",
    }
    return refused(
        emulator,
        Api=SOCKETS,
        Route={"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
        Response={"Type": "AWS::ApiGatewayV2::RouteResponse", "Properties": response},
    )


def metric_math(emulator: Emulator) -> bool:
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": "ReadThrottleEvents"}
    alarm = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "Metrics": [
            {"Id": "sum", "Expression": "SUM(METRICS())", "ReturnData": True},
            {
                "Id": "reads",
                "ReturnData": False,
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
            },
        ],
    }
    return refused(emulator, Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": alarm})


def change_set_of_a_stack_id(emulator: Emulator) -> bool:
    client, name = emulator.client("cloudformation"), f"probe-{secrets.token_hex(4)}"
    body = json.dumps({"Resources": {"Api": SOCKETS}})
    made = client.create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body
    )
    by_id = client.describe_change_set(ChangeSetName=made["Id"])
    assert by_id["ChangeSetName"] == "first"
    try:
        client.describe_change_set(StackName=made["StackId"], ChangeSetName="first")
    except client.exceptions.ChangeSetNotFoundException:
        return True
    finally:
        client.delete_stack(StackName=name)
    return False


def cors_of_a_template(emulator: Emulator) -> bool:
    cors = {"AllowOrigins": [ORIGIN], "AllowMethods": ["POST"], "AllowHeaders": ["x-a"]}
    api = {"Name": "probe", "ProtocolType": "HTTP", "CorsConfiguration": cors}
    stage = {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}
    with stack(
        emulator,
        {"Api": {"Ref": "Api"}},
        Api={"Type": "AWS::ApiGatewayV2::Api", "Properties": api},
        Stage={"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
    ) as outputs:
        url = f"https://{outputs['Api']}.execute-api.{SUFFIX}/"
        _, answer = answered(emulator, "OPTIONS", url, Access_Control_Request_Method="POST")
        return not answer.granted(ORIGIN)


def user(emulator: Emulator, action: str) -> Callable[[str], Any]:
    """Clients of somebody who may do that; the account's own keys may do everything."""
    iam, name = emulator.client("iam"), f"probe-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="probe", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return replace(emulator, key=key["AccessKeyId"], secret=key["SecretAccessKey"]).client


def generated_secret(emulator: Emulator) -> bool:
    wanted = {"PasswordLength": 48, "ExcludePunctuation": True, "IncludeSpace": False}
    secret = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"GenerateSecretString": wanted},
    }
    with stack(emulator, {"Arn": {"Ref": "Secret"}}, Secret=secret) as outputs:
        client = emulator.client("secretsmanager")
        value = client.get_secret_value(SecretId=outputs["Arn"])["SecretString"]
    assert len(value) == 48
    return not value.isalnum()


def apis_behind_a_distribution(emulator: Emulator) -> bool:
    stage = {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}
    origin = {
        "Id": "api",
        "DomainName": {"Fn::Sub": f"${{Api}}.execute-api.{SUFFIX}"},
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    behaviour = {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "OriginRequestPolicyId": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    }
    config = {"Enabled": True, "Origins": [origin], "DefaultCacheBehavior": behaviour}
    with stack(
        emulator,
        {"Host": {"Fn::GetAtt": ["Distribution", "DomainName"]}, "Api": {"Ref": "Api"}},
        Api={
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "probe", "ProtocolType": "HTTP"},
        },
        Stage={"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
        Distribution={
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": config},
        },
    ) as outputs:
        api = answered(emulator, "GET", f"https://{outputs['Api']}.execute-api.{SUFFIX}/x")
        through = answered(emulator, "GET", f"https://{outputs['Host']}/x")
    assert api[0] == 404
    return bool(through[0] == 502)


def write_once(emulator: Emulator) -> bool:
    s3, name = emulator.client("s3"), f"probe-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    user(emulator, "s3:*")("s3").put_object(Bucket=name, Key="before", Body=b"", IfNoneMatch="*")
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [denied]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    try:
        user(emulator, "s3:*")("s3").put_object(Bucket=name, Key="after", Body=b"", IfNoneMatch="*")
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False


def website_address(emulator: Emulator) -> bool:
    s3, name = emulator.client("s3"), f"probe-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_website(
        Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    everybody = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [everybody]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    s3.put_object(Bucket=name, Key="index.html", Body=b"here", ContentType="text/html")
    status, answer = answered(emulator, "GET", f"https://{name}.s3-website-{SUFFIX}/")
    return (status, answer.data) != (200, b"here")


def push_address(emulator: Emulator) -> bool:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "import os\ndef handler(event, _):\n    return dict(os.environ)\n")
    client, name = emulator.client("lambda"), f"probe-{secrets.token_hex(4)}"
    trusted = {"Service": "lambda.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    role = emulator.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="f.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    told = json.loads(client.invoke(FunctionName=name)["Payload"].read())
    assert told["AWS_ENDPOINT_URL"].endswith(f":{emulator.port}")
    return "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" not in told


PROBES: dict[str, Callable[[Emulator], bool]] = {
    omissions.ROUTE_RESPONSE.name: route_response,
    omissions.METRIC_MATH.name: metric_math,
    omissions.CHANGE_SET_OF_A_STACK_ID.name: change_set_of_a_stack_id,
    omissions.CORS_OF_A_TEMPLATE.name: cors_of_a_template,
    omissions.WRITE_ONCE.name: write_once,
    omissions.WEBSITE_ADDRESS.name: website_address,
    omissions.PUSH_ADDRESS.name: push_address,
    omissions.GENERATED_SECRET.name: generated_secret,
    omissions.APIS_BEHIND_A_DISTRIBUTION.name: apis_behind_a_distribution,
}


def test_every_omission_has_its_probe_or_a_step_that_has_to_fail() -> None:
    def proven(omission: Omission) -> bool:
        return omission.name in PROBES or bool(omission.steps)

    assert [omission.name for omission in omissions.OMISSIONS if not proven(omission)] == []


@pytest.mark.parametrize("name", PROBES)
def test_an_omission_is_still_needed(enforcing: Cloud, name: str) -> None:
    still = PROBES[name](enforcing.emulator)

    assert still, f"ministack has it now: take {name!r} out of tests/second_opinion/omissions.py"


def test_a_stack_without_what_it_lacks_is_made(enforcing: Cloud) -> None:
    """The probes that see a refusal would see it of anything if no stack could be made."""
    assert not refused(enforcing.emulator, Api=SOCKETS)
