"""The workflows: nothing that moves by itself, and no right that a job doesn't use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[1] / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def test_there_are_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "deploy.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_a_commit_with_its_version_beside_it(path: Path) -> None:
    used = [line.strip() for line in path.read_text().splitlines() if "uses: " in line]

    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_the_rights_that_it_names_and_no_others(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in jobs(path).values())


def test_what_runs_a_pull_requests_code_with_an_identity_can_not_write_to_it() -> None:
    rights = [set(job["permissions"]) for path in WORKFLOWS for job in jobs(path).values()]

    assert not [one for one in rights if {"id-token", "pull-requests"} <= one]
