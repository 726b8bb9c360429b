"""What is rendered now against what is deployed: `diff`, which writes nothing anywhere.

Unlike `plan` it needs no change set: it shows what the templates say, not what AWS would do.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import answers, redaction, render
from pipeline.connecting import clients
from pipeline.deploying import diagnosis, inventory, screen
from pipeline.deploying.comparing import Difference, differences
from pipeline.deploying.deployment import Deployment
from pipeline.deploying.stacks import Stack
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.packaging import zips
from pipeline.stations import arguments, diagnose


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)
    arguments.flag(parser, "--exit-code", "exit with 1 where something differs, as git diff does")


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Diff(environment=name)) as answer:
        is_same = diff(name, root, answer)
    return 1 if options.exit_code and not is_same else 0


def diff(name: str, root: Path, answer: answers.Diff | None = None) -> bool:
    """Show every difference with the line of the template that makes it; is there none?"""
    loaded = settings.load(name, root)
    rendered, artifacts = render.render(loaded, root), zips.package(root)
    with clients.spoken(loaded.settings.aws):
        return show(Deployment(enter(loaded), rendered, artifacts, root), answer)


def show(deployment: Deployment, answer: answers.Diff | None = None) -> bool:
    """The same for a deployment that is connected; `answer` is filled.

    A stack in a state that no deployment left it in on purpose is never as it is rendered, whatever
    its template says: nothing of it may be there.
    """
    answer = answer or answers.Diff(environment=deployment.settings.name)
    answer.stack = deployment.settings.stack_name
    cloudformation = deployment.aws.cloudformation
    stack = deployment.target.existing_stack()
    diagnosed = diagnosis.diagnose(deployment.target, stack, deployment.where)
    answer.state = diagnose.state(diagnosed)
    before = inventory.template(cloudformation, stack.id)
    template = list(differences(before, deployment.rendered.value))
    values = list(_of_values(deployment, stack))
    answer.differences = [_part(deployment, one) for one in (*template, *values)]
    for difference in template:
        screen.difference(difference, deployment.rendered, before)
    for difference in values:
        screen.value(difference)
    if not diagnosed.is_well:
        for line in diagnose.lines(diagnosed, deployment.settings.stack_name):
            screen.note(line)
    elif not answer.differences:
        screen.note(f"{deployment.settings.stack_name} is deployed as it is rendered.")
    return diagnosed.is_settled and not answer.differences


def _part(deployment: Deployment, difference: Difference) -> answers.Difference:
    values = [value for value in (difference.before, difference.after) if value is not None]
    section, *keys = difference.place
    gone = section == "Resources" and keys and keys[0] not in deployment.rendered.value["Resources"]
    in_template = section not in {"parameter", "tag"} and not gone
    return answers.Difference(
        kind=difference.kind,
        path=list(difference.place),
        values=list(redaction.change(values, difference.place)),
        place=screen.origin(deployment.rendered, difference.place) if in_template else "",
    )


def _of_values(deployment: Deployment, stack: Stack) -> Iterator[Difference]:
    """Parameters and tags, which are not in the template."""
    now: dict[str, Any] = {
        "parameter": deployment.parameters,
        "tag": dict(deployment.settings.tags),
    }
    return differences({"parameter": stack.parameters, "tag": stack.tags}, now)
