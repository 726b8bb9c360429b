"""A running stack's outputs, for people or as JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import answers
from pipeline.connecting import clients
from pipeline.deploying import screen
from pipeline.deploying.target import Target, identify
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Outputs(environment=name)) as answer:
        return outputs(name, root, answer)


def outputs(name: str, root: Path, answer: answers.Outputs | None = None) -> int:
    """Show the running stack's outputs; `answer` is filled."""
    answer = answer or answers.Outputs(environment=name)
    loaded = settings.load(name, root)
    answer.stack = loaded.settings.stack_name
    with clients.spoken(loaded.settings.aws):
        aws = clients.connect(loaded.settings.aws)
        target = Target(loaded.settings, aws, identify(aws, loaded))
        stack = target.existing_stack()
    answer.outputs = {output.key: output.value for output in stack.outputs}
    screen.outputs(stack.outputs)
    return 0
