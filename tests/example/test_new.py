"""Another stack by one command: made in a temporary folder, judged, deployed, destroyed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.stations.new import write
from tests.conftest import ROOT

NAME = "parcels"
PYTHON = re.compile(r"^  File ", re.MULTILINE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository, untouched."""
    folder = tmp_path_factory.mktemp("new") / "repository"
    write(folder, NAME)
    return folder


@pytest.fixture(scope="module")
def endpoint(made: Path) -> Iterator[Mapping[str, str]]:
    """The variables that lead to the new repository's own local AWS endpoint."""
    command = [sys.executable, "-m", "localcloud", "--aws-only", "--json"]
    with subprocess.Popen(command, cwd=made, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["environment"]
        finally:
            server.terminate()


def station(made: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """What a station says in the new repository; it has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=made, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not PYTHON.search(said)
    return said


def test_a_new_repository_is_clean_as_it_is(made: Path) -> None:
    assert "no findings in dev, prod" in station(made, "pipeline", "check")


def test_the_tests_of_a_new_repository_pass(made: Path) -> None:
    said = station(made, "pytest", "-q", "-p", "no:cacheprovider")

    assert "passed" in said
    assert "failed" not in said


@pytest.mark.parametrize(
    "linter",
    [
        ("ruff", "check", "--no-cache"),
        ("ruff", "format", "--check", "--no-cache"),
        ("codespell_lib",),
        ("yamllint", "--strict", "."),
    ],
    ids=" ".join,
)
def test_a_linter_finds_nothing_in_a_new_repository(made: Path, linter: tuple[str, ...]) -> None:
    station(made, *linter)


def test_a_new_stack_goes_the_whole_way_on_this_machine(
    made: Path, endpoint: Mapping[str, str]
) -> None:
    for words in (("render",), ("package",), ("plan", "dev"), ("deploy", "dev")):
        station(made, "pipeline", *words, env=endpoint)

    outputs = json.loads(station(made, "pipeline", "outputs", "dev", "--json", env=endpoint))
    assert outputs["ResultsName"] == f"{NAME}-results-dev"
    assert "is deployed as it is rendered" in station(made, "pipeline", "diff", "dev", env=endpoint)
    gone = station(made, "pipeline", "destroy", "dev", "--confirm", "dev", env=endpoint)
    assert f"{NAME}-dev is gone" in gone


def test_the_examples_name_is_nowhere_but_in_its_own_folder(made: Path) -> None:
    own = [path for path in made.rglob("*") if path.is_file() and path.suffix in {".py", ".yaml"}]

    named = [
        path.relative_to(made).as_posix()
        for path in own
        if re.search(r"\borders\b", path.read_text(encoding="utf-8"))
    ]

    assert [path for path in named if not path.startswith(("pipeline/", "noxfile.py"))] == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UserError, match="something already"):
        write(tmp_path, NAME)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["Parcels", "1st", "a", "under_score", "-x", "x" * 40])
def test_a_name_that_resources_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="can't begin the names of resources"):
        write(tmp_path / "new", name)

    assert list(tmp_path.iterdir()) == []


def test_what_the_example_depends_on_is_locked_with_it(made: Path) -> None:
    lock = (made / "requirements.lock").read_text(encoding="utf-8")

    assert lock == (ROOT / "requirements.lock").read_text(encoding="utf-8")
