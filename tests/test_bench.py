"""The benchmark's own honesty: a command that fails is an error and no figure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHES, main
from tests.bench.measure import Command, Cost, Failed, compare, median


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
    def broken() -> bool:
        quick = python("pass", tmp_path)
        return compare("x", quick, python("import nothing_at_all", tmp_path), runs=1, most=9)

    monkeypatch.setitem(BENCHES, "render", broken)

    assert main(["render"]) == 1
    assert "nothing_at_all" in capsys.readouterr().err


def test_waiting_costs_time_and_no_cpu(tmp_path: Path) -> None:
    waits = python("import time; time.sleep(1)", tmp_path).cost()

    assert waits.wall > 1
    assert waits.cpu < waits.wall


def test_what_is_slower_misses_its_figure(tmp_path: Path) -> None:
    slow = python("import time; time.sleep(1)", tmp_path)

    assert not compare("x", slow, python("pass", tmp_path), runs=1, most=1.2)


def test_a_median_is_taken_of_each_kind() -> None:
    assert median([Cost(1, 9), Cost(2, 1), Cost(9, 2)]) == Cost(2, 2)
