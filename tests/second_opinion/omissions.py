"""What ministack lacks of AWS, and what is done instead so that the rest can be tried on it.

Nothing here changes the product: what its deployer sends is edited on the way, or the account is
changed by AWS's own API after a deployment. Each omission has a probe in test_omissions.py, which
fails once ministack no longer needs it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from localcloud.cloudformation import template
from tests.smoke import steps
from tests.smoke.steps import Act

PAGES: frozenset[Act] = frozenset(
    {steps.pages_answer, steps.addresses_are_its_own, steps.pages_are_protected}
)
RESOURCES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference"


@dataclass(frozen=True)
class Omission:
    """`steps` of the smoke test fail on it, in these environments; with `open_only` they pass where
    it enforces.
    """

    name: str
    lacks: str
    source: str
    instead: str
    steps: frozenset[Act] = frozenset()
    environments: tuple[str, ...] = ("dev", "prod")
    open_only: bool = False


ROUTE_RESPONSE = Omission(
    "route responses",
    "`AWS::ApiGatewayV2::RouteResponse` is no resource type, so that a template with one is"
    " refused. It answers messages all the same.",
    f"{RESOURCES}/aws-resource-apigatewayv2-routeresponse.html",
    "The deployer's template is sent without them.",
)
METRIC_MATH = Omission(
    "alarms on metric math",
    "An alarm with `Metrics` in the place of `MetricName` fails its stack.",
    f"{RESOURCES}/aws-resource-cloudwatch-alarm.html",
    "The template is sent without these alarms, and the smoke test awaits the others.",
)
CHANGE_SET_OF_A_STACK_ID = Omission(
    "a change set by its name and the stack's id",
    "`DescribeChangeSet` with the stack's ARN and the change set's name finds none. AWS takes a"
    " stack's name or ARN.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html",
    "The deployer's calls are sent with the stack's name.",
)
CORS_OF_A_TEMPLATE = Omission(
    "an HTTP API's CORS from a template",
    "`CorsConfiguration` is kept under names that its gateway doesn't read: preflights get 403.",
    f"{RESOURCES}/aws-properties-apigatewayv2-api-cors.html",
    "`UpdateApi` sets the template's configuration after the deployment.",
)
WRITE_ONCE = Omission(
    "the condition key s3:if-none-match",
    "Where it enforces, a bucket policy that denies a PUT without `If-None-Match` denies every"
    " PUT, since the key is unknown to it.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html",
    "The statement is taken out of the bucket's policy after the deployment. That the signed"
    " header itself is honoured, 412 for a second PUT, is tried.",
)
WEBSITE_ADDRESS = Omission(
    "a website's address in us-east-1",
    "`BUCKET.s3-website-us-east-1.amazonaws.com` isn't routed to the bucket.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html",
    "The steps about the pages are left to production, whose pages CloudFront delivers.",
    PAGES,
    ("dev",),
)
PRIVATE_PAGES = Omission(
    "a private website behind CloudFront, unless it enforces",
    "Without `AUTH=true` the distribution is refused by its own bucket, whose policy lets it read.",
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html",
    "The steps about the pages are left to the run with `AUTH=true`, where they pass.",
    PAGES,
    ("prod",),
    open_only=True,
)
OPEN_BUCKETS = Omission(
    "a bucket's CORS rules and signatures, unless it enforces",
    "Without `AUTH=true` S3 grants any origin everything and stores what nobody signed.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html",
    "These steps are left to the run with `AUTH=true`, where they pass.",
    frozenset(
        {
            steps.bucket_may_be_used,
            steps.bucket_refuses_what_was_not_signed,
            steps.image_is_taken_once,
        }
    ),
    open_only=True,
)
PUSH_ADDRESS = Omission(
    "the address for pushes",
    "Functions are given one endpoint for all services, and the name in `WS_API_ENDPOINT` leads"
    " to AWS, as it does on any emulator.",
    "functions.md",
    "`AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI` is set on the function after the deployment.",
)
GENERATED_SECRET = Omission(
    "what a generated secret is made of",
    "`GenerateSecretString` with `ExcludePunctuation` holds punctuation all the same, and the"
    " functions refuse to start with such a key.",
    f"{RESOURCES}/aws-properties-secretsmanager-secret-generatesecretstring.html",
    "The template is sent with a value of letters and digits. References to it are resolved.",
)
APIS_BEHIND_A_DISTRIBUTION = Omission(
    "an API behind a distribution",
    "Its CloudFront knows its own buckets only: a behaviour whose origin is its own API Gateway"
    " answers 502, and a handshake 403. Secrets, their dynamic references, the function, the web"
    " ACL and the behaviours themselves are made.",
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistS3AndCustomOrigins.html",
    "Production's APIs are asked at their own addresses, with the key that the distribution would"
    " send: the functions take it, and refuse what comes without. They have no CORS rules there.",
    frozenset({steps.api_may_be_called}),
    ("prod",),
)
OMISSIONS = (
    ROUTE_RESPONSE,
    METRIC_MATH,
    CHANGE_SET_OF_A_STACK_ID,
    CORS_OF_A_TEMPLATE,
    WRITE_ONCE,
    WEBSITE_ADDRESS,
    PRIVATE_PAGES,
    OPEN_BUCKETS,
    PUSH_ADDRESS,
    GENERATED_SECRET,
    APIS_BEHIND_A_DISTRIBUTION,
)


def steps_that_fail(environment: str, *, enforces: bool) -> frozenset[Act]:
    """The smoke test's steps that can't pass there."""
    return frozenset(
        act
        for omission in OMISSIONS
        if environment in omission.environments and not (omission.open_only and enforces)
        for act in omission.steps
    )


def is_omitted(resource: Mapping[str, Any]) -> bool:
    """Can't it be made there?"""
    kind, properties = resource["Type"], resource.get("Properties", {})
    return kind == "AWS::ApiGatewayV2::RouteResponse" or (
        kind == "AWS::CloudWatch::Alarm" and "Metrics" in properties
    )


def without_omitted(document: Mapping[str, Any]) -> dict[str, Any]:
    """A template as it can be made there."""
    kept = {
        name: dict(resource)
        for name, resource in document["Resources"].items()
        if not is_omitted(resource)
    }
    for name, resource in kept.items():
        if "GenerateSecretString" in resource.get("Properties", {}):
            resource["Properties"] = _given(name, resource["Properties"])
        named = resource.pop("DependsOn", [])
        listed = [named] if isinstance(named, str) else named
        if left := [name for name in listed if name in kept]:
            resource["DependsOn"] = left
    return {**document, "Resources": kept}


def _given(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A secret's properties with a value, the same each time, in the place of a generated one."""
    kept = {key: value for key, value in properties.items() if key != "GenerateSecretString"}
    return {**kept, "SecretString": hashlib.sha256(name.encode()).hexdigest()}


def edited(params: dict[str, Any], s3: Any, **_: Any) -> None:
    """A call of CloudFormation, as it is sent there; a template from the bucket goes with it."""
    if url := params.pop("TemplateURL", None):
        bucket, key = urlsplit(url).path.lstrip("/").split("/", 1)
        params["TemplateBody"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    if body := params.get("TemplateBody"):
        kept = without_omitted(template.load(body))
        params["TemplateBody"] = json.dumps(kept, separators=(",", ":"))
    stack = params.get("StackName", "")
    if "ChangeSetName" in params and stack.startswith("arn:"):
        params["StackName"] = stack.split("/")[1]
