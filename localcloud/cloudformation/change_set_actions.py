"""The actions on change sets: describe a change, and make it."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from localcloud.cloudformation import answers, changes, drift_aware
from localcloud.cloudformation.changes import Wish
from localcloud.cloudformation.errors import (
    AlreadyExists,
    InvalidChangeSetStatus,
    ValidationError,
)
from localcloud.cloudformation.query import STACK_OPTIONS, Query
from localcloud.cloudformation.stacks import ChangeSet, Stack

NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a"
    " change set."
)


class ChangeSetActions(Query):
    """Each method is the action of that name."""

    def create_change_set(self) -> ActionResult:
        """Describe a change; the stack itself isn't touched."""
        kind = self._get_param("ChangeSetType") or "UPDATE"
        stack = self._for_change_set(kind)
        previous = stack if kind == "UPDATE" else None
        text, wish = self._wish(previous)
        if stack is None:
            stack = self._stacks.new(self._get_param("StackName"))
            stack.turn("REVIEW_IN_PROGRESS", "User Initiated")
        name = self._get_param("ChangeSetName")
        if any(one.name == name for one in stack.change_sets):
            raise AlreadyExists(f"ChangeSet {name} already exists")
        change_set = ChangeSet(
            name=name,
            id=self._stacks.change_set_id(name),
            kind=kind,
            template_text=text,
            template=wish.template,
            parameters=wish.parameters,
            tags=wish.tags,
            capabilities=self._get_param("Capabilities") or [],
            options=self._options()
            | {
                "Description": self._get_param("Description"),
                "OnStackFailure": self._get_param("OnStackFailure"),
                "ImportExistingResources": bool(self._get_bool_param("ImportExistingResources")),
                "DeploymentMode": self._deployment_mode(kind),
            },
        )
        self._plan(stack, change_set, wish)
        stack.change_sets.append(change_set)
        return ActionResult({"Id": change_set.id, "StackId": stack.id})

    def _deployment_mode(self, kind: str) -> str | None:
        mode: str | None = self._get_param("DeploymentMode")
        if mode and kind != "UPDATE":
            raise ValidationError(f"DeploymentMode {mode} is for change sets of type UPDATE")
        return mode

    def _for_change_set(self, kind: str) -> Stack | None:
        """The stack that is to change; none when it is to be made."""
        name = self._get_param("StackName")
        there = [stack for stack in self._stacks.living() if name in (stack.name, stack.id)]
        if kind == "CREATE":
            if there and there[0].status != "REVIEW_IN_PROGRESS":
                raise ValidationError(
                    f"Stack [{name}] already exists and cannot be created again with the"
                    f" changeSet [{self._get_param('ChangeSetName')}]."
                )
            return there[0] if there else None
        if kind != "UPDATE":
            raise ValidationError(f"This endpoint doesn't support change sets of type {kind}")
        if not there:
            raise ValidationError(f"Stack [{name}] does not exist")
        there[0].check_updatable()
        return there[0]

    def _plan(self, stack: Stack, change_set: ChangeSet, wish: Wish) -> None:
        try:
            reverting = change_set.options["DeploymentMode"] == drift_aware.MODE
            plan = drift_aware.plan if reverting else changes.plan
            planned = plan(self._account, stack, wish, self._stacks.exports())
            change_set.drift = planned.drift
            if change_set.options["ImportExistingResources"]:
                changes.importable(self._account, planned, self._stacks)
        except ValidationError as error:
            _fail(change_set, str(error.message))
            return
        change_set.changes = planned.changes
        if planned.empty:
            _fail(change_set, NOTHING)

    def describe_change_set(self) -> ActionResult:
        """The changes of a change set."""
        stack, change_set = self._change_set()
        asked = self._get_bool_param("IncludePropertyValues")
        shown = change_set.changes if asked else answers.without_values(change_set.changes)
        more = answers.of_change_set(stack, change_set)
        return self._paged("Changes", shown, lambda one: one, more=more)

    def _change_set(self) -> tuple[Stack, ChangeSet]:
        name = str(self._get_param("ChangeSetName"))
        return self._stacks.change_set(self._get_param("StackName"), name)

    def list_change_sets(self) -> ActionResult:
        """The change sets of a stack."""
        stack = self._stack()
        keep = {
            "StackId", "StackName", "ChangeSetId", "ChangeSetName", "ExecutionStatus", "Status",
            "StatusReason", "CreationTime", "Description",
        }  # fmt: skip
        summaries = [
            {
                key: value
                for key, value in answers.of_change_set(stack, change_set).items()
                if key in keep
            }
            for change_set in stack.change_sets
        ]
        return self._paged("Summaries", summaries, lambda one: one)

    def delete_change_set(self) -> ActionResult:
        """Forget a change set."""
        stack, change_set = self._change_set()
        stack.change_sets.remove(change_set)
        return EmptyResult()

    def execute_change_set(self) -> ActionResult:
        """Do what a change set says; all others of the stack are void then."""
        stack, change_set = self._change_set()
        if change_set.execution != "AVAILABLE":
            raise InvalidChangeSetStatus(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of"
                f" [{change_set.status}]"
            )
        stack.change_sets = [change_set]
        change_set.execution = "EXECUTE_IN_PROGRESS"
        stack.executed = change_set.id
        stack.options = {name: change_set.options[name] for name in STACK_OPTIONS}
        stack.capabilities = change_set.capabilities
        wish = Wish(change_set.template, change_set.parameters, change_set.tags)
        self._execute(stack, change_set, wish)
        failed = "ROLLBACK" in stack.status or stack.status.endswith("_FAILED")
        change_set.execution = "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"
        return EmptyResult()

    def _execute(self, stack: Stack, change_set: ChangeSet, wish: Wish) -> None:
        before = stack.template_text
        stack.template_text = change_set.template_text
        if change_set.kind == "CREATE":
            stack.turn("CREATE_IN_PROGRESS", "User Initiated")
            on_failure = self._on_failure()
            on_failure = change_set.options["OnStackFailure"] or on_failure
            adopt = change_set.options["ImportExistingResources"]
            self._operation(stack).create(wish, on_failure=on_failure, adopt=adopt)
            return
        self._operation(stack).update(
            wish,
            triggers=_triggers(change_set.options),
            reverting=change_set.options["DeploymentMode"] == drift_aware.MODE,
        )
        if stack.status != "UPDATE_COMPLETE":
            stack.template_text = before


def _triggers(options: dict[str, Any]) -> list[str]:
    """The ARNs of the alarms that take an update back."""
    configuration = options["RollbackConfiguration"] or {}
    return [one["Arn"] for one in configuration.get("RollbackTriggers", [])]


def _fail(change_set: ChangeSet, reason: str) -> None:
    change_set.status, change_set.reason = "FAILED", reason
    change_set.execution = "UNAVAILABLE"
