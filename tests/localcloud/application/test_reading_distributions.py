"""A deployed distribution with everything around it, read back as what its front serves."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from localcloud.application.blueprint import Distribution, Unservable
from localcloud.application.reading.deployed import read
from localcloud.application.reading.distributions import ALL_BUT_HOST, NOT_CACHED
from tests.localcloud.cases import att, ref, resource, statement
from tests.localcloud.driving import Driver, resources

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
KEY = {"Fn::Sub": "{{resolve:secretsmanager:${OriginKey1}}}"}
VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}


def _behaviour(pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "PathPattern": pattern,
        "TargetOriginId": "http-api",
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "CachePolicyId": NOT_CACHED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
        **more,
    }


def _exactly(field: str, text: str) -> dict[str, Any]:
    match = {
        "FieldToMatch": {field: {}},
        "PositionalConstraint": "EXACTLY",
        "SearchString": text,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }
    return {"ByteMatchStatement": match}


def _rate(name: str, priority: int, limit: int, **more: Any) -> dict[str, Any]:
    headers = [{"Name": "retry-after", "Value": "300"}]
    response = {"ResponseCode": 429, "ResponseHeaders": headers}
    return {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {"CustomResponse": response}},
        "Statement": {"RateBasedStatement": {"AggregateKeyType": "IP", "Limit": limit, **more}},
        "VisibilityConfig": VISIBLE,
    }


MANAGED = {
    "Name": "Common",
    "Priority": 9,
    "OverrideAction": {"None": {}},
    "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "Common"}},
    "VisibilityConfig": VISIBLE,
}


def _parts() -> dict[str, Any]:
    posts = [_exactly("Method", "POST"), _exactly("UriPath", "/s")]
    scope = {"AndStatement": {"Statements": posts}}
    acl = {
        "Name": "acl",
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        "Rules": [MANAGED, _rate("Posts", 1, 300, ScopeDownStatement=scope), _rate("All", 0, 9000)],
        "VisibilityConfig": VISIBLE,
    }
    function = {
        "Name": "pages",
        "AutoPublish": True,
        "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
        "FunctionCode": "function handler(event) { return event.request }",
    }
    headers = {"Name": "h", "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}}}
    policy = statement("s3:GetObject", Principal={"Service": "cloudfront.amazonaws.com"})
    reads = {"Bucket": ref("Pages"), "PolicyDocument": policy}
    return {
        "OriginKey1": resource(
            "AWS::SecretsManager::Secret",
            GenerateSecretString={"PasswordLength": 48, "ExcludePunctuation": True},
        ),
        "Pages": resource("AWS::S3::Bucket", BucketName="pages"),
        "PagesPolicy": resource("AWS::S3::BucketPolicy", **reads),
        "HttpApi": resource("AWS::ApiGatewayV2::Api", Name="api", ProtocolType="HTTP"),
        "Stage": resource(
            "AWS::ApiGatewayV2::Stage", ApiId=ref("HttpApi"), StageName="$default", AutoDeploy=True
        ),
        "Acl": resource("AWS::WAFv2::WebACL", **acl),
        "PagesFunction": resource("AWS::CloudFront::Function", **function),
        "Headers": resource(
            "AWS::CloudFront::ResponseHeadersPolicy", ResponseHeadersPolicyConfig=headers
        ),
        "Distribution": resource("AWS::CloudFront::Distribution", DistributionConfig=_config()),
    }


def _config() -> dict[str, Any]:
    website = {
        "Id": "website",
        "DomainName": att("Pages", "RegionalDomainName"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    host = "${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    api = {
        "Id": "http-api",
        "DomainName": {"Fn::Sub": host},
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": 35,
        },
        "OriginCustomHeaders": [{"HeaderName": "x-origin-key", "HeaderValue": KEY}],
    }
    viewer = {"EventType": "viewer-request", "FunctionARN": att("PagesFunction", "FunctionARN")}
    default = {
        "TargetOriginId": "website",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": OPTIMIZED,
        "ResponseHeadersPolicyId": ref("Headers"),
        "FunctionAssociations": [viewer],
    }
    return {
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "WebACLId": att("Acl", "Arn"),
        "Origins": [website, api],
        "CacheBehaviors": [_behaviour("/sessions"), _behaviour("/sessions/*")],
        "DefaultCacheBehavior": default,
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    }


def why(aws_here: Driver) -> list[str]:
    """What the resources that failed said."""
    failed = [one for one in aws_here.history() if "FAILED" in one["ResourceStatus"]]
    return [f"{one['LogicalResourceId']}: {one['ResourceStatusReason']}" for one in failed]


def _read(aws_here: Driver, parts: dict[str, Any]) -> Distribution:
    stack = aws_here.deploy(resources(**parts))
    assert stack["StackStatus"] == "CREATE_COMPLETE", why(aws_here)
    found = read(aws_here.account, "app").distribution
    assert found is not None
    return found


def test_behaviours_come_in_their_order_with_the_default_last(aws_here: Driver) -> None:
    found = _read(aws_here, _parts())

    assert [(one.pattern, one.origin) for one in found.behaviours] == [
        ("/sessions", "http-api"),
        ("/sessions/*", "http-api"),
        ("*", "website"),
    ]
    assert set(found.behaviours[-1].methods) == {"GET", "HEAD"}
    assert len(found.behaviours[0].methods) == 7
    assert found.behaviours[-1].headers == {"X-Content-Type-Options": "nosniff"}
    assert "function handler" in str(found.behaviours[-1].function)
    assert (found.behaviours[0].headers, found.behaviours[0].function) == ({}, None)


def test_an_api_s_origin_has_the_secret_s_value_and_its_time(aws_here: Driver) -> None:
    found = _read(aws_here, _parts())
    secret = aws_here("secretsmanager").get_secret_value(
        SecretId=aws_here.physical_ids()["OriginKey1"]
    )

    origin = found.origins["http-api"]
    assert (origin.api, origin.bucket, origin.read_seconds) == ("HttpApi", None, 35)
    assert dict(origin.headers) == {"x-origin-key": secret["SecretString"]}
    assert secret["SecretString"] not in repr(found)
    assert found.origins["website"].bucket == "pages"


def test_the_firewall_s_rates_come_in_the_order_of_their_priority(aws_here: Driver) -> None:
    found = _read(aws_here, _parts())

    assert [(one.name, one.limit, one.window_seconds) for one in found.rules] == [
        ("All", 9000, 300),
        ("Posts", 300, 300),
    ]
    assert {(one.status, one.headers["retry-after"]) for one in found.rules} == {(429, "300")}
    notes = read(aws_here.account, "app").notes
    assert len([one for one in notes if "managed rules" in one]) == 1


def test_the_pages_are_published_to_the_bucket_behind_the_default(aws_here: Driver) -> None:
    parts = _parts()
    parts["Distribution"]["Properties"]["DistributionConfig"]["Aliases"] = ["up.example.com"]
    found = _read(aws_here, parts)

    website = read(aws_here.account, "app").website
    assert website is not None
    assert website.bucket == "pages"
    assert website.origins == ("https://up.example.com", f"https://{found.domain}")
    assert found.name == "up.example.com"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda c: c["Origins"][1].update(DomainName="www.example.org"), "the origin www.example"),
        (lambda c: c["Origins"][1].update(OriginPath="/prod"), "an OriginPath, /prod"),
        (lambda c: c["CacheBehaviors"][0].update(CachePolicyId=OPTIMIZED), "a cache before an API"),
        (lambda c: c["CacheBehaviors"][1].pop("OriginRequestPolicyId"), "at /sessions/*"),
        (
            lambda c: c["DefaultCacheBehavior"]["FunctionAssociations"][0].update(
                EventType="viewer-response"
            ),
            "a function at viewer-response",
        ),
        (
            lambda c: c["DefaultCacheBehavior"].update(
                LambdaFunctionAssociations=[
                    {
                        "EventType": "viewer-request",
                        "LambdaFunctionARN": "arn:aws:lambda:us-east-1:123456789012:function:f:1",
                    }
                ]
            ),
            "Lambda@Edge",
        ),
    ],
    ids=["origin", "path", "cache", "headers", "event", "lambda"],
)
def test_what_a_front_can_t_do_is_named(aws_here: Driver, change: Any, what: str) -> None:
    parts = copy.deepcopy(_parts())
    change(parts["Distribution"]["Properties"]["DistributionConfig"])

    with pytest.raises(Unservable) as refused:
        _read(aws_here, parts)

    assert refused.value.where == "Distribution"
    assert what in refused.value.what


def test_a_function_that_is_not_published_is_named(aws_here: Driver) -> None:
    parts = _parts()
    parts["PagesFunction"]["Properties"]["AutoPublish"] = False

    with pytest.raises(Unservable, match="which isn't published"):
        _read(aws_here, parts)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"AggregateKeyType": "FORWARDED_IP"}, "by FORWARDED_IP"),
        ({"ScopeDownStatement": {"GeoMatchStatement": {"CountryCodes": ["AT"]}}}, "GeoMatch"),
    ],
)
def test_a_rate_that_nobody_counts_here_is_named(
    aws_here: Driver, changed: dict[str, Any], what: str
) -> None:
    parts = _parts()
    parts["Acl"]["Properties"]["Rules"][2]["Statement"]["RateBasedStatement"] |= changed

    with pytest.raises(Unservable, match=what):
        _read(aws_here, parts)
