"""Checks of functions: their logs have a retention, and AWS still maintains their runtime."""

from __future__ import annotations

from typing import Any

from pipeline.policy.crosschecks.checking import FUNCTION, LOG_GROUP, Check, Problem, Subject
from pipeline.policy.references import as_written, at, of_type, prop, referred


def functions_have_a_log_group(subject: Subject) -> list[Problem] | None:
    """A function's lines go where retention is set: Lambda's own group would keep them for ever.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    functions = of_type(subject.template, FUNCTION)
    groups = of_type(subject.template, LOG_GROUP)
    if not functions:
        return None
    return [
        Problem(
            ("Resources", name),
            "",
            "The function's log group isn't made in this template.",
            "LoggingConfig with LogGroup: !Ref of its group, or a group that is named"
            f" !Sub /aws/lambda/${{{name}}}.",
        )
        for name, function in functions.items()
        if not any(_logs_to(function, name, id_, group) for id_, group in groups.items())
    ]


def _logs_to(function: dict[str, Any], name: str, group_id: str, group: dict[str, Any]) -> bool:
    """Is this the function's log group: the one that it names, or else Lambda's own by its name?"""
    named = [group for _, group in at(function, "Properties", "LoggingConfig", "LogGroup")]
    if named:
        return group_id in referred(named)
    return as_written(prop(group, "LogGroupName")) in (
        f"/aws/lambda/${{{name}}}",
        f"/aws/lambda/{as_written(prop(function, 'FunctionName'))}",
    )


def functions_run_maintained_runtimes(subject: Subject) -> list[Problem] | None:
    """A deprecated runtime gets no security updates; AWS's days are those that cfn-lint carries.
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
    """A problem from the runtime's day on; an unknown runtime is for cfn-lint to refuse."""
    ends = subject.runtimes.get(runtime) if isinstance(runtime, str) else None
    if ends is None or subject.day < ends:
        return None
    family = runtime.rstrip("0123456789.x")
    later = [
        other
        for other, day in subject.runtimes.items()
        if subject.day < day and other.startswith(family)
    ]
    return Problem(
        ("Resources", name, "Properties", "Runtime"),
        runtime,
        f"The runtime has been deprecated since {ends}.",
        f"Runtime: {' or '.join(later) or 'one that AWS supports'}.",
    )


CHECKS: tuple[Check, ...] = (functions_have_a_log_group, functions_run_maintained_runtimes)
