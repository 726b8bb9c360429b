"""Render, lint and guard at each save, until Ctrl-C.

cfn-lint takes a second to load, so this process keeps the code loaded and forks for each round,
which begins with no setting, template or rule that was read before. Each tool's verdict is told
when it is there. Where Python files changed, or there is no fork, a round is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from pipeline import checks, files, lint, signals, terminal, verdict_cache
from pipeline.errors import UserError, tell
from pipeline.findings import Finding
from pipeline.stations import arguments, check
from pipeline.verdict_cache import watched_everywhere

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
    with watched_everywhere() as opened:
        lint.loaded_judge()
        _load()
    inherited = {path for path in opened if not Path(path).is_dir()}
    return lambda: _in_a_copy(environments, root, inherited)


def _load() -> None:
    """All other code that a round needs; what is wrong with the schema is for the round to say."""
    from rich import console  # noqa: F401

    from pipeline.iam import least_privilege  # noqa: F401
    from pipeline.policy import guard  # noqa: F401
    from pipeline.rendering import templates  # noqa: F401

    with suppress(Exception):
        from environments.schema import Settings
        from pipeline import render  # noqa: F401

        Settings.model_rebuild()


def _in_a_process(environments: list[str], root: Path) -> Callable[[], None]:
    command = [sys.executable, "-m", "pipeline", "check", *environments]

    def judge() -> None:
        subprocess.run(command, cwd=root, check=False)

    return judge


def _in_a_copy(environments: list[str], root: Path, inherited: set[str]) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child:
        _wait(child)
        return
    code = 1
    try:
        verdict_cache.begin_anew(inherited)
        wanted = check.Wanted(checks.ALL, environments)
        code = check.environments(wanted, root, check.Destination(), _telling(root))
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


def _telling(root: Path) -> checks.Told:
    began = time.monotonic()

    def told(tool: str, findings: list[Finding]) -> None:
        terminal.show_findings(findings, root)
        seconds = time.monotonic() - began
        terminal.say(f"{tool}: {terminal.summary(findings)} ({seconds:.1f} s)")

    return told


def _wait(child: int) -> None:
    try:
        os.waitpid(child, 0)
    except KeyboardInterrupt:
        os.kill(child, signals.TERMINATED - 128)
        os.waitpid(child, 0)
        raise
