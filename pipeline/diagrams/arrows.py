"""A template -> what goes from resource to resource: requests, events, and the rights of functions.

Everything is read from the template: a distribution's behaviours, an API's routes, a bucket's
notifications, event sources, failure destinations, and the statements of the functions' roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.diagrams import words
from pipeline.diagrams.picture import CALLERS, Arrow, Kind
from pipeline.diagrams.words import (
    API,
    BUCKET,
    DISTRIBUTION,
    FUNCTION,
    MAPPING,
    QUEUE,
    TOPIC,
    Resource,
    Template,
)
from pipeline.policy.references import as_written, of_type, prop, referred, resources

INTEGRATION = "AWS::ApiGatewayV2::Integration"
INVOKED = "AWS::Lambda::EventInvokeConfig"
ROLE = "AWS::IAM::Role"
_NAMES = ("BucketName", "TableName", "QueueName", "TopicName", "FunctionName")
# What Lambda does with a function's role itself, where the function is given the events.
_BY_LAMBDA = {
    "dynamodb": {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"},
    "sqs": {"ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"},
}
_SENDS = {"SendMessage", "SendMessageBatch", "Publish", "PublishBatch"}


def arrows(template: Template) -> list[Arrow]:
    """All of them, each pair of boxes once for each kind of arrow."""
    inside = [
        *_from_distributions(template),
        *_from_apis(template),
        *_from_buckets(template),
        *_from_sources(template),
        *_from_queues(template),
        *_from_topics(template),
        *_from_failures(template),
        *_from_functions(template),
    ]
    return _joined([*_from_outside(template, inside), *inside])


def _joined(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Arrows of one kind between the same two boxes as one, with the labels of all."""
    labels: dict[tuple[str, str, Kind], list[str]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.source, arrow.target, arrow.kind), []).extend(arrow.label)
    return [Arrow(*key, tuple(dict.fromkeys(label))) for key, label in labels.items()]


# ---- requests


def origins(template: Template, distribution: Resource) -> dict[str, tuple[str, dict[str, Any]]]:
    """Origin's id -> the resource behind it and the origin, where it is the stack's."""
    config = prop(distribution, "DistributionConfig") or {}
    known = {**of_type(template, BUCKET), **of_type(template, API)}
    found = {}
    for origin in config.get("Origins") or []:
        names = [name for name in referred(origin.get("DomainName")) if name in known]
        if names:
            found[str(origin.get("Id"))] = (names[0], origin)
    return found


def _from_distributions(template: Template) -> Iterator[Arrow]:
    for name, distribution in of_type(template, DISTRIBUTION).items():
        behind = origins(template, distribution)
        for pattern, behaviour in words.behaviours(prop(distribution, "DistributionConfig") or {}):
            target, origin = behind.get(str(behaviour.get("TargetOriginId")), ("", {}))
            if target:
                yield Arrow(name, target, "request", (_path(template, pattern),))
        for target, origin in behind.values():
            headers = origin.get("OriginCustomHeaders")
            keys = words.secrets(template, headers)
            yield from (Arrow(name, target, "request", (f"with {key}",)) for key in keys)
            if "OriginAccessControlId" in origin:
                yield Arrow(name, target, "request", ("signed",))


def _path(template: Template, pattern: Any) -> str:
    return "all else" if pattern == "*" else words.written(template, pattern)


def _from_apis(template: Template) -> Iterator[Arrow]:
    integrations = of_type(template, INTEGRATION)
    functions = of_type(template, FUNCTION)
    counted: dict[tuple[str, str], int] = {}
    for api in of_type(template, API):
        for route in words.routes(template, api):
            for name in referred(prop(route, "Target")):
                for function in referred(prop(integrations.get(name, {}), "IntegrationUri")):
                    if function in functions:
                        counted[api, function] = counted.get((api, function), 0) + 1
    for (api, function), number in counted.items():
        yield Arrow(api, function, "request", ("1 route" if number == 1 else f"{number} routes",))


def _from_outside(template: Template, inside: Sequence[Arrow]) -> Iterator[Arrow]:
    """Whoever calls: distributions, APIs without one, websites, what functions sign URLs of, and
    queues and topics that nobody of the stack sends to.
    """
    reached = {arrow.target for arrow in inside if arrow.kind == "request"}
    fed = {arrow.target for arrow in inside if arrow.kind == "event" or _sends(arrow)}
    for name, distribution in of_type(template, DISTRIBUTION).items():
        version = (prop(distribution, "DistributionConfig") or {}).get("HttpVersion", "")
        yield Arrow(CALLERS, name, "request", ("HTTPS", "HTTP/3") if "3" in version else ("HTTPS",))
    for name, api in of_type(template, API).items():
        if name not in reached:
            scheme = "WSS" if prop(api, "ProtocolType") == "WEBSOCKET" else "HTTPS"
            yield Arrow(CALLERS, name, "request", (scheme,))
    for name, bucket in of_type(template, BUCKET).items():
        yield from _to_bucket(name, bucket, inside)
    for name in of_type(template, QUEUE, TOPIC):
        if name not in fed and any(arrow.source == name for arrow in inside):
            yield Arrow(CALLERS, name, "request", ("messages",))


