"""A running stack's outputs, for people or as JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.deploying import clients, screen
from pipeline.deploying.target import Target, identify
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.flag(parser, "--json", "machine-readable, on standard output")


def run(options: Namespace, root: Path) -> int:
    return outputs(arguments.the_environment(options, root), root, as_json=options.json)


def outputs(name: str, root: Path, *, as_json: bool = False) -> int:
    """Show the running stack's outputs."""
    loaded = settings.load(name, root)
    with clients.spoken(loaded.settings.aws):
        aws = clients.connect(loaded.settings.aws)
        target = Target(loaded.settings, aws, identify(aws, loaded))
        screen.outputs(target.existing_stack().outputs, as_json=as_json)
    return 0
