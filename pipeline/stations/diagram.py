"""Draw environments from their rendered templates: docs/diagrams/, a drawing and a page each."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import files, render, terminal
from pipeline.diagrams import drawings
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    rendered = render.render_all(settings.chosen(options.environments, root), root)
    for path, data in drawings.contents(rendered, root).items():
        written = files.write(path, data)
        terminal.say(f"{path.relative_to(root)} {'written' if written else 'is current'}")
    return 0
