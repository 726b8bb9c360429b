"""The engine installed: the example without a pipeline/ folder, guard in foreign repositories."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import pipeline
from pipeline.stations.new import write
from tests.conftest import ROOT
from tests.example.repositories import PASSED, python, ran, served

DEPENDENCIES = re.compile(
    r"^# What the pipeline needs\.\ndependencies = \[\n(?: .*\n)+\]\n", re.MULTILINE
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `uv build` makes of this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    local = ("--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder))
    ran(ROOT, "uv", "build", "--quiet", *local)
    assert sorted(path.suffix for path in folder.iterdir() if path.name != ".gitignore") == [
        ".gz",
        ".whl",
    ]
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel and what it depends on."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    ran(ROOT, "uv", "venv", "--quiet", "--python", sys.executable, str(place))
    where = ("--python", str(place / "bin/python"), "--constraint", str(ROOT / "requirements.lock"))
    ran(ROOT, "uv", "pip", "install", "--quiet", *where, str(wheel))
    return place / "bin"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example's repository without the engine."""
    folder = tmp_path / "parcels"
    write(folder, "parcels")
    for path in sorted((folder / "pipeline").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (folder / "pipeline").rmdir()
    return folder


def test_the_example_runs_by_the_installed_engine_alone(installed: Path, example: Path) -> None:
    engine = str(installed / "stack-pipeline")

    assert PASSED.search(ran(example, engine, "check"))
    ran(example, engine, "render")
    ran(example, engine, "package")
    as_module = ran(example, str(installed / "python"), "-m", "pipeline", "environments")

    assert (example / "build/prod/template.yaml").is_file()
    assert (example / "build/dev/worker.zip").is_file()
    assert [line.split()[0] for line in as_module.splitlines()] == ["dev", "prod"]


def test_the_installed_engine_says_its_version(installed: Path, tmp_path: Path) -> None:
    said = ran(tmp_path, str(installed / "stack-pipeline"), "--version")

    assert said == f"pipeline {pipeline.__version__}\n"


def test_the_installed_engine_writes_the_same_new_repository(
    installed: Path, tmp_path: Path
) -> None:
    ran(tmp_path, str(installed / "stack-pipeline"), "new", "by-wheel", "--name", "parcels")
    write(tmp_path / "by-checkout", "parcels")

    first, second = (contents(tmp_path / name) for name in ("by-wheel", "by-checkout"))
    assert len(first) > 200
    assert first == second


def contents(folder: Path) -> dict[str, tuple[bool, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (os.access(path, os.X_OK), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def pinned(example: Path, wheel: Path) -> Iterator[Path]:
    """The example with the wheel among its dependencies, as its README.md says."""
    with served(wheel) as address:
        path = example / "pyproject.toml"
        text, count = DEPENDENCIES.subn(
            f'dependencies = ["stack-pipeline @ {address}"]\n', path.read_text()
        )
        assert count == 1
        path.write_text(text)
        yield example


def test_sessions_use_the_engine_that_is_pinned(pinned: Path) -> None:
    python(pinned, "nox", "-s", "lock")
    said = python(pinned, "nox", "-s", "lint", "guard")

    assert PASSED.search(said)
    locked = (pinned / "requirements.lock").read_text()
    assert re.search(r"^stack-pipeline @ http\S+ \\\n    --hash=sha256:", locked, re.MULTILINE)


BARE = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n"


def test_the_hook_for_other_repositories_judges_their_templates(
    installed: Path, tmp_path: Path
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *words = shlex.split(hook["entry"])
    changed = ["template.yaml", "stacks/queue.template.yaml"]
    assert all(re.search(hook["files"], name) for name in changed)
    assert not re.search(hook["files"], "values.yaml")
    (tmp_path / "stacks").mkdir()
    for name in changed:
        (tmp_path / name).write_text(BARE)

    said = ran(tmp_path, str(installed / program), *words, *changed, code=1)

    for name in changed:
        assert f"{name}:2  error PRIVATE_BUCKETS_BLOCK_PUBLIC_ACCESS" in said
    assert hook["language"] == "python"
    assert "rules of rules/application" not in said
