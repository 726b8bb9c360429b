"""The alarms that roll an update back if one of them goes off: CloudFormation's rollback triggers.

The template's Metadata names them and says how long they are watched after the update:

    Watched: {Minutes: 10, Alarms: [ErrorsAlarm]}

CloudFormation keeps what it was told last time, and fails at an alarm that isn't there; so it is
told each time, and only of alarms that can do their work: those that are there, quiet, and not
touched by the change set itself. A first deployment has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.deploying import inventory, screen
from pipeline.documents import Document

if TYPE_CHECKING:
    from pipeline.deploying.changeset import Change
    from pipeline.deploying.stacks import Stack
    from pipeline.deploying.target import Target

ALARM = "AWS::CloudWatch::Alarm"
AT = ("Metadata", "Watched")
MOST = 5  # triggers of one stack
LONGEST = 180  # minutes


@dataclass(frozen=True)
class Alarm:
    """One alarm of the stack, by its logical id and its ARN."""

    logical_id: str
    arn: str


@dataclass(frozen=True)
class Watch:
    """What rings, and for how many minutes after the update it is listened to."""

    minutes: int = 0
    alarms: tuple[Alarm, ...] = ()

    def configuration(self) -> dict[str, Any]:
        """RollbackConfiguration: without an alarm CloudFormation would wait for nothing."""
        return {
            "RollbackTriggers": [{"Arn": one.arn, "Type": ALARM} for one in self.alarms],
            "MonitoringTimeInMinutes": self.minutes if self.alarms else 0,
        }

    def untouched(self, changes: Iterable[Change]) -> Watch:
        """The same without the alarms that the change set itself changes or removes."""
        touched = {change.logical_id for change in changes}
        left = tuple(one for one in self.alarms if one.logical_id not in touched)
        return Watch(self.minutes, left)


NOBODY = Watch()


def described(document: Document) -> tuple[int, Sequence[str]]:
    """Minutes and logical ids, as the template's Metadata says; none without it."""
    said = (document.value.get(AT[0]) or {}).get(AT[1])
    if said is None:
        return 0, ()
    minutes, names = _minutes_and_names(said)
    if not 0 <= minutes <= LONGEST or not 0 < len(names) <= MOST:
        raise document.error(
            AT,
            "this doesn't say which alarms are watched, and how long.",
            mend=f"Watched: {{Minutes: 0 to {LONGEST}, Alarms: [LOGICAL_ID]}}, {MOST} at most.",
        )
    resources = document.value["Resources"]
    for name in names:
        if resources.get(name, {}).get("Type") != ALARM:
            raise document.error(
                (*AT, "Alarms"),
                f"{name} isn't an alarm of this template.",
                mend=f"Name resources of the type {ALARM}.",
            )
    return minutes, names


def _minutes_and_names(said: Any) -> tuple[int, list[str]]:
    """What stands there where it has the right shape; else nothing that would be accepted."""
    if not isinstance(said, dict) or said.keys() != {"Minutes", "Alarms"}:
        return 0, []
    minutes, names = said["Minutes"], said["Alarms"]
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not isinstance(names, list):
        return 0, []
    return minutes, [name for name in names if isinstance(name, str)]


def watch(target: Target, stack: Stack | None, document: Document) -> Watch:
    """The alarms that can be listened to during an update; those that can't are told."""
    minutes, names = described(document)
    if stack is None or not names:
        return NOBODY
    held = inventory.held(target.aws.cloudformation, stack.id)
    physical = {one.logical_id: one.physical_id for one in held if one.logical_id in names}
    if not physical:
        screen.note("Nothing is watched: the stack has none of its alarms yet.")
        return NOBODY
    answer = target.aws.other("cloudwatch").describe_alarms(AlarmNames=list(physical.values()))
    known = {one["AlarmName"]: one for one in answer["MetricAlarms"]}
    quiet = [name for name in names if _state(known, physical, name) == "OK"]
    for name in names:
        if name not in quiet:
            screen.note(f"{name} isn't watched: {_state(known, physical, name) or 'not there'}.")
    return Watch(minutes, tuple(Alarm(name, known[physical[name]]["AlarmArn"]) for name in quiet))


def _state(known: dict[str, Any], physical: dict[str, str], name: str) -> str:
    state: str = known.get(physical.get(name, ""), {}).get("StateValue", "")
    return state


def told(of: Watch) -> None:
    """Show the watched alarms, and what has to happen meanwhile."""
    if of.alarms:
        names = ", ".join(one.logical_id for one in of.alarms)
        screen.note(
            f"Watched for {of.minutes} minutes after the update: {names}. If one goes off,"
            " the update is rolled back. Without traffic none does: run the smoke test meanwhile."
        )
