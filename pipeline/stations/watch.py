"""Render, lint and guard at each save, until Ctrl-C.

cfn-lint takes a second to load, so this process keeps the code loaded and forks for each round,
which begins with no setting, template or rule that was read before. The next round's copy is there
before the save, with an engine that has started. Each tool's verdict is told when it is there; a
round that another save overtakes ends without one. Where Python files changed, or there is no fork,
a round is a process of its own.
"""

from __future__ import annotations

import gc
import os
import select
import subprocess
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Protocol

from pipeline import checks, copies, files, lint, signals, terminal, verdict_cache
from pipeline.environment import settings
from pipeline.errors import UserError, of_the_schema, tell
from pipeline.findings import Finding
from pipeline.stations import arguments, check
from pipeline.verdict_cache import watched_everywhere

WATCHED = ("environments", "templates", "rules", "pipeline")
BETWEEN_LOOKS = 0.03  # seconds
AT_REST = 0.01  # seconds without a change: an editor writes several files in a row
MOST = 5  # files that are named
CLEAR = "\033[2J\033[3J\033[H"


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)


def run(options: Namespace, root: Path) -> int:
    """Judge at once, then at each save; Ctrl-C is the way to end it."""
    saves = _Saves(root)
    saved: set[str] = set()
    with ExitStack() as ready:
        rounds = ready.enter_context(closing(_rounds(options.environments, root)))
        try:
            while True:
                if any(path.endswith(".py") for path in saved):
                    ready.close()  # what is imported is old now
                    rounds = _Processes(options.environments, root)
                if meanwhile := _judged(saved, rounds.begin, saves):
                    saved |= meanwhile
                else:
                    rounds.prepare()
                    saved = saves.wait()
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


class _Rounds(Protocol):
    """Where rounds come from."""

    def begin(self) -> _Round: ...

    def prepare(self) -> None:
        """Do what can be done for the next one while nobody waits."""

    def close(self) -> None: ...


def _rounds(environments: list[str], root: Path) -> _Rounds:
    return (_Copies if hasattr(os, "fork") else _Processes)(environments, root)


class _Processes:
    """Each loads all code anew."""

    def __init__(self, environments: list[str], root: Path) -> None:
        self._command = [sys.executable, "-m", "pipeline", "check", *environments]
        self._root = root

    def begin(self) -> _Process:
        return _Process(self._command, self._root)

    def prepare(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Copies:
    """Copies of this process, with all code loaded; beside them stand copies that lint."""

    def __init__(self, environments: list[str], root: Path) -> None:
        self._environments, self._root = environments, root
        self._next: _Copy | None = None
        with watched_everywhere() as self._opened:
            lint.loaded_judge()
            _load()

    def begin(self) -> _Copy:
        copy, self._next = self._next, None
        if copy is not None and copy.ends_within(0):  # it was killed
            copy.close()
            copy = None
        copy = copy or self._made()
        copy.begin()
        return copy

    def prepare(self) -> None:
        from pipeline.rendering.templates import compile_ahead

        compile_ahead(self._root)
        self._next = self._made()

    def close(self) -> None:
        if self._next:
            self._next.close()
        lint.dismiss()

    def _made(self) -> _Copy:
        lint.stand_by(max(1, min(self._number(), copies.cores() - 1)))
        return _Copy(self._environments, self._root, self._opened)

    def _number(self) -> int:
        """Of the environments; what is wrong with one's name is for the round to say."""
        with suppress(UserError):
            return len(self._environments or settings.names(self._root))
        return 0


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
    """It waits until it may begin. Its end is told by a pipe: that it is closed, as only the copy
    can write to it."""

    def __init__(self, environments: list[str], root: Path, inherited: set[str]) -> None:
        allowed, self._allowing = os.pipe()
        self._ended, writing = os.pipe()
        self._code: int | None = None

        def judge() -> int:
            os.close(self._allowing)
            return _judge(environments, root, inherited, allowed)

        self._process = copies.fork(judge)
        os.close(allowed)
        os.close(writing)

    def begin(self) -> None:
        with suppress(BrokenPipeError):  # it was killed, which is told as of any round
            os.write(self._allowing, b"!")

    def ends_within(self, seconds: float) -> bool:
        ended, _, _ = select.select([self._ended], [], [], seconds)
        return bool(ended)

    def killed_by(self) -> int:
        code = self._wait()
        return max(0, -code, code - 128)  # it tidies up after all but SIGKILL

    def close(self) -> None:
        os.close(self._allowing)
        os.close(self._ended)
        if self._code is None:
            os.kill(self._process, signals.TERMINATED - 128)
            self._wait()

    def _wait(self) -> int:
        if self._code is None:
            _, status = os.waitpid(self._process, 0)
            self._code = os.waitstatus_to_exitcode(status)
            if self._code:
                lint.dismiss()  # the next one who asks them would get its answers
        return self._code


def _judge(environments: list[str], root: Path, inherited: set[str], allowed: int) -> int:
    """0: the copies that lint have no answer left that was asked for in here."""
    from pipeline.policy import engines

    gc.disable()  # it won't live long enough
    try:
        verdict_cache.inherit(inherited)
        engines.stand_by()
        if not os.read(allowed, 1):
            return 0  # nobody is left who would allow it
        verdict_cache.begin_anew()
        wanted = check.Wanted(checks.ALL, environments)
        check.environments(wanted, root, check.Destination(), _telling(root))
    except UserError as error:
        tell(error)
    except BrokenPipeError:
        pass  # who made this process will notice too, and end
    except Exception as error:  # noqa: BLE001 - a bug of ours ends no watching
        if mistake := of_the_schema(error):
            tell(mistake)
        else:
            traceback.print_exc()
    finally:
        engines.dismiss()
    return int(lint.is_awaited())


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
