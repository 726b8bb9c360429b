"""What a first deployment that failed left behind: shown, and cleared away with consent.

A stack in these states was never complete, so it was never used. Still, a table or a bucket that
was imported, or that holds anything, is never deleted: the stack goes without it, and the next one
can import it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.connecting import clients
from pipeline.deploying import emptying, events, inventory, screen, stacks, watching
from pipeline.deploying.inventory import BUCKET, Held
from pipeline.deploying.losses import NAMES, STATEFUL
from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from pipeline.deploying.consent import Consent
    from pipeline.deploying.events import Event
    from pipeline.deploying.stacks import Stack
    from pipeline.deploying.target import Target

TABLE = "AWS::DynamoDB::Table"
UNFINISHED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", stacks.REVIEW}
POLLS = 100
POLL_SECONDS = 3


@dataclass(frozen=True)
class _Left:
    """What a failed stack has left. `stays`: to be imported by the next one; `empty`: may go."""

    stays: Sequence[Held] = ()
    empty: Sequence[Held] = ()


def cleared(target: Target, stack: Stack | None, consent: Consent) -> Stack | None:
    """None where a failed first deployment was cleared away; the stack as it is otherwise.

    Consent to import is enough where the stack alone would go: then all that is left is imported.
    """
    if stack is None or stack.locked:
        return stack
    history = _history(target, stack)
    if stack.status not in UNFINISHED and not _never_complete(stack, history):
        return stack
    left = _left(target, stack, history)
    screen.note(f"{target.settings.stack_name} is in state {stack.status}: it was never complete.")
    if consent.take_in and not consent.clean_up:
        left = _Left(stays=[*left.stays, *left.empty])
    _tell(left)
    if not (consent.clean_up or consent.take_in or screen.agree(_question(left))):
        return stack
    _unprotect(target, left.empty)
    _delete(target, stack, left.stays)
    _remove_kept(target, left.empty)
    return None


def _history(target: Target, stack: Stack) -> list[Event]:
    if stack.status not in {*UNFINISHED, "DELETE_FAILED"} - {stacks.REVIEW}:
        return []
    return events.since(target.aws.cloudformation, stack.id, "")


def _never_complete(stack: Stack, history: Sequence[Event]) -> bool:
    """Did clearing away a failed first deployment fail itself, or was it interrupted?"""
    of_stack = {event.status for event in history if event.of_stack}
    return (
        stack.status == "DELETE_FAILED"
        and "CREATE_IN_PROGRESS" in of_stack
        and not (of_stack & stacks.DONE)
    )


def _left(target: Target, stack: Stack, history: Sequence[Event]) -> _Left:
    if stack.status == stacks.REVIEW:
        return _Left()
    held = [one for one in inventory.held(target.aws.cloudformation, stack.id) if one.physical_id]
    _check_known(target, held)
    imported = {one.logical_id for one in history if one.status.startswith("IMPORT_")}
    named = [one for one in held if one.type in NAMES]
    stays = [one for one in named if one.logical_id in imported or _holds_something(target, one)]
    return _Left(stays, [one for one in named if one not in stays])


def _check_known(target: Target, held: Sequence[Held]) -> None:
    """Refuse to delete what holds data and can neither be looked into nor imported."""
    unknown = [one for one in held if one.type in STATEFUL and one.type not in NAMES]
    if unknown:
        names = ", ".join(f"{one.logical_id} ({one.physical_id})" for one in unknown)
        raise Refused(
            f"the failed stack {target.settings.stack_name} left what may hold data: {names}.",
            mend="Save what somebody needs. Then delete it yourself, and deploy again.",
        )


def _tell(left: _Left) -> None:
    for resource in left.stays:
        screen.note(
            f"{resource.logical_id} ({resource.physical_id}) stays as it is, with what it holds:"
            " the new stack can import it."
        )


def _question(left: _Left) -> str:
    names = ", ".join(f"{one.logical_id} ({one.physical_id})" for one in left.empty)
    also = f", with what is left of it: {names}; all of it is empty" if names else ""
    return f"Delete it{also}, and create it again?"


def _holds_something(target: Target, resource: Held) -> bool:
    """Unless it is seen to be empty, it holds something; who may not look sees nothing."""
    try:
        with clients.spoken(target.settings.aws):
            return bool(_first_of(target, resource))
    except Refused:
        return True


def _first_of(target: Target, resource: Held) -> object:
    tables = target.aws.tables
    if resource.type != TABLE:
        return emptying.first_page(target.aws.s3, resource.physical_id, target.identity.account)
    try:
        return tables.scan(TableName=resource.physical_id, Limit=1)["Count"]
    except tables.exceptions.ResourceNotFoundException:
        return 0


def _unprotect(target: Target, empty: Sequence[Held]) -> None:
    for resource in empty:
        if resource.type == TABLE and _protect(target, resource, wanted=False):
            screen.note(f"{resource.physical_id} may be deleted now.")


def _protect(target: Target, resource: Held, *, wanted: bool) -> bool:
    """Turn a table's deletion protection on or off; True if that changed it."""
    tables = target.aws.tables
    try:
        table = tables.describe_table(TableName=resource.physical_id)["Table"]
    except tables.exceptions.ResourceNotFoundException:
        return False
    if table.get("DeletionProtectionEnabled", False) == wanted:
        return False
    tables.update_table(TableName=resource.physical_id, DeletionProtectionEnabled=wanted)
    return True


