"""nox: which words reach which station, and what a missing interpreter is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nox
import pytest

import noxfile
from pipeline.__main__ import main


@pytest.mark.parametrize(
    ("station", "posargs", "reach"),
    [
        ("render", ["dev"], ["dev"]),
        ("deploy", ["prod", "--confirm", "prod"], ["prod", "--confirm", "prod"]),
        ("render", ["prod", "--confirm", "prod"], ["prod"]),
        ("render", ["--confirm=prod", "prod"], ["prod"]),
        ("render", ["--check", "dev"], ["--check", "dev"]),
        ("deploy", ["--check", "dev"], ["dev"]),
        ("outputs", ["dev", "--format", "json"], ["dev", "--format", "json"]),
        ("deploy", ["dev", "--jsn"], ["dev", "--jsn"]),
        ("deploy", [], []),
    ],
)
def test_each_station_gets_the_words_that_are_its_own(
    station: str, posargs: list[str], reach: list[str]
) -> None:
    assert list(noxfile.arguments(station, posargs)) == reach


def test_the_options_of_the_table_exist(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for station, options in noxfile.OPTIONS.items():
        with pytest.raises(SystemExit):
            main([station, "--help"], root)
        told = capsys.readouterr().out
        for option in options:
            assert option in told, station


@pytest.mark.parametrize(
    ("platform", "installed", "taken"),
    [
        ("linux", ["3.11", "3.12"], "3.11"),
        ("linux", ["3.12", "3.14"], "3.12"),
        ("linux", ["3.13", "3.14"], "3.11"),
        ("darwin", ["3.12"], "3.11"),
        ("darwin", ["3.11", "3.12"], "3.11"),
        ("win32", ["3.12"], "3.12"),
    ],
)
def test_sessions_take_a_python_for_which_the_policy_engine_has_a_wheel(
    monkeypatch: pytest.MonkeyPatch, platform: str, installed: list[str], taken: str
) -> None:
    monkeypatch.setattr(
        noxfile, "get_interpreter", lambda version: version if version in installed else None
    )

    assert noxfile.python(platform) == taken


def test_a_plain_run_is_what_takes_no_minutes() -> None:
    assert nox.options.sessions == ["lint", "guard", "tests"]


def test_ci_runs_every_test_that_a_plain_pytest_leaves_out(root: Path) -> None:
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    left_out = {
        name for name in settings["norecursedirs"] if [*root.glob(f"tests/{name}/**/test_*")]
    }
    ci = (root / ".ci/run").read_text()

    assert left_out == {"browsers", "e2e", "example", "proofs", "second_opinion"}
    sessions = {name.replace("_", "-") for name in left_out}
    assert {name for name in sessions if f"nox -s {name}\n" not in ci} == set()


def test_the_first_failure_stops_the_run() -> None:
    assert nox.options.stop_on_first_error


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nonexistent"])
def test_a_missing_interpreter_is_an_error(root: Path, path: str) -> None:
    missing = ("-m", "nox", "-s", "render", "--force-python", "3.1", "--download-python", "never")

    done = run_nox(root, sys.executable, *missing, path=path)

    assert done.returncode != 0
    assert "3.1" in done.stdout + done.stderr


def test_the_list_says_in_a_line_what_each_session_does(root: Path) -> None:
    done = run_nox(root, sys.executable, "-m", "nox", "-l")

    lines = [line for line in done.stdout.splitlines() if line[:2] in {"* ", "- "}]
    assert len(lines) >= 12
    assert all(" -> " in line for line in lines)


def test_each_session_has_its_row_in_the_readme(root: Path) -> None:
    done = run_nox(root, sys.executable, "-m", "nox", "-l")
    names = re.findall(r"^[*-] ([\w-]+?)(?:-3\.\d+)? -> ", done.stdout, re.MULTILINE)

    rows = re.findall(r"^\| (`[^|]+`) \|", (root / "README.md").read_text(), re.MULTILINE)

    assert len(names) > 20
    assert sorted(set(names)) == sorted(
        {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    )


def test_each_station_has_a_session(root: Path) -> None:
    stations = {path.stem for path in (root / "pipeline/stations").glob("*.py")}
    source = (root / "noxfile.py").read_text()

    missing = {
        name
        for name in stations - {"__init__", "arguments", "environments"}
        if f"\ndef {name}(session" not in source
    }
    assert missing == set(), "noxfile.py: a session of that name, as CONTRIBUTING.md says"


def run_nox(root: Path, *command: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": path or os.environ["PATH"]}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
