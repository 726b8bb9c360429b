"""The functions' zips in build/<env>/, the same bytes on every machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.environment import settings
from pipeline.packaging import zips
from pipeline.stations import arguments
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    for name in settings.chosen(options.environments, root):
        for line in zips.write(settings.load(name, root), root) or [f"{name}: no function, no zip"]:
            say(line)
    return 0
