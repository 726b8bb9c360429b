"""One environment's stack -> gone, with what is in its buckets; what is protected stays.

Nothing is deleted before everything that would go was shown and the environment's name was typed.
"""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from pipeline import answers
from pipeline.answers import Fate
from pipeline.connecting import clients
from pipeline.deploying import bucket as buckets
from pipeline.deploying import emptying, events, inventory, screen, stacks, watching
from pipeline.deploying.consent import check_confirmation, confirmed
from pipeline.deploying.inventory import BUCKET, Held
from pipeline.deploying.stacks import Stack
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.environment.settings import Loaded
from pipeline.errors import Refused
from pipeline.stations import arguments

ROUNDS = 2  # an upload that arrives between emptying and deleting gets one more


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.confirm(parser)
    arguments.flag(parser, "--deployment-bucket", "delete that bucket too")
    arguments.verbose(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Destroy(environment=name)) as answer:
        return destroy(
            name,
            root,
            confirm=options.confirm,
            deployment_bucket=options.deployment_bucket,
            verbose=options.verbose,
            answer=answer,
        )


def destroy(
    name: str,
    root: Path,
    *,
    confirm: str | None = None,
    deployment_bucket: bool = False,
    verbose: bool = False,
    answer: answers.Destroy | None = None,
) -> int:
    """Delete the environment's stack; a missing one is success.

    `confirm` is the environment's name, typed ahead. `deployment_bucket`: that goes too. `answer`
    is filled.
    """
    loaded = settings.load(name, root)
    check_unprotected(loaded)
    check_bucket_is_ours(loaded, wanted=deployment_bucket)
    check_confirmation(loaded, confirm, always=True)
    with clients.spoken(loaded.settings.aws):
        target = enter(loaded, verbose=verbose)
        take_down(target, confirm, deployment_bucket=deployment_bucket, answer=answer)
    return 0


def check_unprotected(loaded: Loaded) -> None:
    """Refuse what its own file protects."""
    if loaded.settings.protected:
        raise Refused(
            f"{loaded.name} is protected.",
            where=str(loaded.place(("protected",))),
            mend=_HOW_TO_UNPROTECT,
        )


def check_bucket_is_ours(loaded: Loaded, *, wanted: bool) -> None:
    """A deployment bucket that a person named may hold other things."""
    if wanted and loaded.settings.deployment_bucket is not None:
        raise Refused(
            f"the deployment bucket {loaded.settings.deployment_bucket} was not made by deploy.",
            where=str(loaded.place(("deployment_bucket",))),
            mend="Leave out --deployment-bucket, and delete that bucket yourself.",
        )


def take_down(
    target: Target,
    confirm: str | None,
    *,
    deployment_bucket: bool,
    answer: answers.Destroy | None = None,
) -> None:
    """Show, ask, empty, delete."""
    own = target.settings
    answer = answer or answers.Destroy(environment=own.name)
    answer.stack = own.stack_name
    stack = target.stack()
    bucket = target.bucket if deployment_bucket else None
    if bucket is not None and not buckets.exists(target.aws.s3, bucket):
        screen.note(f"There is no deployment bucket {bucket.name}.")
        bucket = None
    held = _inventory(target, stack) if stack else []
    if stack is None:
        screen.note(f"There is no stack {own.stack_name} in {own.aws.region}.")
        answer.gone = True
    if stack is None and bucket is None:
        return
    answer.resources = [_fate(target, one) for one in sorted(held, key=lambda one: one.kept)]
    answer.deployment_bucket = bucket.name if bucket else None
    _show(target, answer.resources, bucket)
    confirmed(own.name, confirm, f"This can't be undone. Type {own.name} to delete it:")
    if stack is not None:
        _delete(target, stack, held)
        answer.gone = True
    if bucket is not None:
        _empty(target, bucket.name)
        target.aws.s3.delete_bucket(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
        screen.note(f"Deleted the deployment bucket {bucket.name}")


def _inventory(target: Target, stack: Stack) -> list[Held]:
    """What the stack holds; a busy or a protected one is refused."""
    if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
        raise Refused(
            f"the stack {target.settings.stack_name} is in state {stack.status}.",
            mend=stacks.way_out(stack, target.settings),
        )
    if stack.locked:
        raise Refused(
            f"{target.settings.stack_name} is still protected against deletion.",
            mend=_HOW_TO_UNPROTECT,
        )
    held = inventory.held(target.aws.cloudformation, stack.id)
    locked = [one.logical_id for one in held if one.protected and not one.kept]
    if locked:
        raise Refused(
            f"still protected against deletion as deployed: {', '.join(locked)}.",
            mend=_HOW_TO_UNPROTECT,
        )
    return held


def _fate(target: Target, resource: Held) -> Fate:
    fills = resource.type == BUCKET and not resource.kept and resource.physical_id
    s3, account = target.aws.s3, target.identity.account
    return Fate(
        fate="keep" if resource.kept else "delete",
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=resource.physical_id,
        holds=emptying.count(s3, resource.physical_id, account) if fills else "",
    )


def _show(target: Target, fates: Sequence[Fate], bucket: buckets.Bucket | None) -> None:
    rows = [
        [
            fate.fate,
            fate.logical_id,
            fate.type,
            ", ".join(filter(None, (fate.physical_id, fate.holds))),
        ]
        for fate in fates
    ]
    if bucket is not None:
        number = emptying.count(target.aws.s3, bucket.name, bucket.account)
        rows.append(["delete", "(deployment bucket)", BUCKET, f"{bucket.name}, {number}"])
    screen.goes(rows)
    if bucket is None:
        screen.note("The deployment bucket stays; --deployment-bucket deletes it too.")


def _delete(target: Target, stack: Stack, held: Sequence[Held]) -> None:
    names = [one.physical_id for one in held if one.type == BUCKET and not one.kept]
    for turn in range(ROUNDS):
        emptied = sum(_empty(target, name) for name in filter(None, names))
        if turn and not emptied:
            break
        history = _delete_stack(target, stack)
        if history and history[-1].status == "DELETE_COMPLETE":
            _tell_what_stayed(target, held)
            return
    raise watching.failure(target, history, lambda _: "")


def _delete_stack(target: Target, stack: Stack) -> list[events.Event]:
    cloudformation = target.aws.cloudformation
    seen = events.last(cloudformation, stack.id)
    token = f"pipeline-{uuid.uuid4().hex}"
    with watching.begun(target):
        cloudformation.delete_stack(StackName=stack.id, ClientRequestToken=token)
    return watching.watch(target, stack.id, seen)


def _empty(target: Target, name: str) -> int:
    number = emptying.empty(target.aws.s3, name, target.identity.account, target.sleep)
    if number:
        screen.note(f"Emptied {name}: {number:,} versions")
    return number


def _tell_what_stayed(target: Target, held: Sequence[Held]) -> None:
    for resource in held:
        if resource.kept:
            screen.note(
                f"{resource.logical_id} stays, by its deletion policy: {resource.physical_id}"
            )
    screen.note(f"{target.settings.stack_name} is gone.")


_HOW_TO_UNPROTECT = (
    "To delete it, write protected: false in its file, turn off its resources' deletion protection"
    " there too, deploy that, and destroy it then. Where a rule forbids that, it takes a waiver"
    " with an expiry date."
)
