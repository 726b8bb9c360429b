"""A stack's events: followed while it changes, and searched for what failed first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.connecting.clients import patiently

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

POLL_SECONDS = 2
_BEGINNINGS = {f"{word}_IN_PROGRESS" for word in ("CREATE", "UPDATE", "DELETE", "IMPORT")}
SILENCE = 60  # polls without any event before we stop believing that the change began


@dataclass(frozen=True)
class Event:
    """One line of a stack's history; `of_stack` when it is about the stack itself."""

    id: str
    at: datetime
    logical_id: str
    type: str
    status: str
    reason: str
    of_stack: bool

    @property
    def is_failure(self) -> bool:
        """Did this resource fail by itself? One that AWS cancelled because of another didn't."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()

    @property
    def ends(self) -> bool:
        """Is the stack at rest after this?"""
        return self.of_stack and not self.status.endswith("_IN_PROGRESS")


def last(cloudformation: CloudFormationClient, stack_id: str) -> str:
    """The newest event's id, to tell later ones from it; empty if there is none."""
    newest = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    return newest[0]["EventId"] if newest else ""


def since(cloudformation: CloudFormationClient, stack_id: str, seen: str) -> list[Event]:
    """The events after the one with the id `seen`, oldest first."""
    events: list[Event] = []
    pages = cloudformation.get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack_id):
        for described in page["StackEvents"]:
            if described["EventId"] == seen:
                return events[::-1]
            events.append(_event(described, stack_id))
    return events[::-1]


def last_operation(cloudformation: CloudFormationClient, stack_id: str) -> list[Event]:
    """The events of the stack's last operation with its rollback, oldest first."""
    events: list[Event] = []
    pages = cloudformation.get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack_id):
        for described in page["StackEvents"]:
            event = _event(described, stack_id)
            events.append(event)
            if event.of_stack and event.status in _BEGINNINGS:
                return events[::-1]
    return events[::-1]


def follow(
    cloudformation: CloudFormationClient,
    stack_id: str,
    seen: str,
    show: Callable[[Event], None],
    sleep: Callable[[float], None],
) -> list[Event]:
    """Every event after `seen` until the stack is at rest, each shown as it comes.

    Ends without an ending event if none at all comes: then the change never began.
    """
    events: list[Event] = []
    silent = 0
    while silent < SILENCE:
        fresh = patiently(partial(since, cloudformation, stack_id, seen), sleep)
        for event in fresh:
            show(event)
        events += fresh
        if any(event.ends for event in fresh):
            return events
        seen = fresh[-1].id if fresh else seen
        silent = silent + 1 if not events else 0
        sleep(POLL_SECONDS)
    return events


def first_failure(events: Sequence[Event]) -> Event | None:
    """What went wrong first: a resource if one did, else the stack's own complaint."""
    failed = [event for event in events if event.is_failure]
    of_resources = [event for event in failed if not event.of_stack]
    told = [event for event in events if event.of_stack and event.reason and _turns_back(event)]
    return next(iter(of_resources + failed + told), None)


def _turns_back(event: Event) -> bool:
    return "ROLLBACK" in event.status


def _event(described: StackEventTypeDef, stack_id: str) -> Event:
    return Event(
        id=described["EventId"],
        at=described["Timestamp"],
        logical_id=described.get("LogicalResourceId", ""),
        type=described.get("ResourceType", ""),
        status=described.get("ResourceStatus", ""),
        reason=described.get("ResourceStatusReason", ""),
        of_stack=described.get("PhysicalResourceId") == stack_id,
    )
