"""What a box tells of its resource, in a few lines: from its properties and what is about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.policy.references import as_written, of_type, prop, referred, resources

Template = dict[str, Any]
Resource = dict[str, Any]

DISTRIBUTION = "AWS::CloudFront::Distribution"
EDGE_FUNCTION = "AWS::CloudFront::Function"
API, STAGE = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"
ROUTE = "AWS::ApiGatewayV2::Route"
FUNCTION, MAPPING = "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"
BUCKET, BUCKET_POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
TABLE, QUEUE, TOPIC = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
SECRET, FIREWALL = "AWS::SecretsManager::Secret", "AWS::WAFv2::WebACL"

_SERVICES = {
    DISTRIBUTION: "CloudFront distribution",
    FUNCTION: "Lambda function",
    BUCKET: "S3 bucket",
    TABLE: "DynamoDB table",
    QUEUE: "SQS queue",
    TOPIC: "SNS topic",
}
_SECONDS_OF_DAY = 86400


def service(resource: Resource) -> str:
    """What a resource is called by its kind."""
    kind = str(resource.get("Type"))
    if kind == API:
        return "WebSocket API" if prop(resource, "ProtocolType") == "WEBSOCKET" else "HTTP API"
    return _SERVICES.get(kind) or kind.removeprefix("AWS::").replace("::", " ")


def told(template: Template, name: str) -> tuple[str, ...]:
    """The lines of one resource's box."""
    resource = resources(template)[name]
    tell = _TELL.get(str(resource.get("Type")))
    return tuple(tell(template, name, resource)) if tell else ()


def routes(template: Template, api: str) -> list[Resource]:
    """The routes of an API."""
    every = of_type(template, ROUTE).values()
    return [route for route in every if api in referred(prop(route, "ApiId"))]


def secrets(template: Template, value: Any) -> list[str]:
    """The stack's secrets that a value resolves: by Ref, or by Ref within a dynamic reference."""
    known = of_type(template, SECRET)
    return [name for name in referred(value) if name in known]


def behaviours(config: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The path patterns of a distribution's configuration, the default one last as `*`."""
    for behaviour in config.get("CacheBehaviors") or []:
        yield behaviour.get("PathPattern"), behaviour
    yield "*", config.get("DefaultCacheBehavior") or {}


def written(template: Template, value: Any) -> str:
    """A text with its parameters' defaults: a template is rendered for one environment."""
    parameters = template.get("Parameters") or {}
    if isinstance(value, dict) and value.get("Ref") in parameters:
        value = f"${{{value['Ref']}}}"
    text = str(as_written(value))
    for name, parameter in parameters.items():
        if "Default" in parameter:
            text = text.replace(f"${{{name}}}", str(parameter["Default"]))
    return text


def _of_distribution(template: Template, _: str, resource: Resource) -> Iterator[str]:
    config = prop(resource, "DistributionConfig") or {}
    yield from (str(alias) for alias in config.get("Aliases") or [])
    if "WebACLId" in config:
        yield from _of_firewall(template, config["WebACLId"])
    code = of_type(template, EDGE_FUNCTION)
    called = referred([behaviour for _, behaviour in behaviours(config)])
    yield from (f"runs {name}" for name in called if name in code)


def _of_firewall(template: Template, value: Any) -> Iterator[str]:
    firewalls = of_type(template, FIREWALL)
    names = [name for name in referred(value) if name in firewalls]
    for name in names:
        rules = prop(firewalls[name], "Rules") or []
        yield f"firewall {name}"
        yield f"{len(rules)} rules" if len(rules) != 1 else "1 rule"
    if not names:
        yield "a firewall from outside the stack"


def _of_api(template: Template, name: str, _: Resource) -> Iterator[str]:
    for stage in of_type(template, STAGE).values():
        limit = (prop(stage, "DefaultRouteSettings") or {}).get("ThrottlingRateLimit")
        if limit is not None and name in referred(prop(stage, "ApiId")):
            yield f"at most {limit} a second"


def _of_function(template: Template, _: str, resource: Resource) -> Iterator[str]:
    yield f"{prop(resource, 'Runtime')}, {prop(resource, 'MemorySize') or 128} MB"
    variables = (prop(resource, "Environment") or {}).get("Variables")
    yield from (f"knows {name}" for name in secrets(template, variables))


def _of_bucket(_: Template, __: str, resource: Resource) -> Iterator[str]:
    if prop(resource, "WebsiteConfiguration"):
        yield "public website"
    elif all((prop(resource, "PublicAccessBlockConfiguration") or {"": False}).values()):
        yield "private"
    if (prop(resource, "VersioningConfiguration") or {}).get("Status") == "Enabled":
        yield "versioned"
    for rule in (prop(resource, "LifecycleConfiguration") or {}).get("Rules") or []:
        if "ExpirationInDays" in rule and rule.get("Status") == "Enabled":
            yield f"deletes after {_days(rule['ExpirationInDays'])}"


def _of_table(_: Template, __: str, resource: Resource) -> Iterator[str]:
    keys = [str(key.get("AttributeName")) for key in prop(resource, "KeySchema") or []]
    yield f"key {', '.join(keys)}"
    lives = prop(resource, "TimeToLiveSpecification") or {}
    if lives.get("Enabled"):
        yield f"deletes by {lives.get('AttributeName')}"
    again = prop(resource, "PointInTimeRecoverySpecification") or {}
    if again.get("PointInTimeRecoveryEnabled"):
        yield "restorable to any second"


def _of_queue(_: Template, __: str, resource: Resource) -> Iterator[str]:
    seconds = prop(resource, "MessageRetentionPeriod")
    if isinstance(seconds, int) and seconds >= _SECONDS_OF_DAY:
        yield f"keeps {_days(seconds // _SECONDS_OF_DAY)}"


def _of_topic(template: Template, name: str, resource: Resource) -> Iterator[str]:
    own = prop(resource, "Subscription") or []
    others = [
        each
        for each in of_type(template, SUBSCRIPTION).values()
        if name in referred(prop(each, "TopicArn"))
    ]
    protocols = [str(each.get("Protocol")) for each in own]
    protocols += [str(prop(each, "Protocol")) for each in others]
    counted = sorted(set(protocols))
    yield f"tells {', '.join(counted)}" if counted else "nobody is subscribed yet"
    if prop(resource, "KmsMasterKeyId"):
        yield "encrypted"


def _days(number: Any) -> str:
    return "1 day" if number == 1 else f"{number} days"


_TELL: Mapping[str, Callable[[Template, str, Resource], Iterator[str]]] = {
    DISTRIBUTION: _of_distribution,
    API: _of_api,
    FUNCTION: _of_function,
    BUCKET: _of_bucket,
    TABLE: _of_table,
    QUEUE: _of_queue,
    TOPIC: _of_topic,
}
