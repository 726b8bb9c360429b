"""Which type a property may refer to: by the resource schemas, else by what AWS's pages say."""

from __future__ import annotations

from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.references import resource
from pipeline.schemas import ITEM, Path, names, referable

_BUCKET = "AWS::S3::Bucket"
_FUNCTION = "AWS::Lambda::Function"
_LOG_GROUP = "AWS::Logs::LogGroup"
_QUEUE = "AWS::SQS::Queue"
_TOPIC = "AWS::SNS::Topic"
_API = "AWS::ApiGatewayV2::Api"
_ALARM = "AWS::CloudWatch::Alarm"
_INTEGRATION = "AWS::ApiGatewayV2::Integration"
_MAPPING = "AWS::Lambda::EventSourceMapping"
# Properties whose schema doesn't say what they may refer to, with all types that AWS's pages name.
_REFERABLE: dict[tuple[str, Path], frozenset[str]] = {
    (kind, tuple(path.split("."))): frozenset(types)
    for kind, path, types in (
        (_INTEGRATION, "ApiId", {_API}),
        (
            _INTEGRATION,
            "IntegrationUri",
            {
                _FUNCTION,
                "AWS::Lambda::Alias",
                "AWS::Lambda::Version",
                "AWS::ElasticLoadBalancingV2::Listener",
                "AWS::ServiceDiscovery::Service",
            },
        ),
        ("AWS::ApiGatewayV2::Route", "ApiId", {_API}),
        ("AWS::ApiGatewayV2::Route", "Target", {_INTEGRATION}),
        ("AWS::ApiGatewayV2::RouteResponse", "ApiId", {_API}),
        ("AWS::ApiGatewayV2::RouteResponse", "RouteId", {"AWS::ApiGatewayV2::Route"}),
        ("AWS::ApiGatewayV2::Stage", "ApiId", {_API}),
        (
            "AWS::ApiGatewayV2::Stage",
            "AccessLogSettings.DestinationArn",
            {_LOG_GROUP, "AWS::KinesisFirehose::DeliveryStream"},
        ),
        (
            "AWS::CloudFront::Distribution",
            "DistributionConfig.Origins.*.DomainName",
            {
                _BUCKET,
                _API,
                "AWS::ApiGateway::RestApi",
                "AWS::ElasticLoadBalancingV2::LoadBalancer",
                "AWS::Lambda::Url",
                "AWS::MediaPackage::OriginEndpoint",
                "AWS::MediaStore::Container",
                "AWS::S3::MultiRegionAccessPoint",
            },
        ),
        (
            "AWS::CloudFront::Distribution",
            "DistributionConfig.Origins.*.OriginAccessControlId",
            {"AWS::CloudFront::OriginAccessControl"},
        ),
        (
            "AWS::CloudFront::Distribution",
            "DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId",
            {"AWS::CloudFront::ResponseHeadersPolicy"},
        ),
        (
            "AWS::CloudFront::Distribution",
            "DistributionConfig.WebACLId",
            {"AWS::WAFv2::WebACL", "AWS::WAF::WebACL"},
        ),
        *(
            (
                _ALARM,
                f"{key}.*",
                {
                    _TOPIC,
                    _FUNCTION,
                    "AWS::Lambda::Alias",
                    "AWS::Lambda::Version",
                    "AWS::ApplicationAutoScaling::ScalingPolicy",
                    "AWS::AutoScaling::ScalingPolicy",
                },
            )
            for key in ("AlarmActions", "OKActions", "InsufficientDataActions")
        ),
        (_FUNCTION, "LoggingConfig.LogGroup", {_LOG_GROUP}),
        (_FUNCTION, "Role", {"AWS::IAM::Role"}),
        (
            "AWS::Lambda::EventInvokeConfig",
            "FunctionName",
            {_FUNCTION},
        ),
        *(
            (
                "AWS::Lambda::EventInvokeConfig",
                f"DestinationConfig.{key}.Destination",
                {_QUEUE, _TOPIC, _FUNCTION, _BUCKET, "AWS::Events::EventBus"},
            )
            for key in ("OnFailure", "OnSuccess")
        ),
        (
            _MAPPING,
            "EventSourceArn",
            {
                _QUEUE,
                "AWS::DynamoDB::Table",
                "AWS::DynamoDB::GlobalTable",
                "AWS::Kinesis::Stream",
                "AWS::Kinesis::StreamConsumer",
                "AWS::MSK::Cluster",
                "AWS::MSK::ServerlessCluster",
                "AWS::MSK::VpcConnection",
                "AWS::AmazonMQ::Broker",
                "AWS::DocDB::DBCluster",
            },
        ),
        (
            _MAPPING,
            "DestinationConfig.OnFailure.Destination",
            {_QUEUE, _TOPIC, _BUCKET},
        ),
        (_MAPPING, "FunctionName", {_FUNCTION, "AWS::Lambda::Alias", "AWS::Lambda::Version"}),
        (
            "AWS::Lambda::Permission",
            "FunctionName",
            {_FUNCTION, "AWS::Lambda::Alias", "AWS::Lambda::Version"},
        ),
        (
            _BUCKET,
            "NotificationConfiguration.LambdaConfigurations.*.Function",
            {_FUNCTION, "AWS::Lambda::Alias", "AWS::Lambda::Version"},
        ),
        (_BUCKET, "NotificationConfiguration.QueueConfigurations.*.Queue", {_QUEUE}),
        (_BUCKET, "NotificationConfiguration.TopicConfigurations.*.Topic", {_TOPIC}),
        ("AWS::S3::BucketPolicy", "Bucket", {_BUCKET}),
        ("AWS::SNS::TopicPolicy", "Topics.*", {_TOPIC}),
        ("AWS::SQS::QueuePolicy", "Queues.*", {_QUEUE}),
    )
}
# What these give back may be anything.
_OPAQUE = ("AWS::CloudFormation::", "AWS::SSM::Parameter", "Custom::")


def may_refer_to(kind: str, pointer: Pointer) -> frozenset[str]:
    """The types that a property may refer to: by its schema, or by what AWS's pages add to it."""
    path = tuple(ITEM if isinstance(key, int) else key for key in pointer[1:])
    known = _REFERABLE.get((kind, path))
    if known is None:
        known = _REFERABLE.get((kind, (*path, ITEM)), frozenset())
    if known or kind not in names():
        return known
    return referable(kind, path)


def fits(template: dict[str, Any], referred: list[str], types: frozenset[str]) -> bool:
    """Does one of the names stand for such a resource? What only a deployment knows may.

    Parameters and pseudo parameters are known then; a stack of its own may give back anything.
    """
    given = template.get("Parameters")
    parameters = given if isinstance(given, dict) else {}
    kinds = [
        str(resource(template, name).get("Type"))
        for name in referred
        if name not in parameters and not name.startswith("AWS::")
    ]
    return not kinds or any(kind in types or kind.startswith(_OPAQUE) for kind in kinds)
