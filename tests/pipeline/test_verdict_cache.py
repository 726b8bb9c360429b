"""Verdicts kept between runs: never an old one for a changed input, never an error."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline import verdict_cache
from pipeline.__main__ import main
from pipeline.policy import engines
from pipeline.verdict_cache import Cache, watched, watched_everywhere
from tests.pipeline.templates import edit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return fresh(tmp_path)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A file that an answer rests on."""
    path = tmp_path / "schema.json"
    path.write_text("{}")
    return path


@pytest.fixture(autouse=True)
def files_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just written counts as written before this process began."""
    monkeypatch.setattr(verdict_cache, "_STARTED", time.time_ns() + 3600 * 10**9)


def fresh(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "build/.verdicts")


def entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "build/.verdicts").iterdir())


def test_an_answer_is_found_again_by_the_same_question(cache: Cache, tmp_path: Path) -> None:
    cache.put("lint", ["text", "region"], [["E1", 3]], [__file__])

    again = fresh(tmp_path)

    assert again.get("lint", ["text", "region"]) == [["E1", 3]]
    assert again.get("lint", ["text", "elsewhere"]) is None
    assert again.get("guard", ["text", "region"]) is None
    assert (again.hits, again.misses, again.knew_all) == (1, 2, False)


@pytest.mark.parametrize("change", ["content", "time", "gone"])
def test_an_answer_goes_with_the_files_that_it_rests_on(
    cache: Cache, tmp_path: Path, schema: Path, change: str
) -> None:
    cache.put("lint", "text", "fine", [str(schema)])
    assert fresh(tmp_path).get("lint", "text") == "fine"

    if change == "content":
        schema.write_text("{} ")
    elif change == "time":
        os.utime(schema, (1, 1))
    else:
        schema.unlink()

    assert fresh(tmp_path).get("lint", "text") is None


def test_a_copy_of_a_process_knows_what_it_read_itself_and_doubts_what_it_inherited(
    cache: Cache, tmp_path: Path, schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_cache, "_inherited", {})
    monkeypatch.setattr(verdict_cache, "_STARTED", 1)
    monkeypatch.setattr(verdict_cache, "_FIRST", 1)  # both files are younger than the process
    code = tmp_path / "code.py"
    code.write_text("")
    time.sleep(0.05)  # the clock of files goes in steps

    verdict_cache.begin_anew()
    cache.put("lint", "mine", "fine", [str(schema)])
    verdict_cache.inherit([str(code)])
    cache.put("lint", "another's too", "fine", [str(schema)])

    assert fresh(tmp_path).get("lint", "mine") == "fine"
    assert fresh(tmp_path).get("lint", "another's too") is None


def test_an_answer_rests_on_what_an_earlier_copy_read_too(
    cache: Cache, tmp_path: Path, schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "code.py").write_text("")
    monkeypatch.setattr(verdict_cache, "_inherited", {})
    time.sleep(0.05)  # the clock of files goes in steps
    monkeypatch.setattr(verdict_cache, "_FIRST", time.time_ns() - verdict_cache._STEP)

    verdict_cache.inherit([str(package), str(package / "code.py")])
    (package / "__pycache__").mkdir()
    cache.put("lint", "read as it is", "fine", [str(schema)])
    kept = fresh(tmp_path).get("lint", "read as it is")
    (package / "code.py").write_text("changed")
    cache.put("lint", "read before it changed", "fine", [str(schema)])

    assert kept == "fine"
    assert fresh(tmp_path).get("lint", "read before it changed") is None


def test_a_file_that_appears_takes_the_answer_away(cache: Cache, tmp_path: Path) -> None:
    missing = tmp_path / "waivers.yaml"
    cache.put("lint", "text", "fine", [str(missing)])
    assert fresh(tmp_path).get("lint", "text") == "fine"

    missing.write_text("waivers: []")

    assert fresh(tmp_path).get("lint", "text") is None


def test_what_changed_while_it_was_judged_is_judged_again(
    cache: Cache, tmp_path: Path, schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_cache, "_STARTED", schema.stat().st_mtime_ns - 1)

    cache.put("lint", "text", "fine", [str(schema)])

    assert fresh(tmp_path).get("lint", "text") is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}", "ä".encode("latin-1")])
def test_a_damaged_or_a_foreign_entry_is_a_miss(
    cache: Cache, tmp_path: Path, damage: bytes
) -> None:
    cache.put("lint", "text", "fine", [__file__])
    for path in entries(tmp_path):
        path.write_bytes(damage or path.read_bytes()[:-1])

    assert fresh(tmp_path).get("lint", "text") is None


def test_an_entry_of_another_form_is_a_miss(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("lint", "text", "fine", [__file__])

    monkeypatch.setattr(verdict_cache, "FORM", verdict_cache.FORM + 1)

    assert fresh(tmp_path).get("lint", "text") is None


def test_a_folder_that_can_not_be_used_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file, where the folder should be")
    cache = fresh(tmp_path)

    cache.put("lint", "text", "fine", [__file__])

    assert cache.get("lint", "text") is None


def test_the_folder_has_an_end(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_cache, "ENTRIES", 4)

    for number in range(9):
        cache.put("lint", number, "fine", [__file__])

    assert len(entries(tmp_path)) == 4


def test_what_a_thread_opens_is_seen_and_what_it_writes_is_not(
    tmp_path: Path, schema: Path
) -> None:
    with watched() as opened:
        schema.read_text()
        (tmp_path / "report").mkdir()
        (tmp_path / "report/page").write_text("")

    mine = {path for path in opened if path.startswith(str(tmp_path))}
    assert mine == {str(schema), str(tmp_path)}
    assert verdict_cache.__file__ in opened


def test_a_known_answer_brings_the_files_that_it_rests_on(
    cache: Cache, tmp_path: Path, schema: Path
) -> None:
    cache.put("lint", "text", "fine", [str(schema)])

    with watched_everywhere() as opened:
        fresh(tmp_path).get("lint", "text")

    assert str(schema) in opened


def test_a_verdict_is_said_again_and_a_change_is_judged_anew(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [main(["check", "dev"], project) for _ in range(2)] == [0, 0]
    first, second = capsys.readouterr().out.splitlines()

    edit(project, "BillingMode:", "BilingMode:")
    code = main(["check", "dev"], project)

    assert second == f"{first}, as judged before"
    assert code == 1
    assert "BilingMode" in capsys.readouterr().out


def test_what_an_engine_that_was_ended_did_not_say_is_asked_again(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engines._whole_lines
    with monkeypatch.context() as killed:
        killed.setattr(engines, "_whole_lines", lambda *said: whole(*said)[:-1])
        assert main(["guard", "dev"], project) == 1
    assert "the engine crashed on it" in capsys.readouterr().out

    assert main(["guard", "dev"], project) == 0


def test_no_cache_judges_anew(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["guard", "dev"], project)
    capsys.readouterr()

    assert main(["guard", "dev", "--no-cache"], project) == 0

    assert "as judged before" not in capsys.readouterr().out


def test_findings_are_the_same_from_the_cache(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project, "Mode: Active", "Mode: PassThrough")
    command = ["guard", "dev", "--format", "json"]

    assert [main(command, project), main(command, project)] == [1, 1]

    told = capsys.readouterr()
    half = len(told.out) // 2
    assert told.out[:half] == told.out[half:]
    assert told.err.count("as judged before") == 1
