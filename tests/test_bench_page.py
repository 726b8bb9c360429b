"""docs/benchmarks.md and its plots: made of the figures' file alone, and all of them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.bench import figures, page
from tests.bench.__main__ import BENCHES
from tests.bench.figures import Result, Scale
from tests.bench.peers.work import _plain
from tests.bench.plots import bars, lines

SVG = "{http://www.w3.org/2000/svg}"
ROWS = {"a <b>": {"wall": 1.0, "cpu": 0.25}, "c": {"wall": 4.0, "cpu": 2.0}}


def test_page_and_plots_are_made_of_the_figures() -> None:
    made = dict(page.drawn(figures.read()))

    assert len(made) > 1
    stale = [path.name for path, text in made.items() if path.read_text() != text]
    assert stale == [], "run: nox -s refresh"


def test_no_plot_is_left_over() -> None:
    made = {path for path, _ in page.drawn(figures.read())}

    assert [path for path in figures.FOLDER.glob("*.svg") if path not in made] == []


def test_every_bench_has_figures_with_their_circumstances() -> None:
    known = figures.read()

    assert sorted(known) == sorted(BENCHES)
    for bench in known.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", bench["taken"])
        assert bench.keys() > {"cores", "load_before", "memory_gib", "python", "quick", "versions"}


def test_the_figures_name_no_place_and_no_machine() -> None:
    text = figures.FILE.read_text()

    assert not re.search(r"/(tmp|home|work|root|Users|var)\b", text)
    assert not re.search(r"https?:|\b\d+\.\d+\.\d+\.\d+\b", text)


def test_a_changed_figure_changes_page_and_plot() -> None:
    known = figures.read()
    before = dict(page.drawn(known))
    known["check"]["seconds"]["check, cold"]["wall"] = 777.0

    after = dict(page.drawn(known))

    changed = {path.name for path, text in after.items() if text != before[path]}
    assert changed == {"benchmarks.md", "check.svg"}
    assert "777" in after[page.PAGE]


def test_figures_of_one_bench_leave_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FILE", tmp_path / "figures.json")
    figures.keep("render", Result({"runs": 1}, fine=True), {"taken": "once"})
    figures.keep("nox", Result({"runs": 2}, fine=False), {"taken": "again"})
    figures.keep("render", Result({"runs": 3}, fine=True), {"taken": "later"})

    assert figures.read() == {
        "nox": {"taken": "again", "fine": False, "runs": 2},
        "render": {"taken": "later", "fine": True, "runs": 3},
    }


def test_a_quick_run_says_so() -> None:
    assert Scale(quick=True).runs(21) == 1
    assert Scale(quick=True).sizes((1, 2, 10)) == (1, 2)
    assert figures.circumstances(Scale(quick=True))["quick"]


def rectangles(picture: str) -> list[Any]:
    return [each for each in ET.fromstring(picture).iter(f"{SVG}rect") if each.get("rx") == "2"]  # noqa: S314


def test_a_bar_is_as_long_as_its_figure() -> None:
    picture = bars("Title", ROWS, "s")

    *_, first, first_cpu, second, second_cpu = rectangles(picture)
    longest = float(second.get("width"))
    lengths = [float(each.get("width")) / longest for each in (first, first_cpu, second_cpu)]
    assert lengths == pytest.approx([1 / 4, 1 / 16, 1 / 2], abs=0.01)
    assert "a &lt;b&gt;" in picture


def test_a_line_goes_through_its_figures() -> None:
    picture = lines("Title", "things", {"0": ROWS["a <b>"], "10": ROWS["c"]}, "s")

    circles = list(ET.fromstring(picture).iter(f"{SVG}circle"))  # noqa: S314
    heights = [float(each.get("cy", "")) for each in circles]
    assert len(circles) == 4
    assert heights[0] > heights[1]  # 1 s stands lower than 4 s
    assert heights[2] > heights[3]


@pytest.mark.parametrize("draw", [bars, lambda *given: lines(given[0], "things", *given[1:])])
def test_a_plot_has_colours_for_light_and_for_dark(draw: Any) -> None:
    picture = draw("Title", {"1": ROWS["c"]}, "s")

    light, dark = picture.split("prefers-color-scheme: dark")
    for name in (".paper", ".title", ".small", ".s0"):
        assert name in light
        assert name in dark


def test_what_has_no_order_is_compared_without_it() -> None:
    one = {"DependsOn": ["A", "B"], "Properties": {"Tags": [{"Key": "a"}, {"Key": "b"}]}}
    other = {"DependsOn": ["B", "A"], "Properties": {"Tags": [{"Key": "b"}, {"Key": "a"}]}}

    assert json.dumps(_plain(one)) == json.dumps(_plain(other))
    assert _plain({"A": [1, 2]}) != _plain({"A": [2, 1]})
