"""Work in copies of this process: the same results and errors as in one, and nothing left over."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline import copies
from pipeline.copies import Copy
from pipeline.errors import Refused, UserError

R = TypeVar("R")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be copied here")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "cores", lambda: 2)


def done(items: list[int], work: Callable[[int], R]) -> list[R]:
    with copies.shared_out(items, work, lambda: None) as results:
        return results()


def test_two_processes_give_all_results_in_order() -> None:
    said = done([1, 2, 3, 4, 5], lambda item: (item, os.getpid()))

    assert [item for item, _ in said] == [1, 2, 3, 4, 5]
    assert len({process for _, process in said}) == 2


def test_few_items_make_no_copy() -> None:
    assert set(done([1, 2, 3], lambda _: os.getpid())) == {os.getpid()}


def test_where_nothing_can_be_copied_one_process_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")

    assert set(done([1, 2, 3, 4], lambda _: os.getpid())) == {os.getpid()}


def test_what_all_need_is_loaded_once_before_there_are_copies(tmp_path: Path) -> None:
    def load() -> None:
        with (tmp_path / "loaded").open("a") as file:
            file.write("x")

    with copies.shared_out([1, 2, 3, 4], lambda _: (tmp_path / "loaded").read_text(), load) as said:
        assert said() == ["x"] * 4


def test_a_persons_mistake_in_a_copy_is_the_same_mistake_here() -> None:
    def work(item: int) -> None:
        if item == 2:
            raise Refused("it is over.", where="here:1", mend="Start anew.")

    with pytest.raises(Refused) as caught:
        done([1, 2, 3, 4], work)

    assert str(caught.value) == "here:1: it is over.\nStart anew."
    assert caught.value.exit_code == 3


def test_the_first_items_error_is_the_one_that_is_told() -> None:
    def work(item: int) -> None:
        raise ValueError(f"about {item}")

    with pytest.raises(ValueError, match="about 1"):
        done([1, 2, 3, 4], work)


def test_a_bug_in_a_copy_comes_with_its_traceback() -> None:
    def work(item: int) -> float:
        return 1 / (item - 2)

    with pytest.raises(RuntimeError, match=r"line \d+, in work[\s\S]*ZeroDivisionError"):
        done([1, 2, 3, 4], work)


def test_a_copy_that_is_killed_is_told() -> None:
    here = os.getpid()

    def work(_: int) -> None:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(UserError, match="ended by signal 9"):
        done([1, 2, 3, 4], work)


def test_a_copy_that_is_killed_while_it_answers_is_told() -> None:
    def much(_: int) -> bytes:
        return b"x" * 10**6  # more than a pipe holds

    with closing(Copy(much)) as copy:
        copy.begin([1])
        select.select([copy._outcomes], [], [])
        os.kill(copy._process, signal.SIGKILL)
        ((_, error),) = copy.outcomes()

    assert isinstance(error, UserError)
    assert "ended by signal 9" in str(error)


def test_no_copy_outlives_an_interruption(tmp_path: Path) -> None:
    here, noted = os.getpid(), tmp_path / "copy"

    def work(_: int) -> None:
        if os.getpid() == here:
            while not noted.exists():
                time.sleep(0.01)
            raise KeyboardInterrupt
        noted.with_suffix(".part").write_text(str(os.getpid()))
        noted.with_suffix(".part").rename(noted)
        signal.pause()

    with pytest.raises(KeyboardInterrupt):
        done([1, 2, 3, 4], work)

    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_a_copy_that_stays_keeps_what_it_has_done() -> None:
    done_before: list[int] = []

    def work(item: int) -> tuple[int, list[int]]:
        done_before.append(item)
        return os.getpid(), list(done_before)

    with closing(Copy(work)) as copy:
        copy.begin([1])
        copy.outcomes()
        copy.begin([2, 3])
        (first, _), (second, _) = copy.outcomes()

    assert first == (copy_of(first), [1, 2])
    assert second == (copy_of(first), [1, 2, 3])
    assert done_before == []


def copy_of(result: tuple[int, list[int]] | None) -> int:
    assert result is not None
    assert result[0] != os.getpid()
    return result[0]


def process(_: int) -> int:
    return os.getpid()


def test_copies_that_are_ready_do_all_of_the_work() -> None:
    with closing(Copy(process)) as one, closing(Copy(process)) as two:
        for items in ([1, 2, 3], [4]):
            with copies.shared_out(items, process, lambda: None, [one, two]) as said:
                processes = set(said())
            assert len(processes) == min(2, len(items))
            assert os.getpid() not in processes


def test_a_copy_at_rest_is_there_until_it_ends() -> None:
    with closing(Copy(process)) as copy:
        copy.begin([1])
        ((number, _),) = copy.outcomes()
        assert number is not None
        assert not copy.has_ended()
        os.kill(number, signal.SIGKILL)
        while not copy.has_ended():
            time.sleep(0.01)


def test_what_one_copy_made_another_may_use_and_its_death_is_told() -> None:
    def die(_: int) -> None:
        signal.raise_signal(signal.SIGKILL)

    def ask(item: int) -> None:
        with copies.shared_out([item], die, lambda: None, [dying]) as said:
            said()

    with closing(Copy(die)) as dying, closing(Copy(ask)) as asking:
        asking.begin([1])
        ((_, error),) = asking.outcomes()

    assert isinstance(error, UserError)
    assert "ended before its work was done" in str(error)


def test_a_copy_does_not_outlive_who_made_it() -> None:
    reading, writing = os.pipe()

    def make_and_die(_: int) -> None:
        os.close(reading)  # what is still written to `writing`, the other copies write
        for _ in range(2):
            Copy(print)
        signal.raise_signal(signal.SIGKILL)

    with closing(Copy(make_and_die)) as maker:
        os.close(writing)
        maker.begin([1])
        with pytest.raises(UserError, match="ended by signal 9"):
            raise maker.outcomes()[0][1] or AssertionError

    assert os.read(reading, 1) == b""  # all who could write have ended
    os.close(reading)


_at_a_fork: list[signal.Signals] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=lambda: [*map(signal.raise_signal, _at_a_fork)])


def test_no_signal_is_lost_while_a_copy_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    fork = os.fork

    def noting() -> int:
        made.append(fork())
        return made[-1]

    def work() -> None:
        time.sleep(20)

    monkeypatch.setattr(os, "fork", noting)
    _at_a_fork.append(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            copies.fork(work)
    finally:
        _at_a_fork.clear()

    (copy,) = made
    with pytest.raises(ChildProcessError):
        os.waitpid(copy, os.WNOHANG)  # it isn't left
