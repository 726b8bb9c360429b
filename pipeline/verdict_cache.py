"""What a tool said of the same input before: build/.verdicts/, which may be deleted at any time.

An entry is found by the bytes that the tool was given, and counts only while every file that the
tool opened or ran is as it was then. Nobody lists those files: an audit hook sees them. Whatever is
wrong with an entry (cut off, foreign, of another version) makes it a miss, never an error.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.errors import UserError

FOLDER = "build/.verdicts"
FORM = 1  # of an entry; another one's entries are misses
ENTRIES = 512  # more than fifty environments need
_STEP = 2 * 10**7  # nanoseconds; clocks of files go in steps
_FIRST = time.time_ns() - _STEP  # of this process, or of the one that it is a copy of
_STARTED = _FIRST  # what changes from here on was read before or after, who knows
_inherited: dict[str, int] = {}
_WATCHED = {"open", "os.listdir", "os.scandir"}
_NOT_FILES = ("/proc/", "/dev/", "/sys/")


State = list[int] | None
"""A file's size and time in nanoseconds, none if it isn't there, [] if nobody can know what it was:
it changed while this process ran."""


class Cache:
    """The entries below one folder; without a folder nothing is found and nothing is kept.

    `hits` and `misses` count what was asked for.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._states: dict[str, State] = {}
        self._current: dict[str, bool] = {}
        self.hits = 0
        self.misses = 0

    @property
    def knew_all(self) -> bool:
        """Was everything judged before?"""
        return self.hits > 0 and not self.misses

    def get(self, tool: str, question: object) -> Any:
        """What `tool` answered before to `question` (anything that JSON can hold), or None."""
        entry = self._read(_name(tool, question))
        if entry is not None and self._is_current(entry["inputs"]):
            self.hits += 1
            return entry["answer"]
        self.misses += 1
        return None

    def put(self, tool: str, question: object, answer: object, opened: Iterable[str]) -> None:
        """Keep an answer (as JSON) for as long as the files `opened` stay as they are."""
        if self._folder is None:
            return
        own = self._folder.absolute()
        # where reports, caches and packages come and go: what is used of them is looked at
        busy = {str(own.parents[1]), *map(_absolute, sys.path)}
        inputs_of_all = {*opened, *_inherited}
        paths = sorted(path for path in inputs_of_all - busy if not path.startswith(str(own)))
        states = {path: _state(path, since=_inherited.get(path, _STARTED)) for path in paths}
        _note(states)
        # what changed last changes next: an old answer is known by its first look
        inputs = _sealed(dict(sorted(states.items(), key=_age)))
        with _forgiven():
            if not (self._folder / _digest(inputs)).is_file():
                files.write(self._folder / _digest(inputs), inputs)
            entry = _sealed({"inputs": _digest(inputs), "answer": answer})
            files.write(self._folder / _name(tool, question), entry)
            _prune(self._folder)

    def _read(self, name: str) -> Any:
        content = None
        if self._folder is not None:
            with _forgiven():
                path = self._folder / name
                content = _opened(path.read_bytes())
                os.utime(path)  # what was of use last goes last
        return content

    def _is_current(self, inputs: str) -> bool:
        if inputs not in self._current:
            states = self._read(inputs) or {}
            self._current[inputs] = bool(states) and all(
                self._is_as_it_was(path, state) for path, state in states.items()
            )
            _note(states)
        return self._current[inputs]

    def _is_as_it_was(self, path: str, state: State) -> bool:
        if path not in self._states:
            self._states[path] = _state(path)
        return self._states[path] == state


NO_CACHE = Cache(None)


def begin_anew() -> None:
    """Let this process, a copy, know what it reads from here on."""
    global _STARTED
    _STARTED = time.time_ns() - _STEP


def inherit(paths: Iterable[str]) -> None:
    """The answers of this process, a copy, rest on these files too, which the process that made it
    or another copy has read at any time."""
    _inherited.update((path, _FIRST) for path in paths if not Path(path).is_dir())


def today() -> date:
    """The day, in UTC, that the end of a waiver or of a runtime is compared with."""
    return datetime.now(UTC).date()


@contextmanager
def watched() -> Iterator[set[str]]:
    """The files and folders that this thread opens in here, and in the end all modules' files."""
    opened: set[str] = set()
    outer = getattr(_of_this_thread, "opened", None)
    _of_this_thread.opened = opened
    _install_hook()
    try:
        yield opened
    finally:
        _of_this_thread.opened = outer
        opened |= modules()


@contextmanager
def watched_everywhere() -> Iterator[set[str]]:
    """The same for all threads, with what the answers rest on that a cache gave or got."""
    opened: set[str] = set()
    _of_all_threads.append(opened)
    _install_hook()
    try:
        yield opened
    finally:
        _of_all_threads.remove(opened)
        opened |= modules()


def modules() -> set[str]:
    """The files of all modules that are imported in this process."""
    paths = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {_absolute(path) for path in paths if path}


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(path)  # noqa: PTH100  a link counts by its own name


_of_this_thread = threading.local()
_of_all_threads: list[set[str]] = []
_hooked = threading.Event()


def _install_hook() -> None:
    if not _hooked.is_set():
        _hooked.set()
        sys.addaudithook(_see)


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _WATCHED or not isinstance(arguments[0], (str, os.PathLike)):
        return
    watching = _watching()
    if not watching:
        return
    writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    path = _absolute(arguments[0])
    # a module counts by its source, whose time its compiled file knows
    if not writes and not path.endswith(".pyc") and not path.startswith(_NOT_FILES):
        about = {path, os.path.dirname(path)} if event == "open" else {path}  # noqa: PTH120
        for opened in watching:
            opened |= about  # the folder too: a file that wasn't there isn't opened either


def _watching() -> list[set[str]]:
    mine = getattr(_of_this_thread, "opened", None)
    return _of_all_threads if mine is None else [*_of_all_threads, mine]


def _note(paths: Iterable[str]) -> None:
    """An answer rests on these files, although they weren't opened for it now or in here."""
    for opened in _of_all_threads:
        opened.update(paths)


@contextmanager
def _forgiven() -> Iterator[None]:
    """A cache that can't be read or written is only slow."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return


def _name(tool: str, question: object) -> str:
    """An entry's file: Python and its packages are part of the question."""
    key = [FORM, tool, sys.version, sys.prefix, question]
    return _digest(json.dumps(key, sort_keys=True).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sealed(value: object) -> bytes:
    """JSON behind its own digest, so that a cut or a foreign file is known."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return _digest(body).encode() + b"\n" + body


def _opened(data: bytes) -> Any:
    seal, _, body = data.partition(b"\n")
    if seal != _digest(body).encode():
        raise ValueError("not one of our files, or not all of it")
    return json.loads(body)


def _state(path: str, since: float = math.inf) -> State:
    """`since`: a time in nanoseconds from which on a change makes it unknown what was read."""
    try:
        about = os.stat(path)  # noqa: PTH116  of some two thousand files, in a blink
    except OSError:
        return None
    if max(about.st_mtime_ns, about.st_ctime_ns) >= since:
        return []
    return [about.st_size, about.st_mtime_ns]


def _age(of: tuple[str, State]) -> int:
    _, state = of
    return -state[1] if state else 0


def _prune(folder: Path) -> None:
    """What was of no use for the longest time goes."""
    paths = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for path in paths[:-ENTRIES]:
        path.unlink(missing_ok=True)
