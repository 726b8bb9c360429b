"""Changes of a running stack's resources that were made outside the deployer."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import answers, render
from pipeline.connecting import clients
from pipeline.deploying import drift_detection, screen, stacks
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.errors import Refused
from pipeline.stations import arguments

if TYPE_CHECKING:
    from pipeline.deploying.drift_detection import Detection, Drifted
    from pipeline.deploying.stacks import Stack
    from pipeline.render import Rendered


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Drift(environment=name)) as answer:
        return drift(name, root, answer)


def drift(name: str, root: Path, answer: answers.Drift | None = None) -> int:
    """Ask CloudFormation for it, and show it with the template's lines; 1 if there is any."""
    loaded = settings.load(name, root)
    rendered = render.render(loaded, root)
    with clients.spoken(loaded.settings.aws):
        return 1 if show(enter(loaded), rendered, answer) else 0


def show(target: Target, rendered: Rendered, answer: answers.Drift | None = None) -> int:
    """How many resources are not as they were deployed, where CloudFormation is to be believed.

    `answer` is filled.
    """
    answer = answer or answers.Drift(environment=target.settings.name)
    answer.stack = target.settings.stack_name
    detection = drift_detection.detect(target, _at_rest(target).id)
    answer.total, answer.as_deployed = detection.total, detection.as_deployed
    answer.incomplete = detection.incomplete
    answer.drifted = [_part(resource, rendered) for resource in detection.drifted]
    answer.not_compared = [
        answers.NotCompared(
            logical_id=resource.logical_id, type=resource.type, reason=resource.reason
        )
        for resource in detection.uncompared
    ]
    for resource in detection.drifted:
        screen.drifted(resource, rendered)
    for line in verdict(detection, target.settings.stack_name):
        screen.note(line)
    return len(detection.believed)


def _at_rest(target: Target) -> Stack:
    """The stack, in a state in which CloudFormation looks for drift."""
    stack = target.existing_stack()
    if stack.status not in {*stacks.SETTLED, "UPDATE_ROLLBACK_FAILED"}:
        raise Refused(
            f"the stack {target.settings.stack_name} is in state {stack.status}, and AWS compares"
            " a stack at rest only.",
            mend=stacks.way_out(stack, target.settings),
        )
    return stack


def _part(resource: Drifted, rendered: Rendered) -> answers.ResourceDrift:
    return answers.ResourceDrift(
        logical_id=resource.logical_id,
        physical_id=resource.physical_id,
        type=resource.type,
        gone=resource.gone,
        believed=resource.is_believed,
        differences=[
            answers.PropertyDrift(
                path=difference.path,
                values=list(screen.drift_values(resource, difference)),
                place=screen.drift_place(resource, difference, rendered),
                doubt=difference.doubt,
            )
            for difference in resource.differences
        ],
    )


def verdict(detection: Detection, stack: str) -> Iterator[str]:
    """What is said in the end: of what was compared, and of what was not."""
    if detection.incomplete:
        yield f"CloudFormation could not look at everything: {detection.incomplete}"
    for resource in detection.uncompared:
        reason = f": {resource.reason}" if resource.reason else ""
        yield f"not compared: {resource.logical_id}  {resource.type}{reason}"
    doubted = len(detection.drifted) - len(detection.believed)
    if doubted:
        yield f"{_resources(doubted)} reported in error, as far as is known; see above."
    if detection.believed:
        yield f"{_resources(len(detection.believed))} not as deployed."
    elif detection.uncompared or detection.incomplete:
        yield f"{stack}: {detection.as_deployed} of {detection.total} resources are as deployed."
    else:
        yield f"{stack} is as deployed."


def _resources(count: int) -> str:
    return f"{count} resources are" if count != 1 else "1 resource is"
