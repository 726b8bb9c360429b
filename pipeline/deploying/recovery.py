"""What a first deployment that failed left behind: shown, and cleared away with consent.

A stack in these states was never complete, so nobody has worked with it. Still, a table or a bucket
that holds anything is left alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.deploying import emptying, events, inventory, screen, watching
from pipeline.deploying.inventory import BUCKET, Held
from pipeline.deploying.losses import STATEFUL
from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from pipeline.deploying.stacks import Stack
    from pipeline.deploying.target import Target

TABLE = "AWS::DynamoDB::Table"
UNFINISHED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}
POLLS = 100
POLL_SECONDS = 3


def cleared(target: Target, stack: Stack | None, *, allowed: bool) -> Stack | None:
    """None where a failed first deployment was cleared away; the stack as it is otherwise."""
    if stack is None or stack.status not in UNFINISHED or stack.locked:
        return stack
    left = _left(target, stack)
    _check_holds_nothing(target, left)
    names = ", ".join(f"{one.logical_id} ({one.physical_id})" for one in left)
    also = f", with what is left of it: {names}; all of it is empty" if left else ""
    screen.note(f"{target.settings.stack_name} is in state {stack.status}: it was never complete.")
    if not (allowed or screen.agree(f"Delete it{also}, and make it again?")):
        return stack
    _unprotect(target, left)
    _delete(target, stack)
    _remove_kept(target, left)
    return None


def _left(target: Target, stack: Stack) -> list[Held]:
    if stack.status == "REVIEW_IN_PROGRESS":
        return []
    return [one for one in inventory.held(target.aws.cloudformation, stack.id) if one.physical_id]


def _check_holds_nothing(target: Target, left: Sequence[Held]) -> None:
    full = [one for one in left if one.type in STATEFUL and _holds_something(target, one)]
    if full:
        names = ", ".join(f"{one.logical_id} ({one.physical_id})" for one in full)
        raise Refused(
            f"the failed stack {target.settings.stack_name} left what is not empty: {names}.",
            mend="Look at what it holds. If nobody needs it, empty it and deploy again.",
        )


def _holds_something(target: Target, one: Held) -> bool:
    """Unless it is seen to be empty, it holds something."""
    tables = target.aws.tables
    if one.type == TABLE:
        try:
            return bool(tables.scan(TableName=one.physical_id, Limit=1)["Count"])
        except tables.exceptions.ResourceNotFoundException:
            return False
    if one.type == BUCKET:
        number = emptying.first_page(target.aws.s3, one.physical_id, target.identity.account)
        return bool(number)
    return True


def _unprotect(target: Target, left: Sequence[Held]) -> None:
    tables = target.aws.tables
    for one in left:
        if one.type == TABLE and one.protected and _is_there(target, one):
            tables.update_table(TableName=one.physical_id, DeletionProtectionEnabled=False)
            screen.note(f"{one.physical_id} may be deleted now.")


def _delete(target: Target, stack: Stack) -> None:
    cloudformation = target.aws.cloudformation
    seen = "" if stack.status == "REVIEW_IN_PROGRESS" else events.last(cloudformation, stack.id)
    token = f"pipeline-{uuid.uuid4().hex}"
    cloudformation.delete_stack(StackName=stack.id, ClientRequestToken=token)
    if stack.status == "REVIEW_IN_PROGRESS":
        _wait_until_gone(target)
        return
    found = watching.watch(target, stack.id, seen)
    if not found or found[-1].status != "DELETE_COMPLETE":
        raise watching.failure(target, found, lambda _: "")


def _wait_until_gone(target: Target) -> None:
    for _ in range(POLLS):
        if target.stack() is None:
            return
        target.sleep(POLL_SECONDS)
    raise _too_long(target.settings.stack_name)


def _remove_kept(target: Target, left: Sequence[Held]) -> None:
    """Deleting a stack keeps what its policy says, also what is empty and was never used."""
    for one in left:
        if one.type == TABLE and one.kept and _is_there(target, one):
            target.aws.tables.delete_table(TableName=one.physical_id)
            _wait_for_table(target, one)
        if one.type == BUCKET and one.kept:
            _remove_bucket(target, one)


def _remove_bucket(target: Target, one: Held) -> None:
    """S3 itself refuses if anything is in it after all."""
    s3, account = target.aws.s3, target.identity.account
    if emptying.first_page(s3, one.physical_id, account) is not None:
        s3.delete_bucket(Bucket=one.physical_id, ExpectedBucketOwner=account)


def _wait_for_table(target: Target, one: Held) -> None:
    for _ in range(POLLS):
        if not _is_there(target, one):
            return
        target.sleep(POLL_SECONDS)
    raise _too_long(one.physical_id)


def _is_there(target: Target, one: Held) -> bool:
    tables = target.aws.tables
    try:
        tables.describe_table(TableName=one.physical_id)
    except tables.exceptions.ResourceNotFoundException:
        return False
    return True


def _too_long(name: str) -> UserError:
    return UserError(f"AWS has been deleting {name} for five minutes.", mend="Deploy again later.")
