"""Production's one address: where the distribution leads, what it shows, what stops before it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from typing import Any

import pytest

from tests.templates.conftest import Change
from tests.templates.shapes import of_type, properties

OWN = {
    "name": "upload.example.com",
    "hosted_zone_id": "Z0123456789ABC",
    "certificate_arn": None,
}
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_THE_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

# How a value names another resource.
_NAMED: dict[str, Callable[[Any], Iterable[str]]] = {
    "Ref": lambda value: [value],
    "Fn::GetAtt": lambda value: [value[0]],
    "DependsOn": lambda value: [value] if isinstance(value, str) else value,
    "Fn::Sub": lambda value: re.findall(
        r"\$\{(\w+)", value if isinstance(value, str) else value[0]
    ),
}


def config(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties(template, "Distribution")["DistributionConfig"]
    return found


def by_pattern(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The behaviours by their pattern, in their order; the environment's name stands for itself."""
    found = {}
    for behavior in config(template)["CacheBehaviors"]:
        pattern = behavior["PathPattern"]
        found[pattern if isinstance(pattern, str) else pattern["Fn::Sub"]] = behavior
    return found


def waits_for(template: dict[str, Any]) -> dict[str, set[str]]:
    """Which resources each resource refers to or names in DependsOn."""
    resources = template["Resources"]
    return {
        name: {one for one in _named(resource) if one in resources}
        for name, resource in resources.items()
    }


def _named(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for key, value in node.items() if isinstance(node, dict) else ():
        yield from _NAMED.get(key, lambda _: ())(value)
    for child in children:
        yield from _named(child)


def behind(template: dict[str, Any], start: str) -> set[str]:
    """All that a resource waits for, however far."""
    graph, found, open_ends = waits_for(template), set[str](), [start]
    while open_ends:
        for name in graph[open_ends.pop()] - found:
            found.add(name)
            open_ends.append(name)
    return found


# ---- the order


@pytest.mark.parametrize("domain", [None, OWN], ids=["cloudfront's name", "a name of its own"])
def test_no_resource_waits_for_itself(changed: Change, domain: dict[str, Any] | None) -> None:
    template = changed("prod", {"website.domain": domain}).value

    order = list(TopologicalSorter(waits_for(template)).static_order())  # CycleError on a cycle

    assert set(order) == set(template["Resources"])


def test_the_distribution_waits_for_the_bare_apis_and_for_nothing_that_serves(
    prod: dict[str, Any],
) -> None:
    assert behind(prod, "Distribution") == {
        "HttpApi", "WebSocketApi", "OriginKey1", "WebsiteBucket", "WebsiteAccessControl",
        "WebsiteHeaders", "PagesFunction", "WebsiteWebAcl",
    }  # fmt: skip


def test_with_a_name_of_its_own_only_what_points_to_the_distribution_waits_for_it(
    changed: Change,
) -> None:
    template = changed("prod", {"website.domain": OWN}).value

    waiting = {name for name in template["Resources"] if "Distribution" in behind(template, name)}

    assert waiting == {"WebsiteAddressIPv4", "WebsiteAddressIPv6", "WebsiteBucketPolicy"}


# ---- the ways


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/sessions", "http-api"),
        ("/sessions/1/claim", "http-api"),
        ("/prod", "websocket-api"),
        ("/", "website"),
        ("/sessionsx", "website"),
        ("/Prod", "website"),
        ("/prod/", "website"),
        ("/words/desktop.en.js", "website"),
    ],
)
def test_each_address_leads_to_its_origin(prod: dict[str, Any], path: str, origin: str) -> None:
    patterns = {
        pattern.replace("${Environment}", "prod"): behavior["TargetOriginId"]
        for pattern, behavior in by_pattern(prod).items()
    }

    hits = [target for pattern, target in patterns.items() if fnmatchcase(path, pattern)]

    assert [*hits, config(prod)["DefaultCacheBehavior"]["TargetOriginId"]][0] == origin


def test_every_route_of_the_http_api_has_a_way(prod: dict[str, Any]) -> None:
    patterns = list(by_pattern(prod))
    keys = [
        route["RouteKey"].partition(" ")[2]
        for route in of_type(prod, "AWS::ApiGatewayV2::Route").values()
        if "/" in route["RouteKey"]
    ]

    assert len(keys) == 6
    assert all(any(fnmatchcase(path, pattern) for pattern in patterns) for path in keys)


def test_nothing_of_an_api_is_kept_or_compressed_and_it_hears_all_but_the_host(
    prod: dict[str, Any],
) -> None:
    for behavior in by_pattern(prod).values():
        assert behavior["CachePolicyId"] == CACHING_DISABLED
        assert behavior["OriginRequestPolicyId"] == ALL_BUT_THE_HOST
        assert behavior["Compress"] is False
        assert behavior["ViewerProtocolPolicy"] == "https-only"


