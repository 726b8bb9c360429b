"""An update that runs, or that failed half-way -> the stack as it was before."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline import render
from pipeline.connecting import clients
from pipeline.deploying import events, inventory, screen, stacks, watching
from pipeline.deploying.consent import check_confirmation, confirmed
from pipeline.deploying.stacks import Stack
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.environment.settings import Loaded
from pipeline.errors import Refused
from pipeline.stations import arguments

RESTORED = {"UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
Where = Callable[[str], str]


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.confirm(parser)
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="RESOURCE",
        help="a logical id to leave as it is, where going back fails on it",
    )
    arguments.verbose(parser)


def run(options: Namespace, root: Path) -> int:
    return rollback(
        arguments.the_environment(options, root),
        root,
        confirm=options.confirm,
        skip=options.skip,
        verbose=options.verbose,
    )


def rollback(
    name: str,
    root: Path,
    *,
    confirm: str | None = None,
    skip: Sequence[str] = (),
    verbose: bool = False,
) -> int:
    """Take a stuck update back. `skip`: resources to leave as they are."""
    loaded = settings.load(name, root)
    check_confirmation(loaded, confirm)
    with clients.spoken(loaded.settings.aws):
        target = enter(loaded, verbose=verbose)
        take_back(target, confirm, skip, where=_where(loaded, root))
    return 0


def take_back(target: Target, confirm: str | None, skip: Sequence[str], where: Where) -> None:
    """Cancel, continue or roll back, whichever the stack's state asks for, and watch."""
    cloudformation, own = target.aws.cloudformation, target.settings
    stack = target.existing_stack()
    begin = _BEGIN.get(stack.status)
    if begin is None:
        raise Refused(
            f"{own.stack_name} is in state {stack.status}: there is no update to roll back.",
            mend="An earlier version comes back by deploying it: check it out, and deploy."
            if stack.status in stacks.SETTLED
            else stacks.way_out(stack, own),
        )
    _tell(target, stack, where)
    if own.protected:
        confirmed(own.name, confirm, f"{own.name} is protected. Type its name to go back:")
    seen = events.last(cloudformation, stack.id)
    with watching.begun(target):
        begin(cloudformation, stack.id, list(skip))
    history = watching.watch(target, stack.id, seen)
    if not history or history[-1].status not in RESTORED:
        raise watching.failure(target, history, where)
    screen.note(f"{own.stack_name} is now {history[-1].status}.")


def _tell(target: Target, stack: Stack, where: Where) -> None:
    """Show the resources that couldn't be rolled back, and why."""
    screen.note(f"{target.settings.stack_name} is in state {stack.status}. {stack.reason}".strip())
    for resource in inventory.held(target.aws.cloudformation, stack.id):
        if resource.status.endswith("_FAILED"):
            at = where(resource.logical_id)
            place = f"{at}: " if at else ""
            screen.note(
                f"{place}{resource.logical_id} ({resource.type}) {resource.status}:"
                f" {resource.reason}"
            )


def _cancel(cloudformation: Any, stack_id: str, _: list[str]) -> None:
    cloudformation.cancel_update_stack(StackName=stack_id, ClientRequestToken=_token())


def _continue(cloudformation: Any, stack_id: str, skip: list[str]) -> None:
    cloudformation.continue_update_rollback(
        StackName=stack_id,
        ClientRequestToken=_token(),
        **({"ResourcesToSkip": skip} if skip else {}),
    )


def _roll_back(cloudformation: Any, stack_id: str, _: list[str]) -> None:
    cloudformation.rollback_stack(StackName=stack_id, ClientRequestToken=_token())


_BEGIN = {
    "UPDATE_IN_PROGRESS": _cancel,
    "UPDATE_ROLLBACK_FAILED": _continue,
    "UPDATE_FAILED": _roll_back,
    "CREATE_FAILED": _roll_back,
}


def _token() -> str:
    return f"pipeline-{uuid.uuid4().hex}"


def _where(loaded: Loaded, root: Path) -> Where:
    rendered = render.render(loaded, root)
    return lambda logical_id: screen.of_resource(rendered, logical_id)
