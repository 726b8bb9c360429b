"""What is remembered: stacks, their resources, events and change sets, per account and region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.base_backend import BackendDict, BaseBackend

from localcloud.cloudformation.errors import ChangeSetNotFound, ValidationError, no_stack
from localcloud.cloudformation.template import Template

STACK = "AWS::CloudFormation::Stack"
UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}  # fmt: skip


def now() -> datetime:
    """The clock of every event."""
    return datetime.now(UTC)


@dataclass
class Resource:
    """One resource of a stack as it is: its definition, and its properties resolved."""

    logical_id: str
    type: str
    definition: dict[str, Any]
    properties: dict[str, Any]
    physical_id: str = ""
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    changed: datetime = field(default_factory=now)
    drift: dict[str, Any] = field(default_factory=dict)
    """What the last drift detection said of it; nothing where it was never compared."""

    @property
    def deletion_policy(self) -> str:
        """What the template says; Delete when it says nothing."""
        return str(self.definition.get("DeletionPolicy", "Delete"))


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: datetime
    id: str


@dataclass
class ChangeSet:
    """A change that has been described and may be executed once."""

    name: str
    id: str
    kind: str
    template_text: str
    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    capabilities: list[str]
    options: dict[str, Any]
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    drift: str = ""
    created: datetime = field(default_factory=now)


@dataclass
class Stack:
    """One stack, deleted ones included."""

    id: str
    name: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    template_text: str = ""
    template: Template = field(default_factory=lambda: {"Resources": {}})
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    change_sets: list[ChangeSet] = field(default_factory=list)
    executed: str = ""
    protected: bool = False
    policy: str = ""
    created: datetime = field(default_factory=now)
    updated: datetime | None = None
    deleted: datetime | None = None
    drift: tuple[str, datetime] | None = None

    @property
    def exports(self) -> dict[str, str]:
        """What other stacks may import."""
        return {
            one["ExportName"]: one["OutputValue"] for one in self.outputs if "ExportName" in one
        }

    def check_updatable(self) -> None:
        """A ValidationError where the status allows no update."""
        if self.status not in UPDATABLE:
            raise ValidationError(
                f"Stack:{self.id} is in {self.status} state and can not be updated."
            )

    def turn(self, status: str, reason: str = "") -> None:
        """Go to a status and say so in the events."""
        self.status, self.reason = status, reason
        self._event(self.name, self.id, STACK, status, reason)

    def note(self, resource: Resource, status: str, reason: str = "") -> None:
        """Say that a resource has come to a status."""
        resource.status, resource.reason, resource.changed = status, reason, now()
        self._event(resource.logical_id, resource.physical_id, resource.type, status, reason)

    def _event(self, logical: str, physical: str, kind: str, status: str, reason: str) -> None:
        name = str(uuid4()) if kind == STACK else f"{logical}-{status}-{uuid4()}"
        self.events.append(Event(logical, physical, kind, status, reason, now(), name))


class Stacks(BaseBackend):
    """The stacks of one account and region; moto empties it together with its own services."""

    paths: ClassVar[dict[str, Any]] = {}
    """Who answers which path; localcloud.completions says it."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.held: list[Stack] = []
        self.detections: dict[str, dict[str, Any]] = {}

    @property
    def url_paths(self) -> dict[str, Any]:
        """What moto's server asks for, in the place of a module of URLs."""
        return self.paths

    def living(self) -> Iterator[Stack]:
        """Every stack that hasn't been deleted."""
        return (stack for stack in self.held if stack.deleted is None)

    def find(self, name: str) -> Stack:
        """The stack of a name, or of an id, under which deleted ones are still found."""
        for stack in self.held:
            if stack.id == name or (stack.name == name and stack.deleted is None):
                return stack
        raise no_stack(name)

    def new(self, name: str) -> Stack:
        """A stack that isn't there yet, in review."""
        path = f"cloudformation:{self.region_name}:{self.account_id}:stack/{name}/{uuid4()}"
        stack = Stack(id=f"arn:{self.partition}:{path}", name=name)
        self.held.append(stack)
        return stack

    def change_set(self, stack_name: str | None, name: str) -> tuple[Stack, ChangeSet]:
        """A change set by its ARN, or by its name in a stack."""
        for stack in self.living():
            for held in stack.change_sets:
                if held.id == name or (held.name == name and stack_name in (stack.name, stack.id)):
                    return stack, held
        raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")

    def change_set_id(self, name: str) -> str:
        """An ARN for a new change set."""
        path = f"cloudformation:{self.region_name}:{self.account_id}:changeSet/{name}/{uuid4()}"
        return f"arn:{self.partition}:{path}"

    def holds(self, kind: str, physical_id: str) -> bool:
        """Does a stack have that resource? Then no other one can import it."""
        return any(
            (one.type, one.physical_id) == (kind, physical_id)
            and one.status not in {"DELETE_COMPLETE", "DELETE_SKIPPED"}
            for stack in self.living()
            for one in stack.resources.values()
        )

    def exports(self) -> dict[str, str]:
        """Every export of the region."""
        return {key: value for stack in self.living() for key, value in stack.exports.items()}


STACKS: BackendDict[Stacks] = BackendDict(Stacks, "cloudformation")
