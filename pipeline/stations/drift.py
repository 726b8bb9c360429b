"""What somebody changed in a running stack's resources outside the deployer."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import render
from pipeline.deploying import clients, drift_detection, screen
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.stations import arguments

if TYPE_CHECKING:
    from pipeline.deploying.drift_detection import Detection
    from pipeline.render import Rendered


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)


def run(options: Namespace, root: Path) -> int:
    return drift(arguments.the_environment(options, root), root)


def drift(name: str, root: Path) -> int:
    """Ask CloudFormation for it, and show it with the template's lines; 1 if there is any."""
    loaded = settings.load(name, root)
    rendered = render.render(loaded, root)
    with clients.spoken(loaded.settings.aws):
        return 1 if show(enter(loaded), rendered) else 0


def show(target: Target, rendered: Rendered) -> int:
    """How many resources are not as they were deployed, where CloudFormation is to be believed."""
    detection = drift_detection.detect(target, target.existing_stack().id)
    for resource in detection.drifted:
        screen.drifted(resource, rendered)
    for line in verdict(detection, target.settings.stack_name):
        screen.note(line)
    return len(detection.believed)


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
