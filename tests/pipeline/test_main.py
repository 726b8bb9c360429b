"""The command line: exit codes, one screen of words, never a traceback for a user's mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline import __main__ as command
from pipeline.errors import UserError, tell
from pipeline.stations import refresh
from tests.pipeline.scripted_aws import PROJECT
from tests.pipeline.templates import edit


def run(*argv: str, root: Path) -> int:
    return command.main(argv, root)


def test_environments_are_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("environments", root=root) == 0

    lines = capsys.readouterr().out.splitlines()
    names = sorted(path.stem for path in (root / "environments").glob("*.yaml"))
    assert [line.split()[:2] for line in lines] == [[name, f"{PROJECT}-{name}"] for name in names]


def test_render_writes_only_what_was_named(project: Path) -> None:
    assert run("render", "dev", root=project) == 0

    assert sorted(path.name for path in (project / "build").iterdir()) == ["dev"]
    parameters = json.loads((project / "build/dev/parameters.json").read_bytes())
    assert parameters[0] == {"ParameterKey": "Environment", "ParameterValue": "dev"}


def test_render_check_compares_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("render", "--check", root=project) == 1
    assert "build/dev/template.yaml is not what would be rendered now." in capsys.readouterr().out
    assert not (project / "build").exists()

    run("render", root=project)

    assert run("render", "--check", root=project) == 0


def test_render_check_knows_that_packaging_fills_in_keys(project: Path) -> None:
    run("render", "dev", root=project)
    run("package", "dev", root=project)

    assert run("render", "--check", "dev", root=project) == 0

    (project / "build/dev/parameters.json").write_text("[]")
    assert run("render", "--check", "dev", root=project) == 1


def test_render_says_when_a_template_leaves_no_source_map(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "templates/main.yaml.j2"
    path.write_text(
        "{% macro m() %}x{% endmacro %}\n" + path.read_text() + "# {{ m() | length }}\n"
    )

    assert run("render", "dev", root=project) == 0

    assert "dev: no source map" in capsys.readouterr().err


def test_another_environment_is_one_more_file(project: Path) -> None:
    prod = (project / "environments/prod.yaml").read_text()
    (project / "environments/staging.yaml").write_text(prod)

    assert run("render", "staging", root=project) == 0
    assert "Environment: staging" in (project / "build/staging/template.yaml").read_text()


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["render", "deb"], 2, "there is no environment 'deb'."),
        (["rendr"], 2, "there is no station 'rendr'."),
        (["rendr"], 2, "Did you mean render?"),
        (["render", "--chek"], 2, "usage: python -m pipeline render"),
        (["guard", "--format", "xml"], 2, "usage: python -m pipeline guard"),
        ([], 2, "STATION"),
        (["deploy"], 2, "Environments: "),
        (["deploy", "dev", "prod"], 2, "takes exactly one"),
        (["plan"], 2, "which environment?"),
        (["render", "--chek"], 2, "unrecognized arguments: --chek"),
        (["render", "../../etc/passwd"], 2, "there is no environment"),
        (["deploy", "dev", "--code-only", "--import"], 2, "--import would do nothing"),
        (["deploy", "dev", "--code-only", "--confirm", "dev"], 2, "--confirm would do nothing"),
        (["guard", "--list", "--output", "rules.txt"], 2, "--list shows rules"),
        (["guard", "--explain", "KEYS_ROTATE", "--format", "json"], 2, "--explain shows rules"),
        (["guard", "dev", "--output", ""], 2, "no file's name"),
        (["restore", "dev", "--to", "yesterday", "--confirm", "dev"], 2, "isn't a time"),
        (["new", "there", "--name", "Not a name"], 2, "can't begin the names"),
    ],
)
def test_a_wrong_command_line_is_answered_in_words(
    project: Path, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, says: str
) -> None:
    assert run(*argv, root=project) == code

    told = capsys.readouterr()
    assert says in told.err
    assert "Traceback" not in told.err
    assert len(told.err.splitlines()) < 12


def test_a_finding_fails_the_station_and_shows_the_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = edit(project, "BillingMode:", "BilingMode:")

    assert run("lint", "dev", root=project) == 1

    out = capsys.readouterr().out
    assert f"{file}:" in out
    assert "> " in out
    assert "in dev" in out.splitlines()[-1]


def test_the_engine_says_its_version_and_its_exit_codes(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--version"], ["--help"], ["render", "--help"]):
        with pytest.raises(SystemExit) as ended:
            run(*words, root=root)
        assert ended.value.code == 0

    version, _, helped = capsys.readouterr().out.partition("\n")
    assert version == f"pipeline {pipeline.__version__}"
    for code in (0, 1, 2, 3, 130, 143):
        assert len(re.findall(rf"^  {code} +[a-z]", helped, re.MULTILINE)) == 2


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("python -m pipeline re", {"refresh", "render", "restore"}),
        ("python -m pipeline render --c", {"--check"}),
        ("python -m pipeline guard --format s", {"sarif"}),
        ("python -m pipeline plan p", {"prod"}),
    ],
)
def test_a_shell_completes_stations_options_and_environments(
    root: Path, tmp_path: Path, line: str, offered: set[str]
) -> None:
    answer = tmp_path / "answer"
    asked = {
        "_ARGCOMPLETE": "3",  # words before the program's own: python -m pipeline
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }

    subprocess.run([sys.executable, "-m", "pipeline"], cwd=root, env=os.environ | asked, check=True)

    assert {word.strip() for word in answer.read_text().split("\v")} == offered


def test_a_shell_finds_the_mark_that_completion_looks_for(root: Path) -> None:
    assert b"PYTHON_ARGCOMPLETE_OK" in (root / "pipeline/__main__.py").read_bytes()[:1024]


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (3, 14)])
def test_another_python_is_told_in_words(version: tuple[int, int]) -> None:
    with pytest.raises(UserError, match=f"this is Python {version[0]}.{version[1]}"):
        command._check_python(version)


def test_the_supported_pythons_are_the_declared_ones(root: Path) -> None:
    assert 'requires-python = ">=3.11,<3.13"' in (root / "pyproject.toml").read_text()
    for version in ((3, 11), (3, 12)):
        command._check_python(version)


def test_an_error_goes_to_standard_error_without_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(UserError("it is [bold]0[/bold].", where="dev.yaml:3", mend="Write 1."))

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "dev.yaml:3: it is [bold]0[/bold].\nWrite 1.\n"


def test_without_its_dependencies_it_says_how_to_get_them(root: Path) -> None:
    bare = [sys.executable, "-S", "-m", "pipeline", "render"]

    done = subprocess.run(bare, cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "is not installed here." in done.stderr
    assert "Traceback" not in done.stderr


def test_another_folder_than_the_projects_is_told_in_words(root: Path, tmp_path: Path) -> None:
    (tmp_path / "pipeline").symlink_to(root / "pipeline")

    ran = subprocess.run(
        [sys.executable, "-m", "pipeline", "render"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.startswith("environments/schema.py: it isn't there")


SETTINGS = "from pipeline.environment.fields import BaseSettings\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class (:\n", ":1: Python stops here: SyntaxError: "),
        ("a = 1\nraise ValueError('odd')\n", ":2: Python stops here: ValueError: odd."),
        ("", ": Python stops here: ImportError: cannot import name 'Settings'"),
        ("from pipeline.nosuch import x\n", ":1: Python stops here: ModuleNotFoundError: "),
        (f"{SETTINGS}class Settings(BaseSettings):\n    a: 'Nope'\n",
         ": Python stops here: PydanticUserError: `Settings` is not fully defined"),
    ],
    ids=["no Python", "an error in it", "half written", "a module of ours", "an unknown type"],
)  # fmt: skip
def test_a_schema_that_python_stops_at_is_named_with_its_line(
    text: str, said: str, root: Path, project: Path
) -> None:
    (project / "environments/schema.py").write_text(text)

    ran = subprocess.run(
        [sys.executable, "-m", "pipeline", "render", "dev"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"environments/schema.py{said}")
    assert "Traceback" not in ran.stderr


def test_every_module_of_the_stations_is_at_the_command_line_and_says_its_options(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers = {"__init__", "arguments"}
    modules = {path.stem for path in (root / "pipeline/stations").glob("*.py")} - helpers

    for name in modules:
        with pytest.raises(SystemExit):
            run(name, "--help", root=root)
    with pytest.raises(SystemExit):
        run("--help", root=root)

    told = capsys.readouterr().out
    listed = set(re.findall(r"^    (\w+)(?: |$)", told.rpartition("STATION\n")[2], re.MULTILINE))
    assert listed == modules
    assert "[--clean-up]" in told


def test_refresh_runs_what_the_project_derives_itself(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text('[tool.pipeline]\nderived = ["pages"]\n')
    (project / "pages.py").write_text("open('page.md', 'w').write('fresh')\n")

    assert run("refresh", root=project) == 0

    assert (project / "page.md").read_text() == "fresh"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[tool.pipeline]\nderived = ["nowhere"]\n', "python -m nowhere ended with exit code 1"),
        ('[tool.pipeline]\nderived = "pages"\n', "tool.pipeline.derived isn't a list"),
        ("[tool.pipeline\n", "this isn't TOML"),
    ],
)
def test_refresh_fails_where_a_derived_file_can_not_be_written(
    project: Path, capfd: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    (project / "pyproject.toml").write_text(text)

    assert run("refresh", root=project) == 1

    assert f"pyproject.toml: {says}" in capfd.readouterr().err


def test_ctrl_c_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(refresh, "run", interrupted)

    assert run("refresh", root=root) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(refresh, "run", broken)

    with pytest.raises(ZeroDivisionError):
        run("refresh", root=root)


def test_render_imports_nothing_that_it_does_not_need(root: Path) -> None:
    code = (
        "import sys; from pipeline.__main__ import main; main(['environments']);"
        "print([m for m in ('boto3', 'botocore', 'cfnlint', 'cfn_guard_rs', 'rich', 'moto')"
        " if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
