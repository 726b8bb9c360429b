"""cfn-lint on the rendered templates."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.stations import check


def options(parser: ArgumentParser) -> None:
    check.options(parser)


def run(options: Namespace, root: Path) -> int:
    return check.environments(check.wanted(["lint"], options), root, check.destination(options))
