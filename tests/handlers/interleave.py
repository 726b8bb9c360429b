"""Runs handlers so that a test decides what happens between any two of their AWS calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

Fate = Literal["go", "fail", "lose"]
Call = tuple[str, tuple[Any, ...]]


class Job:
    """A handler at work; it stands still before each AWS call until the test says how it goes.

    `go` makes the call, `fail` doesn't, `lose` makes it and loses its answer.
    """

    def __init__(self, work: Callable[[], Any], applied: Callable[[Job, Call], None]) -> None:
        self.waiting_for: Call | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.faulted = False
        self.expected: Any = None
        self._work, self._applied = work, applied
        self._fate: Fate = "go"
        self._turn, self._pause = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Runs up to the first call, or to the end."""
        self._thread.start()
        self._pause.acquire()

    @property
    def done(self) -> bool:
        return self.waiting_for is None

    def step(self, fate: Fate = "go") -> None:
        """Lets the waiting call have that fate, and runs up to the next call, or to the end."""
        self._fate = fate
        self.faulted = self.faulted or fate != "go"
        self._turn.release()
        self._pause.acquire()
        if self.done:
            self._thread.join()

    def call(self, target: Any, name: str, arguments: tuple[Any, ...]) -> Any:
        """One AWS call of this job, in its own thread."""
        self.waiting_for = (name, arguments)
        self._pause.release()
        self._turn.acquire()
        self.waiting_for = None
        if self._fate == "fail":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "secret"}}, name)
        self._applied(self, (name, arguments))
        try:
            return getattr(target, name)(*arguments)
        finally:
            if self._fate == "lose":
                raise ReadTimeoutError(endpoint_url="https://secret.example") from None

    def _run(self) -> None:
        _here.job = self
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self._pause.release()


class Stepwise:
    """A store, a bucket or a pusher whose every call belongs to the job that makes it."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: _here.job.call(self._target, name, arguments)


class _Here(threading.local):
    job: Job


_here = _Here()
