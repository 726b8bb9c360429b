"""How a stack's parts hang together: no cycle, data kept, logs first, APIs whole, all variants."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any

import pytest

from pipeline.lint import lint
from qr_session import http_routes, websocket_routes
from tests.templates.shapes import of_type, properties

ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/site/01234567-89ab-cdef-0123-456789abcdef"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0b1f7a3e"
VARIANTS = {
    "all on": {
        "website.delivery": "cloudfront",
        "website.waf.enabled": True,
        "uploads.versioning": True,
        "uploads.kms_key_arn": KEY,
        "lambda.http_api.reserved_concurrency": 5,
        "lambda.websocket_event.reserved_concurrency": 5,
        "lambda.permissions_boundary_arn": "arn:aws:iam::123456789012:policy/Bounds",
        "api.websocket_access_logs": True,
        "alarms": {
            "enabled": True,
            "email": "someone@example.com",
            "dashboard": True,
            "rollback_minutes": 10,
        },
        "tags": {"cost center": "1234", "yes": "no"},
    },
    "all off": {
        "bucket_names": "plain",
        "lambda.tracing": False,
        "api.access_logs": False,
        "live_status": False,
        "tags": {},
    },
    "elsewhere": {
        "aws.region": "eu-central-1",
        "website.delivery": "cloudfront",
        "website.waf": {"enabled": True, "web_acl_arn": ACL},
        "live_status": False,
        "alarms.enabled": True,
    },
    "without firewall": {"website.delivery": "cloudfront", "alarms.dashboard": True},
    "China": {"aws.region": "cn-north-1", "protected": True, "tier": "production"},
}
ROUTES = {f"{method} {path}" for path, actions in http_routes.ROUTES.items() for method in actions}
ANSWERING = set(websocket_routes.ROUTES) - {"$connect", "$disconnect"}


def needs(template: dict[str, Any], logical_id: str) -> set[str]:
    """The resources that one refers to or waits for."""
    resource = template["Resources"][logical_id]
    waits = resource.get("DependsOn", [])
    found = set(waits if isinstance(waits, list) else [waits]) | set(references(resource))
    return found & set(template["Resources"])


def references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from references(child)
    elif isinstance(node, dict):
        if set(node) == {"Ref"}:
            yield node["Ref"]
        elif set(node) == {"Fn::GetAtt"}:
            yield node["Fn::GetAtt"][0]
        elif set(node) == {"Fn::Sub"}:
            yield from re.findall(r"\$\{([A-Za-z0-9]+)", node["Fn::Sub"])
        for child in node.values():
            yield from references(child)


def reachable(template: dict[str, Any], logical_id: str) -> set[str]:
    found: set[str] = set()
    ahead = [logical_id]
    while ahead:
        for other in needs(template, ahead.pop()) - found:
            found.add(other)
            ahead.append(other)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_an_order_of_creation(changed: Any, variant: str) -> None:
    template = changed("dev", VARIANTS[variant]).value

    graph = {name: needs(template, name) for name in template["Resources"]}
    order = list(TopologicalSorter(graph).static_order())

    assert order.index("UploadBucketPermission") < order.index("UploadBucket")
    assert order.index("HttpApiLogGroup") < order.index("HttpApiLambda")
    assert order.index("WebSocketEventLogGroup") < order.index("WebSocketEventLambda")


def test_cfn_lint_finds_nothing_in_any_variant(changed: Any, root: Any) -> None:
    rendered = [changed("dev", change) for change in VARIANTS.values()]

    assert lint(rendered, root) == []


def test_the_distribution_waits_for_nothing_that_waits_for_it(prod: dict[str, Any]) -> None:
    """Of the APIs it needs the bare names: what they serve and call waits for the distribution."""
    assert reachable(prod, "Distribution") == {
        "HttpApi",
        "OriginKey1",
        "PagesFunction",
        "WebSocketApi",
        "WebsiteBucket",
        "WebsiteAccessControl",
        "WebsiteHeaders",
        "WebsiteWebAcl",
    }


def test_a_rendered_template_decides_nothing_at_deployment(stacks: dict[str, Any]) -> None:
    for rendered in stacks.values():
        assert {"Conditions", "Mappings", "Rules", "Transform"}.isdisjoint(rendered.value)
        assert "Fn::If" not in json.dumps(rendered.value)


def test_production_keeps_its_data(prod: dict[str, Any]) -> None:
    for name in ("UploadBucket", "SessionsTable"):
        assert prod["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert prod["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    table = properties(prod, "SessionsTable")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties(prod, "UploadBucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_development_leaves_nothing_behind(dev: dict[str, Any]) -> None:
    policies = {one.get("DeletionPolicy", "Delete") for one in dev["Resources"].values()}

    assert policies == {"Delete"}


def test_the_table_ends_sessions_and_finds_them_by_connection(template: dict[str, Any]) -> None:
    table = properties(template, "SessionsTable")

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "wsConnectionId-index"
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


@pytest.mark.parametrize(("name", "days"), [("dev", 30), ("prod", 90)])
def test_old_uploads_and_their_versions_go(stacks: dict[str, Any], name: str, days: int) -> None:
    bucket = properties(stacks[name].value, "UploadBucket")

    old, markers = bucket["LifecycleConfiguration"]["Rules"]
    assert old["ExpirationInDays"] == days
    assert {"NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"} <= set(old)
    assert markers["ExpiredObjectDeleteMarker"] is True
    assert {old["Status"], markers["Status"]} == {"Enabled"}


def test_an_upload_calls_the_event_function(template: dict[str, Any]) -> None:
    [notified] = properties(template, "UploadBucket")["NotificationConfiguration"][
        "LambdaConfigurations"
    ]

    assert notified["Event"] == "s3:ObjectCreated:*"
    assert notified["Function"] == {"Fn::GetAtt": ["WebSocketEventLambda", "Arn"]}
    [prefix] = notified["Filter"]["S3Key"]["Rules"]
    assert prefix == {"Name": "prefix", "Value": "session-uploads/"}


def test_each_function_writes_to_its_own_kept_log(template: dict[str, Any]) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    functions = of_type(template, "AWS::Lambda::Function")

    used = {one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions.values()}
    assert used == {"HttpApiLogGroup", "WebSocketEventLogGroup"}
    assert all(isinstance(group["RetentionInDays"], int) for group in groups.values())


def test_functions_know_what_they_need(template: dict[str, Any]) -> None:
    http, event = (
        set(properties(template, name)["Environment"]["Variables"])
        for name in ("HttpApiLambda", "WebSocketEventLambda")
    )

    behind = {"ORIGIN_KEYS"} if "Distribution" in template["Resources"] else set()
    assert http == behind | {
        "SESSIONS_TABLE_NAME",
        "UPLOAD_BUCKET_NAME",
        "MAX_UPLOAD_BYTES",
        "MAX_UPLOADS_PER_SESSION",
    }
    assert event == behind | {
        "SESSIONS_TABLE_NAME",
        "UPLOAD_BUCKET_NAME",
        "CONNECTION_INDEX_NAME",
        "WS_API_ENDPOINT",
        "ALLOWED_ORIGINS",
    }


def test_the_http_api_has_the_contracts_routes_only(template: dict[str, Any]) -> None:
    routes = [
        one["RouteKey"]
        for one in of_type(template, "AWS::ApiGatewayV2::Route").values()
        if one["ApiId"] == {"Ref": "HttpApi"}
    ]

    assert sorted(routes) == sorted(ROUTES)


def test_websocket_routes_answer_where_the_contract_says(template: dict[str, Any]) -> None:
    routes = {
        name: one
        for name, one in of_type(template, "AWS::ApiGatewayV2::Route").items()
        if one["ApiId"] == {"Ref": "WebSocketApi"}
    }
    responses = of_type(template, "AWS::ApiGatewayV2::RouteResponse").values()

    assert {one["RouteKey"] for one in routes.values()} == set(websocket_routes.ROUTES)
    selecting = {
        one["RouteKey"] for one in routes.values() if "RouteResponseSelectionExpression" in one
    }
    answering = {routes[one["RouteId"]["Ref"]]["RouteKey"] for one in responses}
    assert selecting == answering == ANSWERING


def test_the_websocket_stage_waits_for_all_its_routes(template: dict[str, Any]) -> None:
    stage = template["Resources"]["WebSocketStage"]
    parts = {
        name
        for kind in ("Route", "RouteResponse")
        for name, one in of_type(template, f"AWS::ApiGatewayV2::{kind}").items()
        if one["ApiId"] == {"Ref": "WebSocketApi"}
    }

    assert set(stage["DependsOn"]) == parts
    assert stage["Properties"]["StageName"] == {"Ref": "Environment"}
    assert "DeploymentId" not in stage["Properties"]


def test_access_logs_hold_the_route_and_no_path(template: dict[str, Any]) -> None:
    settings = properties(template, "HttpApiStage")["AccessLogSettings"]

    line = json.loads(settings["Format"])
    assert line["requestId"] == "$context.requestId"
    assert line["route"] == "$context.routeKey"
    assert "path" not in settings["Format"].lower()
    assert "authoriz" not in settings["Format"].lower()


def test_both_stages_are_throttled(template: dict[str, Any]) -> None:
    stages = of_type(template, "AWS::ApiGatewayV2::Stage")

    assert set(stages) == {"HttpApiStage", "WebSocketStage"}
    for stage in stages.values():
        assert {"ThrottlingBurstLimit", "ThrottlingRateLimit"} <= set(stage["DefaultRouteSettings"])


def test_a_stuck_event_ends_in_the_queue(template: dict[str, Any]) -> None:
    config = properties(template, "WebSocketEventInvokeConfig")

    failure = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert failure == {"Fn::GetAtt": ["FailureQueue", "Arn"]}
    assert config["Qualifier"] == "$LATEST"


def test_the_stream_is_read_as_the_contract_says(template: dict[str, Any]) -> None:
    mapping = properties(template, "SessionsStream")

    [only] = mapping["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {
        "eventName": ["MODIFY"],
        "dynamodb": {"NewImage": {"status": {"S": ["SCANNED", "UPLOAD_REQUESTED", "CANCELLED"]}}},
    }
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["MaximumRetryAttempts"]) == (10, 3)
    assert mapping["BisectBatchOnFunctionError"] is True


def test_every_alarm_tells_somebody_and_stays_quiet_without_data(prod: dict[str, Any]) -> None:
    alarms = of_type(prod, "AWS::CloudWatch::Alarm")

    assert len(alarms) >= 11
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_throttles_of_the_table_and_its_index_raise_one_alarm(prod: dict[str, Any]) -> None:
    alarm = properties(prod, "DynamoDBThrottlesAlarm")

    watched = {
        (
            one["MetricStat"]["Metric"]["MetricName"],
            len(one["MetricStat"]["Metric"]["Dimensions"]),
        )
        for one in alarm["Metrics"]
        if "MetricStat" in one
    }
    assert watched == {
        (metric, dimensions)
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
        for dimensions in (1, 2)
    }
    assert alarm["AlarmName"] == {"Fn::Sub": "${ProjectName}-dynamodb-throttles-${Environment}"}


def test_development_has_no_alarms_and_production_a_dashboard(
    dev: dict[str, Any], prod: dict[str, Any]
) -> None:
    assert of_type(dev, "AWS::CloudWatch::Alarm") == {}
    body = properties(prod, "Dashboard")["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) == 7


def test_no_page_stands_in_for_an_error_of_an_api(prod: dict[str, Any]) -> None:
    config = properties(prod, "Distribution")["DistributionConfig"]

    assert config["CustomErrorResponses"] == [{"ErrorCode": 404, "ErrorCachingMinTTL": 0}]
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_tags_are_on_everything_that_takes_them(changed: Any) -> None:
    template = changed("prod", {"tags": {"owner": "me"}}).value

    tagged = {name for name, one in template["Resources"].items() if "Tags" in one["Properties"]}
    untaggable = {
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Permission",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::ResponseHeadersPolicy",
    }
    without = set(template["Resources"]) - tagged
    assert {template["Resources"][name]["Type"] for name in without} <= untaggable