def _delete(target: Target, stack: Stack, stays: Sequence[Held]) -> None:
    """Delete the stack without the resources that stay, whatever the deployed template says.

    Whether RetainExceptOnCreate retains something imported when the import's own stack is deleted
    is documented nowhere. A protected table and a bucket that holds something can't be deleted;
    DeleteStack then fails on them, and only then takes their names as RetainResources.
    """
    if stack.status == stacks.REVIEW:
        target.aws.cloudformation.delete_stack(StackName=stack.id, ClientRequestToken=_token())
        _wait_until_gone(target)
        return
    guarded = [one for one in stays if one.type == TABLE and not one.retained]
    guarded = [one for one in guarded if _protect(target, one, wanted=True)]
    retain = _failed(target, stack, stays) if stack.status == "DELETE_FAILED" else []
    history = _deleted(target, stack, retain)
    if _ended(history) == "DELETE_FAILED" and (retain := _failed(target, stack, stays)):
        history = _deleted(target, stack, retain)
    if _ended(history) != "DELETE_COMPLETE":
        raise watching.failure(target, history, lambda _: "")
    for resource in guarded:
        _protect(target, resource, wanted=False)


def _failed(target: Target, stack: Stack, stays: Sequence[Held]) -> list[str]:
    """What stays and could not be deleted: only that may be named as RetainResources."""
    names = {one.logical_id for one in stays}
    held = inventory.held(target.aws.cloudformation, stack.id)
    return [
        resource.logical_id
        for resource in held
        if resource.status == "DELETE_FAILED" and resource.logical_id in names
    ]


def _deleted(target: Target, stack: Stack, retain: Sequence[str]) -> list[Event]:
    cloudformation = target.aws.cloudformation
    seen = events.last(cloudformation, stack.id)
    more: dict[str, Any] = {"RetainResources": retain} if retain else {}
    with watching.begun(target):
        cloudformation.delete_stack(StackName=stack.id, ClientRequestToken=_token(), **more)
    return watching.watch(target, stack.id, seen)


def _ended(history: Sequence[Event]) -> str:
    return history[-1].status if history else ""


def _token() -> str:
    return f"pipeline-{uuid.uuid4().hex}"


def _wait_until_gone(target: Target) -> None:
    for _ in range(POLLS):
        if target.stack() is None:
            return
        target.sleep(POLL_SECONDS)
    raise _too_long(target.settings.stack_name)


def _remove_kept(target: Target, empty: Sequence[Held]) -> None:
    """Delete the empty resources that the deletion policy retained."""
    for resource in empty:
        if resource.type == TABLE and resource.kept and _is_there(target, resource):
            target.aws.tables.delete_table(TableName=resource.physical_id)
            _wait_for_table(target, resource)
        if resource.type == BUCKET and resource.kept:
            _remove_bucket(target, resource)


def _remove_bucket(target: Target, resource: Held) -> None:
    """S3 itself refuses if anything is in it after all."""
    s3, account = target.aws.s3, target.identity.account
    if emptying.first_page(s3, resource.physical_id, account) is not None:
        s3.delete_bucket(Bucket=resource.physical_id, ExpectedBucketOwner=account)


def _wait_for_table(target: Target, resource: Held) -> None:
    for _ in range(POLLS):
        if not _is_there(target, resource):
            return
        target.sleep(POLL_SECONDS)
    raise _too_long(resource.physical_id)


def _is_there(target: Target, resource: Held) -> bool:
    tables = target.aws.tables
    try:
        tables.describe_table(TableName=resource.physical_id)
    except tables.exceptions.ResourceNotFoundException:
        return False
    return True


def _too_long(name: str) -> UserError:
    return UserError(f"AWS has been deleting {name} for five minutes.", mend="Deploy again later.")
