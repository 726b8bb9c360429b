"""The benchmark's own honesty: a command that fails is an error and no figure."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.bench import measure
from tests.bench.__main__ import BENCHES, main
from tests.bench.figures import Result, Scale
from tests.bench.measure import Command, Cost, Failed, alternating, median, within


def python(code: str, folder: Path, made: str = "") -> Command:
    return Command((sys.executable, "-c", code), folder, made)


def test_a_failing_command_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"exit code 1.\nwhy"):
        python("import sys; sys.exit('why')", tmp_path).cost()


def test_a_command_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "result").write_text("of an earlier run")

    with pytest.raises(Failed, match="no result"):
        python("pass", tmp_path, "result").cost()


def test_a_failing_reference_fails_the_bench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(_: Scale) -> Result:
        commands = {"quick": python("pass", tmp_path), "other": python("import nothing", tmp_path)}
        alternating("x", commands, runs=1)
        raise AssertionError("a failing command gave a figure")

    monkeypatch.setitem(BENCHES, "render", broken)

    assert main(["render"]) == 1
    assert "nothing" in capsys.readouterr().err


def test_waiting_costs_time_and_no_cpu(tmp_path: Path) -> None:
    waits = python("import time; time.sleep(1)", tmp_path).cost()

    assert waits.wall > 1
    assert waits.cpu < waits.wall


def test_what_is_slower_misses_its_figure() -> None:
    assert within("x", Cost(1, 1), Cost(1, 1), 1.2)
    assert not within("x", Cost(2, 1), Cost(1, 1), 1.2)
    assert not within("x", Cost(1, 2), Cost(1, 1), 1.2)


def test_an_edit_is_not_on_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edits: list[str] = []
    monkeypatch.setattr(measure, "time", SimpleNamespace(monotonic=lambda: float(len(edits))))
    edit = partial(edits.append, "takes a second")

    command = Command((sys.executable, "-c", "pass"), tmp_path, before=edit)

    assert alternating("x", {"x": command}, runs=1)["x"].wall == 0
    assert len(edits) == 2


def test_a_median_is_taken_of_each_kind() -> None:
    assert median([Cost(1, 9), Cost(2, 1), Cost(9, 2)]) == Cost(2, 2)
