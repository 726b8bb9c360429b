"""What is rendered now against what is deployed: `diff`, which writes nothing anywhere.

Unlike `plan` it needs no change set: it shows what the templates say, not what AWS would do.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import render
from pipeline.deploying import clients, inventory, screen
from pipeline.deploying.comparing import Difference, differences
from pipeline.deploying.deployment import Deployment
from pipeline.deploying.stacks import Stack
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.packaging import zips
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)


def run(options: Namespace, root: Path) -> int:
    return diff(arguments.the_environment(options, root), root)


def diff(name: str, root: Path) -> int:
    """Show every difference with the line of the template that makes it."""
    loaded = settings.load(name, root)
    rendered, artifacts = render.render(loaded, root), zips.package(root)
    with clients.spoken(loaded.settings.aws):
        show(Deployment(enter(loaded), rendered, artifacts, root))
    return 0


def show(deployment: Deployment) -> None:
    """The same for a deployment that is connected."""
    cloudformation = deployment.aws.cloudformation
    stack = deployment.target.existing_stack()
    before = inventory.template(cloudformation, stack.id)
    template = list(differences(before, deployment.rendered.value))
    values = list(_of_values(deployment, stack))
    for one in template:
        screen.difference(one, deployment.rendered, before)
    for one in values:
        screen.value(one)
    if not template and not values:
        screen.note(f"{deployment.settings.stack_name} is deployed as it is rendered.")


def _of_values(deployment: Deployment, stack: Stack) -> Iterator[Difference]:
    """Parameters and tags, which are not in the template."""
    now: dict[str, Any] = {
        "parameter": deployment.parameters,
        "tag": dict(deployment.settings.tags),
    }
    return differences({"parameter": stack.parameters, "tag": stack.tags}, now)
