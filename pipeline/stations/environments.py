"""The environments, a line each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.environment import settings
from pipeline.stations import arguments
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    for name in settings.chosen(options.environments, root):
        own = settings.load(name, root).settings
        account = own.aws.account or "any account"
        protected = "protected" if own.protected else "not protected"
        about = f"{own.tier:12} {account:12} {own.aws.region:14} {protected}"
        say(f"{name:8} {own.stack_name:16} {about}")
    return 0
