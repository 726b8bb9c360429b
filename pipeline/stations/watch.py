"""Render, lint and guard at each save, until Ctrl-C.

cfn-lint takes seconds to load, so this process keeps it loaded and forks for each round, which
begins with nothing else that was read before. Where Python files changed, or there is no fork, the
round is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline import checks, files, lint, signals, terminal
from pipeline.errors import UserError, tell
from pipeline.stations import arguments, check

WATCHED = ("environments", "templates", "rules", "pipeline")
BETWEEN_LOOKS = 0.1  # seconds
CLEAR = "\033[2J\033[3J\033[H"


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    """Judge at once, then at each save; Ctrl-C is the way to end it."""
    judge = _round(options.environments, root)
    try:
        for saved in _saves(root):
            if any(path.endswith(".py") for path in saved):
                judge = _in_a_process(options.environments, root)  # what is imported is old now
            _show(saved, judge)
    except KeyboardInterrupt:
        if signals.came_from_outside():
            raise
        terminal.say("")
    return 0


def _show(saved: list[str], judge: Callable[[], None]) -> None:
    if sys.stdout.isatty():
        print(CLEAR, end="")
    if saved:
        terminal.say(f"Saved: {', '.join(saved)}")
    began = time.monotonic()
    judge()
    seconds = time.monotonic() - began
    terminal.say(f"Judged in {seconds:.1f} s. Waiting for the next save; Ctrl-C ends it.")


def _saves(root: Path) -> Iterator[list[str]]:
    """Nothing at first; then the files that were saved, added or removed, when all is at rest."""
    before = files.states(root, WATCHED)
    yield []
    while True:
        now = files.states(root, WATCHED)
        if now != before:
            now = _settled(root)
            changed = (
                path for path in now.keys() | before.keys() if now.get(path) != before.get(path)
            )
            saved, before = sorted(changed), now
            if saved:
                yield saved
        time.sleep(BETWEEN_LOOKS)


def _settled(root: Path) -> dict[str, tuple[int, int]]:
    """The state once nothing changes any more: an editor writes several files in a row."""
    seen = files.states(root, WATCHED)
    while True:
        time.sleep(BETWEEN_LOOKS / 2)
        now = files.states(root, WATCHED)
        if now == seen:
            return now
        seen = now


def _round(environments: list[str], root: Path) -> Callable[[], None]:
    if not hasattr(os, "fork"):
        return _in_a_process(environments, root)
    lint.loaded_judge()
    return lambda: _in_a_copy(environments, root)


def _in_a_process(environments: list[str], root: Path) -> Callable[[], None]:
    command = [sys.executable, "-m", "pipeline", "check", *environments]

    def judge() -> None:
        subprocess.run(command, cwd=root, check=False)

    return judge


def _in_a_copy(environments: list[str], root: Path) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child:
        _wait(child)
        return
    code = 1
    try:
        code = check.environments(check.Wanted(checks.ALL, environments), root, check.Destination())
    except UserError as error:
        tell(error)
    except KeyboardInterrupt:
        code = signals.exit_code()
    except Exception:  # noqa: BLE001 - a bug of ours ends no watching
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int) -> None:
    try:
        os.waitpid(child, 0)
    except KeyboardInterrupt:
        os.kill(child, signals.TERMINATED - 128)
        os.waitpid(child, 0)
        raise
