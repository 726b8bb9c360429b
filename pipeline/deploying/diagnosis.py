"""Why a stack is as it is, also hours later: its last operation, and what failed in it first.

CloudFormation keeps a stack's events for 90 days, and a deleted stack's as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pipeline.connecting.clients import patiently
from pipeline.deploying import events, stacks
from pipeline.deploying.events import Event
from pipeline.deploying.hints import hint
from pipeline.deploying.stacks import REVIEW, Kind, Stack
from pipeline.deploying.target import Target
from pipeline.errors import Refused

Where = Callable[[str], str]
"""The template's line of a logical id; empty for one that isn't in the template."""


@dataclass(frozen=True)
class Diagnosis:
    """How a stack stands and why.

    `began` is when its last operation did. `failed` is what failed first in it, None where nothing
    did; `stuck` are the resources that then couldn't be rolled back either.
    """

    stack: Stack
    began: datetime | None
    failed: Event | None
    stuck: tuple[Event, ...]
    where: str
    """The template's line of what failed first."""
    hint: str
    way_out: str

    @property
    def is_settled(self) -> bool:
        """Can a deployment start from it?"""
        return self.stack.status in stacks.SETTLED

    @property
    def is_well(self) -> bool:
        """Did its last operation do what it was meant to?"""
        return self.stack.status in stacks.DONE

    @property
    def cause(self) -> str:
        """What failed first, in AWS's words, on one line; empty where nothing did."""
        if self.failed is None:
            return ""
        name = "" if self.failed.of_stack else f"{self.failed.logical_id} ({self.failed.type}) "
        return f"{name}{self.failed.status}: {self.failed.reason or 'no reason given'}"


def diagnose(target: Target, stack: Stack, where: Where) -> Diagnosis:
    """Read it from the stack's events."""
    cloudformation = target.aws.cloudformation
    operation = patiently(lambda: events.last_operation(cloudformation, stack.id), target.sleep)
    failed = None if stack.status in stacks.DONE else events.first_failure(operation)
    named = failed is not None and not failed.of_stack
    return Diagnosis(
        stack=stack,
        began=operation[0].at if operation else None,
        failed=failed,
        stuck=tuple(_stuck(operation)) if stack.status.endswith("_FAILED") else (),
        where=where(failed.logical_id) if failed is not None and named else "",
        hint=hint(failed.reason, failed.type) if failed else "",
        way_out="" if stack.status in stacks.SETTLED else stacks.way_out(stack, target.settings),
    )


def kind(target: Target, stack: Stack | None, where: Where) -> Kind:
    """How a change set for it begins; a state that no deployment can start from is told with its
    cause."""
    try:
        return stacks.kind(stack, target.settings)
    except Refused as error:
        if stack is None or stack.status == REVIEW or stack.status.endswith("_IN_PROGRESS"):
            raise
        diagnosed = diagnose(target, stack, where)
        if not diagnosed.cause:
            raise
        raise Refused(
            f"{error.what} What failed first: {diagnosed.cause}",
            where=diagnosed.where,
            mend="\n".join(filter(None, (diagnosed.hint, error.mend))),
        ) from error


def _stuck(operation: list[Event]) -> list[Event]:
    """The resources whose last word is a failure, in the order in which they failed."""
    latest = {event.logical_id: event for event in operation if not event.of_stack}
    return [
        event for event in operation if latest.get(event.logical_id) is event and event.is_failure
    ]