def _sends(arrow: Arrow) -> bool:
    return bool(_SENDS.intersection(arrow.label))


def _to_bucket(name: str, bucket: Resource, inside: Sequence[Arrow]) -> Iterator[Arrow]:
    if prop(bucket, "WebsiteConfiguration"):
        yield Arrow(CALLERS, name, "request", ("HTTP",))
        return
    rules = (prop(bucket, "CorsConfiguration") or {}).get("CorsRules") or []
    methods = list(dict.fromkeys(str(one) for rule in rules for one in rule["AllowedMethods"]))
    if methods and any(one.target == name and one.kind == "right" for one in inside):
        yield Arrow(CALLERS, name, "request", (", ".join(methods), "signed URLs"))


# ---- events


def _from_buckets(template: Template) -> Iterator[Arrow]:
    for name, bucket in of_type(template, BUCKET).items():
        for kinds in (prop(bucket, "NotificationConfiguration") or {}).values():
            for one in kinds if isinstance(kinds, list) else []:
                event = str(one.get("Event")).removeprefix("s3:").partition(":")[0]
                label = (event, *_under(one.get("Filter")))
                for target in referred({k: v for k, v in one.items() if k != "Filter"}):
                    yield Arrow(name, target, "event", label)


def _under(rules: Any) -> Iterator[str]:
    for rule in ((rules or {}).get("S3Key") or {}).get("Rules") or []:
        yield f"{rule.get('Value')}*" if rule.get("Name") == "prefix" else f"*{rule.get('Value')}"


def _from_sources(template: Template) -> Iterator[Arrow]:
    for mapping in of_type(template, MAPPING).values():
        source = prop(mapping, "EventSourceArn")
        for function in referred(prop(mapping, "FunctionName")):
            for name in referred(source):
                streams = "StreamArn" in str(source)
                yield Arrow(name, function, "event", ("changes" if streams else "messages",))


def _from_queues(template: Template) -> Iterator[Arrow]:
    for name, queue in of_type(template, QUEUE).items():
        policy = prop(queue, "RedrivePolicy") or {}
        for target in referred(policy.get("deadLetterTargetArn")):
            yield Arrow(name, target, "event", (f"after {policy.get('maxReceiveCount')} tries",))


def _from_topics(template: Template) -> Iterator[Arrow]:
    known = resources(template)
    subscriptions = of_type(template, words.SUBSCRIPTION).values()
    for name, topic in of_type(template, TOPIC).items():
        endpoints = [own.get("Endpoint") for own in prop(topic, "Subscription") or []]
        endpoints += [
            prop(other, "Endpoint")
            for other in subscriptions
            if name in referred(prop(other, "TopicArn"))
        ]
        for target in referred(endpoints):
            if target in known:
                yield Arrow(name, target, "event", ("messages",))


def _from_failures(template: Template) -> Iterator[Arrow]:
    for config in of_type(template, INVOKED).values():
        destinations = prop(config, "DestinationConfig") or {}
        for when, label in (("OnFailure", "failed events"), ("OnSuccess", "results")):
            for function in referred(prop(config, "FunctionName")):
                for target in referred(destinations.get(when)):
                    yield Arrow(function, target, "event", (label,))
    for name, resource in of_type(template, FUNCTION).items():
        for target in referred(prop(resource, "DeadLetterConfig")):
            yield Arrow(name, target, "event", ("failed events",))


# ---- rights


def _from_functions(template: Template) -> Iterator[Arrow]:
    """What each function's role allows on the stack's resources, but what Lambda does with it."""
    roles = of_type(template, ROLE)
    events = {
        (one.source, one.target) for one in (*_from_sources(template), *_from_failures(template))
    }
    for name, function in of_type(template, FUNCTION).items():
        for role in (roles[one] for one in referred(prop(function, "Role")) if one in roles):
            for target, action in _granted(template, role):
                if not _is_by_lambda(action, name, target, events):
                    yield Arrow(name, target, "right", (action.partition(":")[2],))


def _is_by_lambda(action: str, function: str, other: str, events: set[tuple[str, str]]) -> bool:
    service, _, verb = action.partition(":")
    if (other, function) in events:
        return verb in _BY_LAMBDA.get(service, set())
    return (function, other) in events and verb in _SENDS


def _granted(template: Template, role: Resource) -> Iterator[tuple[str, str]]:
    """The resources that a role's statements name, with each action on them."""
    for policy in prop(role, "Policies") or []:
        for statement in _listed(policy.get("PolicyDocument", {}).get("Statement")):
            if statement.get("Effect") != "Allow":
                continue
            for value in _listed(statement.get("Resource")):
                for target in _named(template, value):
                    yield from ((target, str(one)) for one in _listed(statement.get("Action")))


def _named(template: Template, value: Any) -> list[str]:
    """The resources of the stack that an ARN names, by reference or by the name that they get."""
    known = resources(template)
    if names := [name for name in referred(value) if name in known]:
        return names
    text = str(as_written(value))
    given = {
        name: str(as_written(prop(resource, key)))
        for name, resource in known.items()
        for key in _NAMES
        if prop(resource, key)
    }
    fitting = [name for name, written in given.items() if written in text]
    return sorted(fitting, key=lambda name: len(given[name]))[-1:]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