def test_only_the_http_api_takes_more_than_reading(prod: dict[str, Any]) -> None:
    methods = {pattern: set(one["AllowedMethods"]) for pattern, one in by_pattern(prod).items()}

    every = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
    assert methods["/sessions"] == methods["/sessions/*"] == every
    assert methods["/${Environment}"] == {"GET", "HEAD"}
    assert set(config(prod)["DefaultCacheBehavior"]["AllowedMethods"]) == {"GET", "HEAD"}


def test_security_headers_are_on_pages_and_json_and_not_on_the_socket(prod: dict[str, Any]) -> None:
    headers = {"Ref": "WebsiteHeaders"}

    assert config(prod)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] == headers
    assert by_pattern(prod)["/sessions"]["ResponseHeadersPolicyId"] == headers
    assert by_pattern(prod)["/sessions/*"]["ResponseHeadersPolicyId"] == headers
    assert "ResponseHeadersPolicyId" not in by_pattern(prod)["/${Environment}"]


def test_names_below_the_websites_are_not_bound_to_https(prod: dict[str, Any]) -> None:
    policy = properties(prod, "WebsiteHeaders")["ResponseHeadersPolicyConfig"]

    strict = policy["SecurityHeadersConfig"]["StrictTransportSecurity"]
    assert strict["IncludeSubdomains"] is False
    assert strict["AccessControlMaxAgeSec"] >= 365 * 24 * 3600


def test_no_page_stands_in_for_an_apis_error(prod: dict[str, Any]) -> None:
    responses = config(prod)["CustomErrorResponses"]

    assert responses == [{"ErrorCode": 404, "ErrorCachingMinTTL": 0}]


def test_only_requests_for_pages_run_the_pages_function(prod: dict[str, Any]) -> None:
    (association,) = config(prod)["DefaultCacheBehavior"]["FunctionAssociations"]

    assert association == {
        "EventType": "viewer-request",
        "FunctionARN": {"Fn::GetAtt": ["PagesFunction", "FunctionARN"]},
    }
    assert all("FunctionAssociations" not in one for one in by_pattern(prod).values())


def test_cloudfront_waits_longer_than_api_gateway_does(prod: dict[str, Any]) -> None:
    origins = {one["Id"]: one for one in config(prod)["Origins"]}

    for name in ("http-api", "websocket-api"):
        custom = origins[name]["CustomOriginConfig"]
        assert 30 < custom["OriginReadTimeout"] <= 120
        assert custom["OriginProtocolPolicy"] == "https-only"
        assert custom["OriginSSLProtocols"] == ["TLSv1.2"]


def test_pages_are_told_the_distributions_addresses_and_no_other(prod: dict[str, Any]) -> None:
    outputs = prod["Outputs"]

    assert outputs["HttpApiUrl"]["Value"] == outputs["WebsiteURL"]["Value"]
    assert outputs["WebSocketUrl"]["Value"] == {
        "Fn::Sub": "wss://${Distribution.DomainName}/${Environment}"
    }
    assert "execute-api" not in json.dumps([one["Value"] for one in outputs.values()])


