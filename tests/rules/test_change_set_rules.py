"""The rules of change sets in the official program."""

from __future__ import annotations

from pipeline.deploying import change_rules
from tests.conftest import ROOT
from tests.rules import cli


def test_the_official_program_passes_every_case() -> None:
    done = cli.run("test", "-d", str(ROOT / change_rules.FOLDER))

    assert done.returncode == 0, done.stdout
