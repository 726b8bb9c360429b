"""Render, lint and guard at each save, until Ctrl-C.

cfn-lint takes a second to load, so this process keeps the code loaded and forks for each round,
which begins with no setting, template or rule that was read before. Each tool's verdict is told
when it is there; a round that another save overtakes ends without one. Where Python files changed,
or there is no fork, a round is a process of its own.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import NoReturn, Protocol

from pipeline import checks, files, lint, signals, terminal, verdict_cache
from pipeline.errors import UserError, of_the_schema, tell
from pipeline.findings import Finding
from pipeline.stations import arguments, check
from pipeline.verdict_cache import watched_everywhere

WATCHED = ("environments", "templates", "rules", "pipeline")
BETWEEN_LOOKS = 0.05  # seconds
AT_REST = 0.01  # seconds without a change: an editor writes several files in a row
MOST = 5  # files that are named
CLEAR = "\033[2J\033[3J\033[H"


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    """Judge at once, then at each save; Ctrl-C is the way to end it."""
    begin = _rounds(options.environments, root)
    saves = _Saves(root)
    saved: set[str] = set()
    try:
        while True:
            if any(path.endswith(".py") for path in saved):
                begin = _processes(options.environments, root)  # what is imported is old now
            meanwhile = _judged(saved, begin, saves)
            saved = saved | meanwhile if meanwhile else saves.wait()
    except KeyboardInterrupt:
        if signals.came_from_outside():
            raise
        terminal.say("")
    return 0


def _judged(saved: set[str], begin: Callable[[], _Round], saves: _Saves) -> set[str]:
    """One round; what was saved meanwhile ends it, as nobody needs its verdict any more."""
    if sys.stdout.isatty():
        print(CLEAR, end="")
    if saved:
        terminal.say(f"Saved: {_listed(sorted(saved))}")
    began = time.monotonic()
    with closing(begin()) as running:
        while not running.ends_within(BETWEEN_LOOKS):
            if meanwhile := saves.seen():
                return meanwhile
        killed = running.killed_by()
    seconds = time.monotonic() - began
    how = f"No verdict: signal {killed} ended the round" if killed else f"Judged in {seconds:.1f} s"
    terminal.say(f"{how}. Waiting for the next save; Ctrl-C ends it.")
    return set()


def _listed(saved: list[str]) -> str:
    """A checkout may bring hundreds: the first of them, and how many more."""
    more = f" and {len(saved) - MOST} more" if len(saved) > MOST else ""
    return f"{', '.join(saved[:MOST])}{more}"


class _Saves:
    """The files that were saved, added or removed since they were last looked at."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before = files.states(root, WATCHED)

    def seen(self) -> set[str]:
        seen = files.states(self._root, WATCHED)
        if seen == self._before:
            return set()
        while True:
            time.sleep(AT_REST)
            now = files.states(self._root, WATCHED)
            if now == seen:
                break
            seen = now
        before, self._before = self._before, now
        return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}

    def wait(self) -> set[str]:
        while not (saved := self.seen()):
            time.sleep(BETWEEN_LOOKS)
        return saved


class _Round(Protocol):
    """The files are being judged in a process. `close` ends it if it hasn't ended."""

    def ends_within(self, seconds: float) -> bool: ...

    def killed_by(self) -> int:
        """The signal that ended it, once it has ended; 0: none did."""

    def close(self) -> None: ...


def _rounds(environments: list[str], root: Path) -> Callable[[], _Round]:
    """What begins a round in a copy of this process, with all code loaded; where that can't be, in
    a process that loads it anew."""
    if not hasattr(os, "fork"):
        return _processes(environments, root)
    with watched_everywhere() as opened:
        lint.loaded_judge()
        _load()
    inherited = {path for path in opened if not Path(path).is_dir()}
    return lambda: _Copy(environments, root, inherited)


def _processes(environments: list[str], root: Path) -> Callable[[], _Round]:
    command = [sys.executable, "-m", "pipeline", "check", *environments]
    return lambda: _Process(command, root)


class _Process:
    def __init__(self, command: list[str], root: Path) -> None:
        self._process = subprocess.Popen(command, cwd=root)

    def ends_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode is not None

    def killed_by(self) -> int:
        return max(0, -self._process.wait())

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class _Copy:
    """Its end is told by a pipe: that it is closed, as only the copy can write to it."""

    def __init__(self, environments: list[str], root: Path, inherited: set[str]) -> None:
        sys.stdout.flush()
        self._ended, writing = os.pipe()
        self._code: int | None = None
        # A signal that comes before the copy can heed it would end in the caller's hands there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signals.ALL)
        self._process = os.fork()
        if not self._process:
            _judge_and_exit(environments, root, inherited, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writing)

    def ends_within(self, seconds: float) -> bool:
        ended, _, _ = select.select([self._ended], [], [], seconds)
        return bool(ended)

    def killed_by(self) -> int:
        return max(0, -self._wait())

    def close(self) -> None:
        os.close(self._ended)
        if self._code is None:
            os.kill(self._process, signals.TERMINATED - 128)
            self._wait()

    def _wait(self) -> int:
        if self._code is None:
            _, status = os.waitpid(self._process, 0)
            self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _judge_and_exit(
    environments: list[str], root: Path, inherited: set[str], held_back: Iterable[int]
) -> NoReturn:
    """`held_back`: the signals that stay so once this copy can heed the others."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, held_back)
        gc.disable()  # it won't live long enough
        verdict_cache.begin_anew(inherited)
        wanted = check.Wanted(checks.ALL, environments)
        code = check.environments(wanted, root, check.Destination(), _telling(root))
    except UserError as error:
        tell(error)
    except KeyboardInterrupt:
        code = signals.exit_code()
    except BrokenPipeError:
        pass  # who made this process will notice too, and end
    except Exception as error:  # noqa: BLE001 - a bug of ours ends no watching
        if mistake := of_the_schema(error):
            tell(mistake)
        else:
            traceback.print_exc()
    finally:
        try:
            with suppress(BrokenPipeError):
                sys.stdout.flush()
                sys.stderr.flush()
        finally:
            os._exit(code)


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


def _telling(root: Path) -> checks.Told:
    began = time.monotonic()

    def told(tool: str, findings: list[Finding]) -> None:
        terminal.show_findings(findings, root)
        seconds = time.monotonic() - began
        terminal.say(f"{tool}: {terminal.summary(findings)} ({seconds:.1f} s)")

    return told
