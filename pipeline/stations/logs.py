"""What the functions of a running stack say: all of them together, a line each."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import signals
from pipeline.connecting import clients
from pipeline.deploying import log_lines, screen
from pipeline.deploying.log_lines import Following, Line
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.errors import UsageError
from pipeline.stations import arguments

POLL_SECONDS = 2
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGE = re.compile(r"([1-9]\d{0,5})([smhd])")


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.flag(parser, "--follow", "go on with what comes, until Ctrl-C")
    parser.add_argument(
        "--since", default="10m", metavar="AGE", help="how far back: 30s, 10m, 2h, 7d (default 10m)"
    )
    parser.add_argument(
        "--session", default="", metavar="ID", help="only lines with this id, or its hash"
    )
    arguments.flag(parser, "--errors", "only what went wrong")
    arguments.flag(parser, "--all", "Lambda's own lines about invocations that went well, too")
    parser.add_argument(
        "--format",
        choices=("human", "json"),
        default="human",
        help="json: each line as a JSON object, on standard output",
    )


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    since = datetime.now(UTC) - age(options.since)
    loaded = settings.load(name, root)
    with clients.spoken(loaded.settings.aws):
        target = enter(loaded)
        sources = log_lines.sources(target, target.existing_stack())
        following = Following(sources, since, options.session)
        show(target, following, wanted(options), as_json=options.format == "json")
        if options.follow:
            follow(target, following, wanted(options), as_json=options.format == "json")
    return 0


def age(text: str) -> timedelta:
    """10m as a length of time."""
    length = _AGE.fullmatch(text)
    if not length:
        raise UsageError(
            f"--since {text!r} isn't a length of time.", mend="Write 30s, 10m, 2h or 7d."
        )
    return timedelta(**{_UNITS[length[2]]: int(length[1])})


def wanted(options: Namespace) -> Callable[[Line], bool]:
    """Which lines are shown."""
    if options.errors:
        return lambda line: line.is_error
    if options.all:
        return lambda _: True
    return lambda line: not line.is_routine


def show(
    target: Target, following: Following, wanted: Callable[[Line], bool], *, as_json: bool
) -> None:
    """Print what is new."""
    for line in filter(wanted, following.fresh(target)):
        if as_json:
            screen.result(json.dumps(_value(line), ensure_ascii=False))
        else:
            screen.log_line(line)


def follow(
    target: Target, following: Following, wanted: Callable[[Line], bool], *, as_json: bool
) -> None:
    """The same again and again, until Ctrl-C, which isn't a mistake here."""
    try:
        while True:
            target.sleep(POLL_SECONDS)
            show(target, following, wanted, as_json=as_json)
    except KeyboardInterrupt:
        if signals.came_from_outside():
            raise


def _value(line: Line) -> dict[str, object]:
    return {
        "time": line.at.isoformat(),
        "function": line.function,
        "error": line.is_error,
        "message": line.text if line.fields is None else line.fields,
    }
