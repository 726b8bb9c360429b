"""Checks of functions: their logs have a retention, and AWS still maintains their runtime."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import date, timedelta
from typing import Any

from pipeline.policy.crosschecks.checking import FUNCTION, LOG_GROUP, Check, Problem, Subject
from pipeline.policy.references import as_written, at, of_type, prop, referred
from pipeline.schemas import Lifecycle


def functions_have_a_log_group(subject: Subject) -> list[Problem] | None:
    """A function's lines go where retention is set: Lambda's own group would keep them for ever.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    functions = of_type(subject.template, FUNCTION)
    groups = of_type(subject.template, LOG_GROUP)
    if not functions:
        return None
    called = {str(as_written(prop(group, "LogGroupName"))) for group in groups.values()}
    return [
        Problem(
            ("Resources", name),
            "",
            "The function's log group isn't made in this template.",
            "LoggingConfig with LogGroup: !Ref of its group, or a group that is named"
            f" !Sub /aws/lambda/${{{name}}}.",
        )
        for name, function in functions.items()
        if not _has_its_group(name, function, groups.keys(), called)
    ]


def _has_its_group(
    name: str, function: dict[str, Any], groups: Iterable[str], called: Container[str]
) -> bool:
    """Is its log group here: the one that it names, or else Lambda's own by its name?"""
    named = [group for _, group in at(function, "Properties", "LoggingConfig", "LogGroup")]
    if named:
        return not set(groups).isdisjoint(referred(named))
    own = (f"${{{name}}}", as_written(prop(function, "FunctionName")))
    return any(f"/aws/lambda/{one}" in called for one in own)


NOTICE = timedelta(days=180)


def functions_run_maintained_runtimes(subject: Subject) -> list[Problem] | None:
    """A deprecated runtime gets no security updates: told from 180 days before, and an error once
    AWS lets nobody update the function any more. A deployment refuses a new function from the day
    on which AWS does. AWS's days are those that cfn-lint carries.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    functions = of_type(subject.template, FUNCTION)
    if not functions:
        return None
    return [
        problem
        for name, function in functions.items()
        if (problem := _outdated(name, prop(function, "Runtime"), subject))
    ]


def _outdated(name: str, runtime: Any, subject: Subject) -> Problem | None:
    """An unknown runtime is for cfn-lint to refuse."""
    days = subject.runtimes.get(runtime) if isinstance(runtime, str) else None
    if days is None or subject.day < days.deprecated - NOTICE:
        return None
    family = runtime.rstrip("0123456789.x")
    later = [
        other
        for other, its in subject.runtimes.items()
        if days.deprecated < its.deprecated and other.startswith(family)
    ]
    return Problem(
        ("Resources", name, "Properties", "Runtime"),
        runtime,
        _fate(days, subject.day),
        f"Runtime: {' or '.join(later) or 'one that AWS supports'}.",
        note=subject.day < days.update_blocked,
    )


def _fate(days: Lifecycle, day: date) -> str:
    if day >= days.update_blocked:
        return (
            f"AWS has blocked updates of functions with this runtime since {days.update_blocked}."
        )
    if day >= days.creation_blocked:
        return (
            f"AWS has blocked new functions with this runtime since {days.creation_blocked}, and"
            f" blocks updates from {days.update_blocked} on."
        )
    if day >= days.deprecated:
        return (
            f"The runtime has had no security updates since {days.deprecated}; AWS blocks new"
            f" functions with it from {days.creation_blocked} on."
        )
    return f"The runtime gets no security updates from {days.deprecated} on."


CHECKS: tuple[Check, ...] = (functions_have_a_log_group, functions_run_maintained_runtimes)
