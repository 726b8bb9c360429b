"""Stacks made, changed, rolled back and deleted, one resource after the other.

Every step is an event. What a service refuses becomes the resource's reason, and the stack goes
back to where it was: an operation ends in a status and never in an exception.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloudformation import drift_aware, evaluate, live, schemas
from localcloud.cloudformation.changes import Wish, differences, existing
from localcloud.cloudformation.dynamic_references import resolved
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.stacks import Resource, Stack, Stacks, now
from localcloud.cloudformation.template import creation_order, dependencies
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account, Properties, Unsupported

INITIATED = "User Initiated"


class Failed(Exception):
    """A resource couldn't be made or changed; its event already says why."""

    def __init__(self, logical_id: str, verb: str) -> None:
        super().__init__(f"The following resource(s) failed to {verb}: [{logical_id}]. ")


class Alarmed(Failed):
    """An alarm takes the update back; its text is the stack's reason."""

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)


def reason(error: Exception) -> str:
    """A failure in the form in which CloudFormation reports it."""
    if isinstance(error, ClientError):
        problem = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return (
            f'Resource handler returned message: "{problem.get("Message")} ({error.operation_name},'
            f' Status Code: {status})" (HandlerErrorCode: {problem.get("Code")})'
        )
    if isinstance(error, Unsupported):
        return str(error)
    return f"{type(error).__name__}: {error}"


