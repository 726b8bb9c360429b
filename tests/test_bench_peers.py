"""Other programs beside ours: what they are given, and what is said where one isn't there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.bench.peers import stacks
from tests.bench.peers.__main__ import main
from tests.bench.peers.programs import CDK, HERE, PROGRAMS, NotInstalled, Program


def test_no_program_at_all_is_a_failure_and_each_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(program: Program) -> None:
        raise NotInstalled("the registry isn't reached")

    monkeypatch.setattr(Program, "install", refuse)

    assert main() == 1
    told = capsys.readouterr().out
    for program in PROGRAMS:
        assert f"{program.name} could not be installed: the registry isn't reached" in told


def test_what_can_not_be_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="nothing-of-this-name isn't on this machine"):
        CDK._run("nothing-of-this-name", folder=tmp_path)
    with pytest.raises(NotInstalled, match=r"python3 -c .* failed: no such wheel"):
        CDK._run("python3", "-c", "raise SystemExit('no such wheel')", folder=tmp_path)


def test_sceptre_gets_the_environment_file_and_our_parts(project: Path) -> None:
    command = stacks._sceptre(project)

    config = yaml.safe_load((command.folder / "config/dev.yaml").read_text())
    env = yaml.safe_load((project / "environments/dev.yaml").read_text())
    assert config["sceptre_user_data"] == {**env, "name": "dev"}
    parts = {path.name for path in (command.folder / "templates/parts").iterdir()}
    assert parts == {path.name for path in (project / "templates/parts").iterdir()}


def test_what_sceptre_prints_is_read_as_a_template() -> None:
    template = "---\nResources:\n  A:\n    Type: AWS::SQS::Queue\n"

    made = stacks._generated(Path(), f"--- {json.dumps(template)}\n")

    assert made == {"A": {"Type": "AWS::SQS::Queue"}}


def test_sam_has_to_say_that_the_template_is_valid(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sam says: Error"):
        stacks._validated(tmp_path, "Error: no")


def test_each_lock_names_its_program_and_the_cdks_command_line_is_locked_too() -> None:
    assert all(program.version[0].isdigit() for program in PROGRAMS)
    packages = json.loads((HERE / "cdk/package-lock.json").read_text())["packages"]
    assert "resolved" not in json.dumps(packages)
    assert packages["node_modules/aws-cdk"]["integrity"].startswith("sha512-")
