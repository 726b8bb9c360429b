"""The Guard engine's processes: each gets one task and has its answers.

They read and write temporary files: with pipes somebody would have to feed them and hear them
meanwhile.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from pipeline.errors import UserError, brief
from pipeline.policy.engine import NO_ROOM
from pipeline.verdict_cache import inherit

ENGINE_SECONDS = 120

Answers = tuple[list[dict[str, Any]], str]
"""The engine's lines: that it is ready, then one for each job until it died of the second."""


_at_hand: list[_Engine] = []


@contextmanager
def asked(task: dict[str, Any]) -> Iterator[Callable[[], Answers]]:
    """An engine at work on a task (pipeline/policy/engine.py); call what you get to wait for its
    answers. It doesn't outlive the block."""
    while _at_hand and _at_hand[-1].has_ended():
        _at_hand.pop().close()
    with closing(_at_hand.pop() if _at_hand else _Engine()) as engine:
        yield engine.begin(task)


def stand_by() -> None:
    """Have an engine at hand that has started before there is a task for it (POSIX)."""
    with suppress(UserError):  # who asks will hear of it
        _at_hand.append(_Engine())
        _at_hand[-1].wait()


def dismiss() -> None:
    while _at_hand:
        _at_hand.pop().close()


class _Engine:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with ExitStack() as opened:
            try:
                self._given, self._output, self._complaints = (
                    opened.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in range(3)
                )
            except OSError as error:
                raise _no_room(error.strerror or str(error)) from None
            self._files = opened.pop_all()

    def wait(self) -> None:
        """Start already, and read the task once standard input is closed."""
        file = self._given.fileno()
        self._process = self._started(str(file), stdin=subprocess.PIPE, pass_fds=[file])

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def begin(self, task: dict[str, Any]) -> Callable[[], Answers]:
        try:
            _write(self._given, json.dumps(task).encode())
            self._given.seek(0)
        except OSError as error:
            raise _no_room(error.strerror or str(error)) from None
        waited = self._process is not None
        self._process = process = self._process or self._started(stdin=self._given)
        if process.stdin:
            process.stdin.close()
        seconds = ENGINE_SECONDS * len(task["templates"])
        late = time.monotonic() + seconds

        def answers() -> Answers:
            try:
                code = process.wait(max(0, late - time.monotonic()))
                died = f"the engine crashed on it (exit status {code})."
                complaints = _content(self._complaints).decode(errors="replace")
                said = complaints.strip().rpartition("\n")[2]
                if code == NO_ROOM:
                    raise _no_room("they can't be written")
            except subprocess.TimeoutExpired:
                self._end()
                said = died = f"the engine took over {seconds} seconds."
            lines = _whole_lines(_content(self._output), said)
            if waited:  # what runs in it was loaded earlier than the rest
                inherit(lines[0]["ready"])
            return lines, died

        return answers

    def close(self) -> None:
        self._end()
        self._files.close()

    def _started(self, *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.policy.engine", *arguments],
            stdout=self._output,
            stderr=self._complaints,
            cwd=Path(__file__).parents[2],
            **how,
        )

    def _end(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.communicate()


def _write(file: IO[bytes], data: bytes) -> None:
    """All of it, past Python's buffer: what is left in there would fail once more at closing."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _no_room(why: str) -> UserError:
    return UserError(
        f"the Guard engine works with temporary files: {why}.",
        where=tempfile.tempdir or "TMPDIR",
        mend="Is there room on the disk, and may you write there? TMPDIR names another folder.",
    )


def _whole_lines(output: bytes, said: str) -> list[dict[str, Any]]:
    lines = [line for line in output.splitlines(keepends=True) if line.endswith(b"\n")]
    if not lines:
        raise UserError(
            f"the Guard engine can't be started. It says: {brief(said, 200) or 'nothing'}",
            where="cfn-guard-rs",
            mend="Install the locked dependencies under Python 3.11 or 3.12; there is no build"
            " of cfn-guard-rs for other versions.",
        )
    return [json.loads(line) for line in lines]


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
