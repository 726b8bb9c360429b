"""The check of alarms: each watches a metric that AWS sends for its dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.crosschecks.checking import Check, Problem, Subject
from pipeline.policy.metrics import METRICS
from pipeline.policy.references import as_written, at, of_type, prop, referred


def alarms_watch_what_has_data(subject: Subject) -> list[Problem] | None:
    """An alarm on a metric that AWS never sends for these dimensions is silent for ever.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
    """
    alarms = of_type(subject.template, "AWS::CloudWatch::Alarm")
    if not alarms:
        return None
    return [
        problem
        for name, alarm in alarms.items()
        for pointer, metric in _metrics(alarm)
        for problem in _blind(subject.template, ("Resources", name, *pointer), metric)
    ]


def _metrics(alarm: dict[str, Any]) -> list[tuple[Pointer, Any]]:
    """What an alarm watches: its own metric, and those of its expression."""
    listed = at(alarm, "Properties", "Metrics", "MetricStat", "Metric")
    own = alarm.get("Properties")
    simple = isinstance(own, dict) and "Metrics" not in own
    return [(("Properties",), own)] if simple else listed


def _blind(template: dict[str, Any], here: Pointer, metric: Any) -> Iterator[Problem]:
    known = METRICS.get(str(prop({"Properties": metric}, "Namespace")))
    name = prop({"Properties": metric}, "MetricName")
    if known is None or isinstance(name, dict | list) or name in known.others:
        return  # nobody here knows better
    if name not in known.names:
        mend = (
            "a metric that stands in pipeline/policy/metrics.py, or add it there from AWS's pages."
        )
        yield Problem((*here, "MetricName"), name, "AWS is not known to send this metric.", mend)
        return
    if known.whole and "Dimensions" not in metric:
        return
    dimensions = {
        str(entry.get("Name")): entry.get("Value")
        for _, entry in at(metric, "Dimensions")
        if isinstance(entry, dict)
    }
    for key in [key for key in (*known.dimensions, *dimensions) if not known.fits(key, dimensions)]:
        mend = f"Dimensions of {' and '.join(known.dimensions)}, each a !Ref of what is meant."
        yield Problem((*here, "Dimensions"), key, f"The metric has no data for this {key}.", mend)
        return
    for key, value in dimensions.items():
        target = known.dimensions.get(key)
        if target and not _names_one(template, target, value):
            what = f"{key} isn't a {target} of this template."
            yield Problem((*here, "Dimensions"), key, what, f"{key}: !Ref of a {target}.")


def _names_one(template: dict[str, Any], kind: str, value: Any) -> bool:
    """Does a dimension name a resource of this type, or one that another stack may have?"""
    given = template.get("Parameters")
    parameters = given.keys() if isinstance(given, dict) else set[str]()
    named = {name for name in referred(value) if not name.startswith("AWS::")} - parameters
    if named:
        return bool(of_type(template, kind).keys() & named)
    text = as_written(value)
    if isinstance(text, dict):
        return bool(text)  # a parameter or an import: only a deployment knows
    ours = of_type(template, kind).values()
    return not ours or any(text == as_written(name) for one in ours for name in _called(one))


def _called(resource: dict[str, Any]) -> list[Any]:
    """What a resource is called, by whichever of its properties is its name."""
    properties = resource.get("Properties")
    given = properties.items() if isinstance(properties, dict) else ()
    return [value for key, value in given if key.endswith("Name")]


CHECKS: tuple[Check, ...] = (alarms_watch_what_has_data,)
