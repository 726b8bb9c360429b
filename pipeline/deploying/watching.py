"""A change to a stack, watched to its end; and what is told of one that didn't end well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline import signals
from pipeline.connecting import clients
from pipeline.deploying import events, screen, stacks
from pipeline.deploying.hints import hint
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.deploying.events import Event
    from pipeline.deploying.target import Target


class Interrupted(UserError):
    """Ctrl-C while AWS works: the stack changes all the same."""

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # by the signal that came
        return signals.exit_code()


def watch(target: Target, stack_id: str, seen: str) -> list[Event]:
    """Every event after `seen` until the stack is at rest, shown as they come."""
    try:
        with screen.progress(verbose=target.verbose) as show:
            return events.follow(target.aws.cloudformation, stack_id, seen, show, target.sleep)
    except KeyboardInterrupt:
        raise _goes_on(target) from None
    except Exception:
        screen.note(str(_goes_on(target)))
        raise


@contextmanager
def begun(target: Target) -> Iterator[None]:
    """Around the request that has AWS change the stack: Ctrl-C may come after AWS has heard it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "this command was ended while it asked AWS for the change: it may have begun.",
            where=target.settings.stack_name,
            mend=_how_to_look(target),
        ) from None


def failure(
    target: Target, history: Sequence[Event], where: Callable[[str], str], fate: str = ""
) -> UserError:
    """The first failure in AWS's words, where it stands in the template, and what to do.

    `fate`: what became of what the deployment imports, and the way on, instead of the stack's own.
    """
    state, out = _state(target)
    out = f"{state}\n{fate}" if fate else f"{state} {out}"
    failed = events.first_failure(history)
    if failed is None:
        return UserError("the stack did not change as asked.", mend=out)
    advice = [line for line in (hint(failed.reason, failed.type), out) if line]
    return UserError(
        f"{failed.logical_id} ({failed.type}) {failed.status}: {failed.reason}",
        where=where(failed.logical_id),
        mend="\n".join(advice),
    )


def _state(target: Target) -> tuple[str, str]:
    """How the stack is now and the way out; that it can't be read must not hide the failure."""
    own = target.settings
    try:
        with clients.spoken(own.aws):
            stack = clients.patiently(target.stack, target.sleep)
    except UserError as error:
        look = stacks.command("describe-stacks", own)
        return f"The state of {own.stack_name} can't be read: {error.what}", f"To look: `{look}`."
    if stack is None:
        return f"{own.stack_name} is gone.", "Deploy again when the cause is mended."
    return f"{own.stack_name} is now {stack.status}.", stacks.way_out(stack, own)


def _goes_on(target: Target) -> Interrupted:
    return Interrupted(
        "this command has stopped watching; AWS goes on changing the stack.",
        where=target.settings.stack_name,
        mend=_how_to_look(target),
    )


def _how_to_look(target: Target) -> str:
    look = stacks.command("describe-stack-events", target.settings)
    back = stacks.station("rollback", target.settings)
    return f"To look: `{look} --max-items 10`. To roll an update back: `{back}`."
