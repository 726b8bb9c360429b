"""The actions on stacks: make, change, delete, show."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from localcloud.cloudformation import answers, changes
from localcloud.cloudformation.errors import AlreadyExists, ValidationError
from localcloud.cloudformation.query import Query
from localcloud.cloudformation.stacks import Resource, Stack


class StackActions(Query):
    """Each method is the action of that name."""

    def create_stack(self) -> ActionResult:
        """Make a stack at once."""
        name = self._get_param("StackName")
        if any(stack.name == name for stack in self._stacks.living()):
            raise AlreadyExists(f"Stack [{name}] already exists")
        text, wish = self._wish(None)
        stack = self._stacks.new(name)
        self._remember(stack, text)
        stack.protected = bool(self._get_param("EnableTerminationProtection"))
        stack.policy = self._get_param("StackPolicyBody") or ""
        stack.turn("CREATE_IN_PROGRESS", "User Initiated")
        self._operation(stack).create(wish, on_failure=self._on_failure())
        return ActionResult({"StackId": stack.id})

    def _remember(self, stack: Stack, text: str) -> None:
        stack.template_text = text
        stack.options = self._options()
        stack.capabilities = self._get_param("Capabilities") or []

    def update_stack(self) -> ActionResult:
        """Change a stack at once."""
        stack = self._stack()
        stack.check_updatable()
        text, wish = self._wish(stack)
        if changes.plan(self._account, stack, wish, self._stacks.exports()).empty:
            raise ValidationError("No updates are to be performed.")
        before = stack.template_text
        self._operation(stack).update(wish)
        stack.template_text = text if stack.status == "UPDATE_COMPLETE" else before
        return ActionResult({"StackId": stack.id})

    def delete_stack(self) -> ActionResult:
        """Delete a stack; one that isn't there isn't an error, as on AWS."""
        try:
            stack = self._stack()
        except ValidationError:
            return EmptyResult()
        if stack.protected:
            raise ValidationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        retained = self._get_param("RetainResources") or []
        if retained and stack.status != "DELETE_FAILED":
            raise ValidationError(
                f"Stack [{stack.name}] is in state {stack.status}; RetainResources may be given"
                " only in DELETE_FAILED."
            )
        if stack.deleted is None:
            self._operation(stack).delete(retained)
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        """Switch the protection that DeleteStack honours."""
        stack = self._stack()
        stack.protected = bool(self._get_bool_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def describe_stacks(self) -> ActionResult:
        """One stack, or all that live."""
        name = self._get_param("StackName")
        stacks = [self._stacks.find(name)] if name else list(self._stacks.living())
        return self._paged("Stacks", stacks, answers.of_stack)

    def list_stacks(self) -> ActionResult:
        """Every stack, deleted ones too."""
        wanted = self._get_param("StackStatusFilter") or []
        stacks = [one for one in self._stacks.held if not wanted or one.status in wanted]
        return self._paged("StackSummaries", stacks, answers.summary)

    def describe_stack_events(self) -> ActionResult:
        """The history, newest first."""
        stack = self._stack()
        return self._paged(
            "StackEvents",
            list(reversed(stack.events)),
            lambda event: answers.of_event(stack, event),
        )

    def describe_stack_resources(self) -> ActionResult:
        """The resources, or the one of a logical id."""
        stack = self._stack()
        wanted = self._get_param("LogicalResourceId")
        resources = [one for one in stack.resources.values() if wanted in (None, one.logical_id)]
        return ActionResult(
            {"StackResources": [answers.of_resource(stack, one) for one in resources]}
        )

    def describe_stack_resource(self) -> ActionResult:
        """One resource."""
        stack = self._stack()
        wanted = self._get_param("LogicalResourceId")
        if wanted not in stack.resources:
            raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")
        detail = answers.of_resource(stack, stack.resources[wanted])
        detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
        return ActionResult({"StackResourceDetail": detail})

    def list_stack_resources(self) -> ActionResult:
        """The resources, in pages."""
        stack = self._stack()

        def show(resource: Resource) -> dict[str, Any]:
            summary = answers.of_resource(stack, resource)
            summary["LastUpdatedTimestamp"] = summary.pop("Timestamp")
            return summary

        return self._paged("StackResourceSummaries", list(stack.resources.values()), show)

    def list_exports(self) -> ActionResult:
        """Every export of the region."""
        exports = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self._stacks.living()
            for name, value in stack.exports.items()
        ]
        return self._paged("Exports", exports, lambda one: one)

    def get_stack_policy(self) -> ActionResult:
        """The policy as it was set; this endpoint doesn't enforce it."""
        return ActionResult({"StackPolicyBody": self._stack().policy or None})

    def set_stack_policy(self) -> ActionResult:
        """Keep a policy; this endpoint doesn't enforce it."""
        self._stack().policy = self._get_param("StackPolicyBody") or ""
        return EmptyResult()
