"""Work shared out among copies of this process, as far as there are cores.

A copy (fork) has all that was imported and loaded here. Where processes can't be copied, as on
Windows, this one does all of the work. Copies are to be made before a thread of ours starts: a copy
has only the thread that made it, and waits forever for what the others held.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline import signals
from pipeline.errors import UserError

LEAST = 2  # items that are worth a process
T = TypeVar("T")
R = TypeVar("R")
_Outcome = tuple[R | None, BaseException | None]


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(items: int, least: int = LEAST) -> int:
    """Among how many processes so many items are best shared out, each with `least` of them."""
    return max(1, min(cores(), items // least))


@contextmanager
def shared_out(
    items: Sequence[T], work: Callable[[T], R], load: Callable[[], object], least: int = LEAST
) -> Iterator[Callable[[], list[R]]]:
    """Begin `work` on all items in copies; what you get waits, and gives all results in order.

    `load` is called before there are copies, so that it is done once. This process does its share
    when the results are asked for. The first item's error is raised here too, as the same error if
    it is a person's mistake. No copy outlives the block.
    """
    number = shares(len(items), least) if hasattr(os, "fork") else 1
    copies: list[_Copy] = []
    try:
        if number > 1:
            load()
            copies += (_copy(items[share::number], work) for share in range(1, number))

        def results() -> list[R]:
            outcomes: list[Any] = [(None, None)] * len(items)
            outcomes[0::number] = _worked(items[0::number], work)
            for share, copy in enumerate(copies, 1):
                outcomes[share::number] = copy.outcomes(len(items[share::number]))
            for _, error in outcomes:
                if error is not None:
                    raise error
            return [result for result, _ in outcomes]

        yield results
    finally:
        for copy in copies:
            copy.end()


@dataclass
class _Copy:
    """A process of ours, and the end of the pipe from which its outcomes come."""

    process: int
    pipe: int

    def outcomes(self, count: int) -> list[_Outcome[Any]]:
        with os.fdopen(self.pipe, "rb") as stream:
            self.pipe = -1
            said = stream.read()
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        if status:
            code = os.waitstatus_to_exitcode(status)
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            return [(None, _died(how))] * count
        outcomes: list[_Outcome[Any]] = pickle.loads(said)  # noqa: S301  our own process wrote it
        return outcomes

    def end(self) -> None:
        if self.pipe >= 0:
            os.close(self.pipe)
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)


def _copy(items: Sequence[T], work: Callable[[T], R]) -> _Copy:
    reading, writing = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or the copy would say it again
    with warnings.catch_warnings():
        # Python 3.12 warns of any thread: the one that draws the live line holds nothing we need
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        os.close(writing)
        return _Copy(process, reading)
    code = 1
    try:
        for number in signals.ALL:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who made it hears Ctrl-C, and ends it
        os.close(reading)
        said = pickle.dumps([(result, _portable(error)) for result, error in _worked(items, work)])
        with os.fdopen(writing, "wb") as stream:
            stream.write(said)
        code = 0
    except BaseException:  # noqa: BLE001  nothing of the caller's may run in here as well
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _worked(items: Sequence[T], work: Callable[[T], R]) -> list[_Outcome[R]]:
    """Each item's result or error."""
    outcomes: list[_Outcome[R]] = []
    for item in items:
        try:
            outcomes.append((work(item), None))
        except Exception as error:  # noqa: BLE001  raised again by who asks for the results
            outcomes.append((None, error))
    return outcomes


def _portable(error: BaseException | None) -> BaseException | None:
    """An error that can leave the process: a person's mistake, or a bug's traceback."""
    if error is None or isinstance(error, UserError):
        return error
    return RuntimeError("".join(traceback.format_exception(error)))


def _died(how: str) -> UserError:
    return UserError(
        f"a process that shared the work ended {how}.",
        mend="If memory was short, name fewer environments: nox -s check -- ENV.",
    )
