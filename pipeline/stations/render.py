"""environments/ and templates/ -> build/<env>/."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from pipeline import render
from pipeline.environment import settings
from pipeline.render import Rendered
from pipeline.stations import arguments
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)
    arguments.flag(parser, "--check", "compare with build/, write nothing")


def run(options: Namespace, root: Path) -> int:
    rendered = render.render_all(settings.chosen(options.environments, root), root)
    return _compare(rendered, root) if options.check else _write(rendered, root)


def _write(rendered: Sequence[Rendered], root: Path) -> int:
    for template in rendered:
        changed = render.write(template, root)
        say(
            f"{template.name}: {render.BUILD}/{template.name}/template.yaml "
            f"{'written' if changed else 'is up to date'}, "
            f"{len(template.value['Resources'])} resources, {len(template.text.encode()):,} bytes"
        )
        if not template.source_map.lines:
            print(
                f"{template.name}: no source map, because a template works on text that it rendered"
                " itself. Findings will name lines of build/ instead of templates/.",
                file=sys.stderr,
            )
    return 0


def _compare(rendered: Sequence[Rendered], root: Path) -> int:
    stale = [path for template in rendered for path in render.stale(template, root)]
    for path in stale:
        say(f"{path.relative_to(root)} is not what would be rendered now.")
    if stale:
        say("Render again: python -m pipeline render")
    return 1 if stale else 0
