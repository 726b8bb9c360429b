"""Why a stack is as it is: its last operation, what failed in it first, and the way out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from pipeline import answers, render
from pipeline.answers import State
from pipeline.connecting import clients
from pipeline.deploying import diagnosis, screen
from pipeline.deploying.diagnosis import Diagnosis
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Diagnose(environment=name)) as answer:
        return diagnose(name, root, answer)


def diagnose(name: str, root: Path, answer: answers.Diagnose | None = None) -> int:
    """Say it; 1 where the last operation did not end well. `answer` is filled."""
    answer = answer or answers.Diagnose(environment=name)
    loaded = settings.load(name, root)
    answer.stack = loaded.settings.stack_name
    rendered = render.render(loaded, root)
    with clients.spoken(loaded.settings.aws):
        target = enter(loaded)
        stack = target.existing_stack()
        diagnosed = diagnosis.diagnose(target, stack, lambda id_: screen.of_resource(rendered, id_))
    answer.state = state(diagnosed)
    answer.began = diagnosed.began
    answer.stuck = [event.logical_id for event in diagnosed.stuck]
    for line in lines(diagnosed, answer.stack):
        screen.result(line)
    return 0 if diagnosed.is_well or not diagnosed.cause else 1


def state(diagnosed: Diagnosis) -> State:
    """The same for a program."""
    return State(
        status=diagnosed.stack.status,
        settled=diagnosed.is_settled,
        reason=diagnosed.failed.reason if diagnosed.failed else "",
        logical_id=diagnosed.failed.logical_id
        if diagnosed.failed and not diagnosed.failed.of_stack
        else "",
        place=diagnosed.where,
        hint=diagnosed.hint,
        way_out=diagnosed.way_out,
    )


def lines(diagnosed: Diagnosis, stack: str) -> Iterator[str]:
    """What a person reads of it."""
    began = f", since {diagnosed.began:%Y-%m-%d %H:%M} UTC" if diagnosed.began else ""
    yield f"{stack} is in state {diagnosed.stack.status}{began}."
    yield from _why(diagnosed)
    yield from filter(None, (diagnosed.hint, diagnosed.way_out))
    if diagnosed.is_well:
        yield "Its last operation ended well."
    elif diagnosed.cause and not diagnosed.way_out:
        yield "The stack is as it was before. Mend the cause, and deploy again."


def _why(diagnosed: Diagnosis) -> Iterator[str]:
    if diagnosed.cause:
        where = f"{diagnosed.where}: " if diagnosed.where else ""
        yield f"What failed first: {where}{diagnosed.cause}"
    elif diagnosed.stack.reason and not diagnosed.is_well:
        yield f"AWS's reason: {diagnosed.stack.reason}"
    for event in diagnosed.stuck:
        if event is not diagnosed.failed:
            yield f"Could not be rolled back: {event.logical_id} ({event.type}): {event.reason}"
