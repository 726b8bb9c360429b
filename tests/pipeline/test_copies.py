"""Work in copies of this process: the same results and errors as in one, and nothing left over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline import copies
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
