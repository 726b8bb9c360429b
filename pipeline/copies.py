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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any, Generic, NoReturn, TypeVar

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


def shares(items: int) -> int:
    """Among how many processes so many items are best shared out."""
    return max(1, min(cores(), items // LEAST))


@contextmanager
def shared_out(
    items: Sequence[T],
    work: Callable[[T], R],
    load: Callable[[], object],
    ready: Sequence[Copy[T, R]] = (),
) -> Iterator[Callable[[], list[R]]]:
    """Begin `work` on all items in copies; what you get waits, and gives all results in order.

    Copies that are `ready` do all of it. Without any, `load` is called before there are copies, so
    that it is done once, and this process does its share when the results are asked for; no such
    copy outlives the block. The first item's error is raised here too, as the same error if it is a
    person's mistake. Items and results travel as pickles.
    """
    with ExitStack() as made:
        copies = list(ready[: len(items)])
        own = 0 if copies else 1
        number = shares(len(items)) if own and hasattr(os, "fork") else 1
        if number > 1:
            load()
            copies += (made.enter_context(closing(Copy(work))) for _ in range(1, number))
        number = own + len(copies)
        for share, copy in enumerate(copies, own):
            copy.begin(items[share::number])

        def results() -> list[R]:
            outcomes: list[Any] = [(None, None)] * len(items)
            if own:
                outcomes[0::number] = _worked(items[0::number], work)
            for share, copy in enumerate(copies, own):
                outcomes[share::number] = copy.outcomes()
            for _, error in outcomes:
                if error is not None:
                    raise error
            return [result for result, _ in outcomes]

        yield results


class Copy(Generic[T, R]):
    """A process of ours that works on what it is handed, until it is closed or whoever could hand
    it anything has ended. Copies of this process may hand it work too, one after the other.

    `at_rest` is called whenever the outcomes are on their way.
    """

    def __init__(
        self, work: Callable[[T], R], at_rest: Callable[[], object] = lambda: None
    ) -> None:
        its_items, items = os.pipe()
        outcomes, its_outcomes = os.pipe()

        def serve() -> None:
            os.close(items)
            os.close(outcomes)
            _serve(its_items, its_outcomes, work, at_rest)

        self._process = fork(serve)
        os.close(its_items)
        os.close(its_outcomes)
        self._items = os.fdopen(items, "wb")
        self._outcomes = os.fdopen(outcomes, "rb")
        self._count = 0
        self.is_awaited = False  # it was handed work, and nobody has all of its outcomes

    def begin(self, items: Sequence[T]) -> None:
        self._count = len(items)
        self.is_awaited = True
        with suppress(BrokenPipeError):  # it has died, which is told below
            pickle.dump(items, self._items)
            self._items.flush()

    def outcomes(self) -> list[_Outcome[R]]:
        """Of the items that it was handed last; it has none if it died."""
        try:
            said: list[_Outcome[R]] = pickle.load(self._outcomes)  # noqa: S301  our own wrote it
        except (EOFError, pickle.UnpicklingError):
            return [(None, _died(self._end()))] * self._count
        self.is_awaited = False
        return said

    def has_ended(self) -> bool:
        """To be asked by the process that made it."""
        if self._process:
            ended, _ = os.waitpid(self._process, os.WNOHANG)
            if ended:
                self._process = 0
        return not self._process

    def close(self) -> None:
        self._outcomes.close()
        with suppress(BrokenPipeError):
            self._items.close()
        if self._process:
            end(self._process)
            self._process = 0

    def _end(self) -> str:
        """How it ended."""
        try:
            _, status = os.waitpid(self._process, 0)
        except ChildProcessError:
            return "before its work was done"  # who made it knows how
        self._process = 0
        code = os.waitstatus_to_exitcode(status)
        return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _serve(
    items: int, outcomes: int, work: Callable[[Any], Any], at_rest: Callable[[], object]
) -> None:
    for number in signals.ALL:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who made it hears Ctrl-C, and closes it
    # nobody may be left who wants it
    with (
        suppress(BrokenPipeError),
        os.fdopen(items, "rb") as asked,
        os.fdopen(outcomes, "wb") as answers,
    ):
        while asked.peek(1):
            done = _worked(pickle.load(asked), work)  # noqa: S301  our own process wrote it
            pickle.dump([(result, _portable(error)) for result, error in done], answers)
            answers.flush()
            at_rest()


def fork(work: Callable[[], int | None]) -> int:
    """The number of a copy of this process that does `work` and ends, with the exit code it gives.

    A signal that comes meanwhile waits: Python calls functions after a fork, and what a signal
    raises in one of them is lost.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # or the copy would say it again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals.ALL)
    try:
        with warnings.catch_warnings():
            # Python 3.12 warns of any thread: that of the live line holds nothing we need
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if not process:
        _work_and_exit(work, before)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except KeyboardInterrupt:
        end(process)
        raise
    return process


def end(process: int) -> None:
    """Of a copy that this process made."""
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _work_and_exit(work: Callable[[], int | None], mask: Iterable[int]) -> NoReturn:
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = work() or 0
    except KeyboardInterrupt:
        code = signals.exit_code()
    except BaseException:  # noqa: BLE001  nothing of the caller's may run in here as well
        traceback.print_exc()
    finally:
        try:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
        finally:
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
