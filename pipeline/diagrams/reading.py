"""A rendered template -> its picture. No resource is left out: what has no box belongs to one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.diagrams import words
from pipeline.diagrams.arrows import ROLE, arrows, origins
from pipeline.diagrams.picture import (
    CALLERS,
    DATA,
    EDGE,
    ENTRANCE,
    FUNCTION,
    OUTSIDE,
    Arrow,
    Box,
    Picture,
    Watch,
)
from pipeline.diagrams.words import Resource, Template
from pipeline.policy.references import of_type, prop, referred, resources

ALARM = "AWS::CloudWatch::Alarm"
# Types that are about other resources: they are told beside those, without a box of their own.
_BESIDE = frozenset(
    {
        ALARM,
        ROLE,
        words.BUCKET_POLICY,
        words.EDGE_FUNCTION,
        words.FIREWALL,
        words.MAPPING,
        words.SECRET,
        words.STAGE,
        words.SUBSCRIPTION,
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::IntegrationResponse",
        words.ROUTE,
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::CertificateManager::Certificate",
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::OriginRequestPolicy",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::ResourcePolicy",
        "AWS::Route53::RecordSet",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::WAFv2::LoggingConfiguration",
        "AWS::WAFv2::WebACLAssociation",
    }
)
_COLUMNS = {words.DISTRIBUTION: EDGE, words.API: ENTRANCE, words.FUNCTION: FUNCTION}


def read(name: str, about: str, template: Template) -> Picture:
    """The picture of one environment's template."""
    every = arrows(template)
    watches = list(_watches(template, every))
    hidden = {watch.topic for watch in watches}
    names = [
        name
        for name, resource in resources(template).items()
        if resource.get("Type") not in _BESIDE and name not in hidden
    ]
    shown = [one for one in every if {one.source, one.target} <= {CALLERS, *names}]
    beside = _beside(template, {*names, *hidden})
    boxes = [_box(template, name, shown, beside) for name in names]
    if any(one.source == CALLERS for one in shown):
        boxes.insert(0, Box(CALLERS, "anybody outside", OUTSIDE))
    return Picture(name, about, boxes, shown, watches, beside)


def _box(
    template: Template, name: str, arrows: Sequence[Arrow], beside: Mapping[str, tuple[str, ...]]
) -> Box:
    resource = resources(template)[name]
    parts = {name, *(part for part, to in beside.items() if to == (name,))}
    return Box(
        name,
        words.service(resource),
        _column(template, name, resource, arrows),
        words.told(template, name),
        tuple(str(prop(route, "RouteKey")) for route in words.routes(template, name)),
        sum(not parts.isdisjoint(_watched(one)) for one in of_type(template, ALARM).values()),
    )


def _column(template: Template, name: str, resource: Resource, arrows: Sequence[Arrow]) -> int:
    """Entrances are what a distribution fetches from, and what callers and then functions use."""
    kind = str(resource.get("Type"))
    if kind in _COLUMNS:
        return _COLUMNS[kind]
    behind = [origins(template, one) for one in of_type(template, words.DISTRIBUTION).values()]
    if any(name in {target for target, _ in one.values()} for one in behind):
        return ENTRANCE
    if prop(resource, "WebsiteConfiguration"):
        return ENTRANCE
    feeds = any(one.source == name and one.kind == "event" for one in arrows)
    used = any(one.target == name and one.source != CALLERS for one in arrows)
    return ENTRANCE if feeds and not used else DATA


def _watches(template: Template, arrows: Sequence[Arrow]) -> Iterator[Watch]:
    """The topics that alarms alone publish to, and a nameless one for alarms without any."""
    heard: dict[str, list[str]] = {}
    topics = of_type(template, words.TOPIC)
    for name, alarm in of_type(template, ALARM).items():
        for topic in [one for one in referred(prop(alarm, "AlarmActions")) if one in topics] or [
            ""
        ]:
            heard.setdefault(topic, []).append(name)
    for topic, alarms in heard.items():
        if not any(topic in (one.source, one.target) for one in arrows):
            told = words.told(template, topic) if topic else ("no topic of this stack hears them",)
            yield Watch(topic, tuple(alarms), told)


def _watched(alarm: Resource) -> list[str]:
    """What an alarm's dimensions are about."""
    return referred([prop(alarm, "Dimensions"), prop(alarm, "Metrics")])


# ---- what has no box


def _beside(template: Template, boxes: set[str]) -> Mapping[str, tuple[str, ...]]:
    """Each resource without a box -> the boxes that it belongs to.

    Those are what refers to it (a role's function), else what it refers to (a policy's bucket),
    else what is nearest by any reference.
    """
    known = resources(template)
    about = {name: _neighbours(one, known) for name, one in known.items()}
    users: dict[str, list[str]] = {name: [] for name in known}
    for name, others in about.items():
        for other in others:
            users[other].append(name)
    near = {name: [*users[name], *about[name]] for name in known}
    return {
        name: next(filter(None, (_nearest(name, way, boxes) for way in (users, about, near))), ())
        for name in known
        if name not in boxes
    }


def _neighbours(resource: Resource, known: Mapping[str, Resource]) -> list[str]:
    return [name for name in referred(resource.get("Properties")) if name in known]


def _nearest(name: str, ways: Mapping[str, Sequence[str]], boxes: set[str]) -> tuple[str, ...]:
    """The boxes at the fewest references from a resource."""
    reached, seen = [name], {name}
    while reached:
        reached = list(dict.fromkeys(one for each in reached for one in ways[each]))
        reached = [one for one in reached if one not in seen]
        seen.update(reached)
        if found := [one for one in reached if one in boxes]:
            return tuple(sorted(found))
    return ()
