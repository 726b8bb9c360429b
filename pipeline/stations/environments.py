"""The environments, a line each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from pipeline import answers
from pipeline.environment import settings
from pipeline.stations import arguments
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    with answers.giving(options.format, answers.Environments()) as answer:
        return environments(settings.chosen(options.environments, root), root, answer)


def environments(names: Sequence[str], root: Path, answer: answers.Environments) -> int:
    """Say of each what tells it from the others."""
    for name in names:
        own = settings.load(name, root).settings
        answer.environments.append(
            answers.Environment(
                name=name,
                stack=own.stack_name,
                tier=own.tier,
                account=own.aws.account,
                region=own.aws.region,
                protected=own.protected,
            )
        )
        account = own.aws.account or "any account"
        protected = "protected" if own.protected else "not protected"
        about = f"{own.tier:12} {account:12} {own.aws.region:14} {protected}"
        say(f"{name:8} {own.stack_name:16} {about}")
    return 0