def test_the_api_has_no_cors_of_its_own_and_the_uploads_have(prod: dict[str, Any]) -> None:
    assert "CorsConfiguration" not in properties(prod, "HttpApi")
    (rule,) = properties(prod, "UploadBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [prod["Outputs"]["WebsiteURL"]["Value"]]


def test_development_has_neither_distribution_nor_keys_nor_firewall(dev: dict[str, Any]) -> None:
    kinds = {resource["Type"] for resource in dev["Resources"].values()}

    assert not {one for one in kinds if re.match("AWS::(CloudFront|WAFv2|SecretsManager)::", one)}
    for function in of_type(dev, "AWS::Lambda::Function").values():
        assert "ORIGIN_KEYS" not in function["Environment"]["Variables"]


# ---- the keys


def reference(number: int) -> str:
    return f"{{{{resolve:secretsmanager:${{OriginKey{number}}}}}}}"


@pytest.mark.parametrize(
    ("send", "accept"), [(1, [1]), (1, [1, 2]), (2, [1, 2]), (2, [2]), (7, [9, 7, 8])]
)
def test_the_sent_key_is_shown_and_the_accepted_ones_are_asked_for(
    changed: Change, send: int, accept: list[int]
) -> None:
    keys = {"send": send, "accept": accept}

    template = changed("prod", {"website.origin_key": keys}).value

    secrets = of_type(template, "AWS::SecretsManager::Secret")
    assert set(secrets) == {f"OriginKey{number}" for number in accept}
    shown = [
        one["OriginCustomHeaders"]
        for one in config(template)["Origins"]
        if "OriginCustomHeaders" in one
    ]
    header = {"HeaderName": "x-origin-key", "HeaderValue": {"Fn::Sub": reference(send)}}
    assert shown == [[header], [header]]
    asked = {"Fn::Sub": ",".join(map(reference, accept))}
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["ORIGIN_KEYS"] == asked


def test_a_key_fits_a_header_and_a_list_and_rotates_by_number_only(prod: dict[str, Any]) -> None:
    (secret,) = of_type(prod, "AWS::SecretsManager::Secret").values()

    made = secret["GenerateSecretString"]
    assert made == {"PasswordLength": 48, "ExcludePunctuation": True}
    assert of_type(prod, "AWS::SecretsManager::RotationSchedule") == {}


# ---- the firewall


def rules(template: dict[str, Any]) -> list[dict[str, Any]]:
    (web_acl,) = of_type(template, "AWS::WAFv2::WebACL").values()
    return sorted(web_acl["Rules"], key=lambda rule: int(rule["Priority"]))


def test_who_is_slowed_down_is_told_to_wait(prod: dict[str, Any]) -> None:
    rates = [rule for rule in rules(prod) if "RateBasedStatement" in rule["Statement"]]

    assert [rule["Name"] for rule in rates] == ["RateLimit", "SessionRateLimit"]
    for rule in rates:
        answer = rule["Action"]["Block"]["CustomResponse"]
        assert answer["ResponseCode"] == 429
        (header,) = answer["ResponseHeaders"]
        assert header["Name"] == "retry-after"
        assert 1 <= int(header["Value"]) <= 300


def test_the_numbers_are_the_settings(changed: Change) -> None:
    numbers = {
        "website.waf.requests_in_five_minutes": 4321,
        "website.waf.sessions_in_five_minutes": 21,
    }

    every, sessions, *_ = rules(changed("prod", numbers).value)

    for rule, limit in ((every, 4321), (sessions, 21)):
        rate = rule["Statement"]["RateBasedStatement"]
        assert (rate["Limit"], rate["EvaluationWindowSec"]) == (limit, 300)
        assert rate["AggregateKeyType"] == "IP"


def test_only_new_sessions_count_for_the_smaller_rate_in_each_spelling(
    prod: dict[str, Any],
) -> None:
    scope = rules(prod)[1]["Statement"]["RateBasedStatement"]["ScopeDownStatement"]

    method, path = (one["ByteMatchStatement"] for one in scope["AndStatement"]["Statements"])
    assert (method["FieldToMatch"], method["SearchString"]) == ({"Method": {}}, "POST")
    assert (path["FieldToMatch"], path["SearchString"]) == ({"UriPath": {}}, "/sessions")
    assert [one["Type"] for one in path["TextTransformations"]] == ["URL_DECODE", "NORMALIZE_PATH"]


def test_what_the_firewall_blocks_rings_and_shows(prod: dict[str, Any]) -> None:
    alarm = properties(prod, "BlockedRequestsAlarm")
    web_acl = properties(prod, "WebsiteWebAcl")

    named = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert named == {"WebACL": web_acl["VisibilityConfig"]["MetricName"], "Rule": "ALL"}
    assert web_acl["Name"] == named["WebACL"]
    drawn = json.loads(properties(prod, "Dashboard")["DashboardBody"]["Fn::Sub"])
    shown = json.dumps([one["properties"]["metrics"] for one in drawn["widgets"]])
    assert "BlockedRequests" in shown
    assert web_acl["Name"]["Fn::Sub"] in shown


def test_an_account_s_own_firewall_has_alarms_of_its_own(changed: Change) -> None:
    arn = (
        "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shared/"
        "12345678-1234-1234-1234-123456789012"
    )

    template = changed("prod", {"website.waf.web_acl_arn": arn}).value

    assert config(template)["WebACLId"] == arn
    assert of_type(template, "AWS::WAFv2::WebACL") == {}
    assert "BlockedRequestsAlarm" not in template["Resources"]
    body = properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"]
    json.loads(body)
    assert "AWS/WAFV2" not in body


# ---- a name of your own


def test_a_name_of_its_own_has_its_certificate_and_points_to_the_distribution(
    changed: Change,
) -> None:
    template = changed("prod", {"website.domain": OWN}).value

    assert config(template)["Aliases"] == [OWN["name"]]
    assert config(template)["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": "WebsiteCertificate"},
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2025",
    }
    certificate = properties(template, "WebsiteCertificate")
    assert certificate["ValidationMethod"] == "DNS"
    assert certificate["DomainValidationOptions"] == [
        {"DomainName": OWN["name"], "HostedZoneId": OWN["hosted_zone_id"]}
    ]
    records = of_type(template, "AWS::Route53::RecordSet").values()
    assert sorted(one["Type"] for one in records) == ["A", "AAAA"]
    for record in records:
        assert record["AliasTarget"]["HostedZoneId"] == "Z2FDTNDATAQYW2"
        assert record["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Distribution", "DomainName"]}