class Operation:
    """One create, update or delete of one stack."""

    def __init__(self, account: Account, stacks: Stacks, stack: Stack) -> None:
        self.account, self.stacks, self.stack = account, stacks, stack
        self.reverting = False

    # ---- the stack

    def create(self, wish: Wish, *, on_failure: str = "ROLLBACK", adopt: bool = False) -> None:
        """Make everything of a template, or go back to nothing."""
        stack = self.stack
        stack.template, stack.parameters, stack.tags = wish
        try:
            self._bring(wish, adopt=adopt)
        except Failed as failure:
            self._give_up_creation(str(failure), on_failure)
        else:
            stack.turn("CREATE_COMPLETE")

    def _give_up_creation(self, why: str, on_failure: str) -> None:
        stack = self.stack
        if on_failure == "DO_NOTHING":
            stack.turn("CREATE_FAILED", why.strip())
            return
        deleting = on_failure == "DELETE"
        status = "DELETE" if deleting else "ROLLBACK"
        stack.turn(f"{status}_IN_PROGRESS", f"{why}{status.capitalize()} requested by user.")
        failures = self._remove(self._backwards(stack.resources), kept={"Retain"})
        stack.outputs = []
        if failures:
            stack.turn(f"{status}_FAILED", _undeleted(failures))
        else:
            stack.turn(f"{status}_COMPLETE")
            stack.deleted = now() if deleting else None

    def update(self, wish: Wish, *, triggers: Iterable[str] = (), reverting: bool = False) -> None:
        """Bring the stack to a new template, or back to the one that it has.

        `triggers`: ARNs of alarms; the update goes back if one rings or isn't there. How long they
        would be watched afterwards makes no difference here: nothing happens meanwhile.
        `reverting`: each resource is brought from what it really is, and back to that.
        """
        self.reverting = reverting
        stack = self.stack
        before = (stack.template, stack.parameters, stack.tags, stack.outputs, stack.template_text)
        resources = dict(stack.resources)
        stack.turn("UPDATE_IN_PROGRESS", INITIATED)
        stack.template, stack.parameters, stack.tags = wish
        self.undo: list[Callable[[], None]] = []
        self.replaced: list[Resource] = []
        try:
            self._bring(wish)
            self._listen(triggers)
        except Failed as failure:
            stack.turn("UPDATE_ROLLBACK_IN_PROGRESS", str(failure).strip())
            stack.template, stack.parameters, stack.tags, stack.outputs, stack.template_text = (
                before
            )
            self._go_back(resources)
        else:
            self._clean_up(wish)

    def _listen(self, triggers: Iterable[str]) -> None:
        for arn in triggers:
            name = arn.rpartition(":")[2]
            answer = self.account.client("cloudwatch").describe_alarms(AlarmNames=[name])
            states = [one["StateValue"] for one in answer["MetricAlarms"]]
            if not states:
                raise Alarmed(f"Rollback trigger {arn} does not exist")
            if states == ["ALARM"]:
                raise Alarmed(f"The following rollback trigger is in ALARM: [{arn}]")

    def _clean_up(self, wish: Wish) -> None:
        stack = self.stack
        stack.updated = now()
        stack.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        wanted = evaluate.present(wish.template, self._scope(wish))
        gone = {key: one for key, one in stack.resources.items() if key not in wanted}
        self._remove(list(reversed(self.replaced)), key="UpdateReplacePolicy", forget=False)
        self._remove(list(reversed(gone.values())))
        for key in gone:
            stack.resources.pop(key, None)
        stack.turn("UPDATE_COMPLETE")

    def _go_back(self, resources: dict[str, Resource]) -> None:
        stack = self.stack
        made = [one for key, one in stack.resources.items() if one is not resources.get(key)]
        for step in reversed(self.undo):
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the stack's status tells of any failure
                stack.turn("UPDATE_ROLLBACK_FAILED", reason(error))
                return
        stack.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        fresh = [one for one in made if self._is_new(one, resources)]
        self._remove(list(reversed(fresh)), kept={"Retain"}, forget=False)
        stack.resources = resources
        stack.turn("UPDATE_ROLLBACK_COMPLETE")

    def _is_new(self, resource: Resource, before: dict[str, Resource]) -> bool:
        old = before.get(resource.logical_id)
        return bool(resource.physical_id) and (
            old is None or old.physical_id != resource.physical_id
        )

    def delete(self, retained: Iterable[str] = ()) -> None:
        """Remove everything that the template doesn't want kept."""
        stack = self.stack
        stack.turn("DELETE_IN_PROGRESS", INITIATED)
        for logical_id in retained:
            if stack.resources.get(logical_id):
                stack.note(stack.resources.pop(logical_id), "DELETE_SKIPPED")
        if failures := self._remove(self._backwards(stack.resources)):
            stack.turn("DELETE_FAILED", _undeleted(failures))
            return
        stack.outputs = []
        stack.turn("DELETE_COMPLETE")
        stack.deleted = now()

    # ---- the resources

    def _scope(self, wish: Wish) -> Scope:
        return evaluate.scope(
            self.account,
            self.stack,
            wish.template,
            wish.parameters,
            self.stack.resources,
            self.stacks.exports(),
        )

    def _bring(self, wish: Wish, *, adopt: bool = False) -> None:
        """Create or change each resource, in order; then the outputs."""
        known = self._scope(wish)
        present = evaluate.present(wish.template, known)
        for logical_id in creation_order(wish.template):
            if logical_id in present:
                self._one(logical_id, present[logical_id], wish, adopt=adopt)
        try:
            outputs = evaluate.outputs(wish.template, known)
            self._check_exports(outputs)
        except Exception as error:
            self.stack.outputs = []
            raise Failed(f"Outputs: {reason(error)}", "resolve") from error
        self.stack.outputs = outputs

    def _check_exports(self, outputs: list[dict[str, str]]) -> None:
        taken = {
            name: other.name
            for other in self.stacks.living()
            if other is not self.stack
            for name in other.exports
        }
        for output in outputs:
            if (name := output.get("ExportName")) in taken:
                raise Unsupported(
                    f"Export with name {name} is already exported by stack {taken[str(name)]}."
                    " Rename this or remove it from the other stack."
                )

    def _one(self, logical_id: str, definition: dict[str, Any], wish: Wish, *, adopt: bool) -> None:
        old = self.stack.resources.get(logical_id)
        new = Resource(logical_id, definition["Type"], definition, {})
        verb = "create" if old is None else "update"
        try:
            new.properties = evaluate.properties(definition, self._scope(wish), wish.tags)
            if old is not None and self.reverting:
                old = drift_aware.actual(self.account, old, new.properties)
            if old is None:
                self._create(new, adopt=adopt)
            elif old.type != new.type:
                raise Unsupported(f"Update of resource type is not permitted ({old.type})")  # noqa: TRY301 - one place turns every failure into an event
            elif new.properties == old.properties:
                new.physical_id, new.status, new.changed = old.physical_id, old.status, old.changed
                self.stack.resources[logical_id] = new
            else:
                self._change(old, new)
        except Exception as error:
            new.physical_id = new.physical_id or (old.physical_id if old else "")
            if new.status.endswith("IN_PROGRESS") and not self._noted(new, verb):
                self.stack.note(new, f"{verb.upper()}_IN_PROGRESS")
            self.stack.note(new, f"{verb.upper()}_FAILED", reason(error))
            if old is None:
                self.stack.resources[logical_id] = new
            raise Failed(logical_id, verb) from error

    def _noted(self, resource: Resource, verb: str) -> bool:
        last = self.stack.events[-1]
        status = f"{verb.upper()}_IN_PROGRESS"
        return (last.logical_id, last.status) == (resource.logical_id, status)

    def _create(self, new: Resource, *, adopt: bool = False) -> None:
        stack = self.stack
        evaluate.check_properties(new.type, new.properties)
        taken = existing(self.account, new.type, new.properties)
        if taken and adopt and not self.stacks.holds(new.type, taken):
            new.physical_id = taken
            stack.resources[new.logical_id] = new
            stack.note(new, "IMPORT_IN_PROGRESS", "Resource import started.")
            stack.note(new, "IMPORT_COMPLETE", "Resource import completed.")
            return
        stack.note(new, "CREATE_IN_PROGRESS")
        if taken:
            raise Unsupported(f"{taken} already exists")
        self._make(new)
        stack.note(new, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        stack.resources[new.logical_id] = new
        stack.note(new, "CREATE_COMPLETE")

    def _make(self, new: Resource) -> None:
        """Create it; where that fails half-way, what is there is known, so that it can go."""
        handler, name = HANDLERS[new.type], self._name(new.logical_id)
        try:
            new.physical_id = handler.create(self.account, name, self._looked_up(new))
        except Exception:
            key = schemas.name_property(new.type)
            half = {key: new.properties.get(key, name)}
            new.physical_id = existing(self.account, new.type, half)
            raise

    def _looked_up(self, resource: Resource) -> Properties:
        """Its properties for its service: with the secrets that they name, as they are now."""
        properties: Properties = resolved(self.account, resource.properties)
        return properties

    def _name(self, logical_id: str) -> str:
        letters = string.ascii_uppercase + string.digits
        suffix = "".join(secrets.choice(letters) for _ in range(12))
        return f"{self.stack.name}-{logical_id}-{suffix}"

    def _change(self, old: Resource, new: Resource) -> None:
        evaluate.check_properties(new.type, new.properties)
        new.physical_id = old.physical_id
        changed = {str(path[0]) for path, _, _ in differences(old.properties, new.properties)}
        if changed & schemas.create_only(new.type):
            self._replace(old, new, changed)
        else:
            self._update(old, new)

    def _update(self, old: Resource, new: Resource) -> None:
        stack, handler = self.stack, HANDLERS[new.type]
        stack.note(new, "UPDATE_IN_PROGRESS")

        def back() -> None:
            stack.note(old, "UPDATE_IN_PROGRESS")
            told = (new.properties, self._looked_up(old))
            handler.update(self.account, old.physical_id, *told)
            stack.note(old, "UPDATE_COMPLETE")

        self.undo.append(back)
        told = (old.properties, self._looked_up(new))
        handler.update(self.account, old.physical_id, *told)
        stack.resources[new.logical_id] = new
        stack.note(new, "UPDATE_COMPLETE")

    def _replace(self, old: Resource, new: Resource, changed: set[str]) -> None:
        stack = self.stack
        why = "Requested update requires the creation of a new physical resource; hence creating"
        stack.note(new, "UPDATE_IN_PROGRESS", f"{why} one.")
        name = schemas.name_property(new.type)
        if name in new.properties and name not in changed:
            raise Unsupported(
                "CloudFormation cannot update a stack when a custom-named resource requires"
                f" replacing. Rename {new.properties[name]} and update the stack again."
            )
        self._make(new)
        stack.note(new, "UPDATE_IN_PROGRESS", "Resource creation Initiated")
        stack.resources[new.logical_id] = new
        self.replaced.append(old)
        stack.note(new, "UPDATE_COMPLETE")

    # ---- removal

    def _backwards(self, resources: dict[str, Resource]) -> list[Resource]:
        """Each before everything that it needs; one that was never made isn't there to remove."""
        order = creation_order(self.stack.template)
        return [resources[name] for name in reversed(order) if name in resources]

    def _remove(
        self,
        resources: list[Resource],
        *,
        kept: set[str] | None = None,
        key: str = "DeletionPolicy",
        forget: bool = True,
    ) -> list[str]:
        """Delete in the order given; the logical ids that couldn't be."""
        kept = {"Retain", "RetainExceptOnCreate"} if kept is None else kept
        needed = dependencies(self.stack.template)
        failed: list[str] = []
        for resource in resources:
            if any(resource.logical_id in needed.get(name, ()) for name in failed):
                continue
            retained = resource.definition.get(key, "Delete") in kept
            if not self._remove_one(resource, retained=retained):
                failed.append(resource.logical_id)
            elif forget:
                self.stack.resources.pop(resource.logical_id, None)
        return failed

    def _remove_one(self, resource: Resource, *, retained: bool) -> bool:
        stack = self.stack
        if not resource.physical_id:
            return True
        if retained:
            stack.note(resource, "DELETE_SKIPPED")
            return True
        stack.note(resource, "DELETE_IN_PROGRESS")
        try:
            handler = HANDLERS[resource.type]
            handler.delete(self.account, resource.physical_id, resource.properties)
        except Exception as error:  # noqa: BLE001 - a resource's failure is the stack's to report
            if not live.is_absent(error):
                stack.note(resource, "DELETE_FAILED", reason(error))
                return False
        stack.note(resource, "DELETE_COMPLETE")
        return True


def _undeleted(names: list[str]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(names)}]. "
