"""The locks: they fit pyproject.toml, and name no place to download from."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

OWN = {  # groups with a lock of their own
    "audit": "requirements-audit.lock",
    "second-opinion": "requirements-second-opinion.lock",
    "peer-cdk": "tests/bench/peers/requirements-cdk.lock",
    "peer-sam": "tests/bench/peers/requirements-sam.lock",
    "peer-sceptre": "tests/bench/peers/requirements-sceptre.lock",
}
LOCKS = ["requirements.lock", *OWN.values()]


def locked(root: Path, lock: str) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = defaultdict(list)
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)",
        (root / lock).read_text(),
        re.MULTILINE,
    ):
        found[canonicalize_name(name)].append(Version(version))
    return found


def declared(root: Path, lock: str) -> list[Requirement]:
    """What a lock has to hold: some groups have one of their own."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    mine = [one for name, one in groups.items() if OWN.get(name, "requirements.lock") == lock]
    if lock == "requirements.lock":
        mine.append(project["project"]["dependencies"])
    return [Requirement(one) for group in mine for one in group if isinstance(one, str)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_declared_dependency_is_locked_within_its_bounds(root: Path, lock: str) -> None:
    versions = locked(root, lock)

    missing = [
        str(one)
        for one in declared(root, lock)
        if not any(one.specifier.contains(v) for v in versions[canonicalize_name(one.name)])
    ]

    assert missing == [], "run: nox -s lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_its_hashes(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())

    assert len(entries) > 10
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(root: Path, lock: str) -> None:
    assert "://" not in (root / lock).read_text()


@pytest.mark.parametrize(
    ("tool", "lock"),
    [
        ("checkov", "requirements-audit.lock"),
        ("ministack", "requirements-second-opinion.lock"),
        ("aws-cdk-lib", OWN["peer-cdk"]),
        ("aws-sam-cli", OWN["peer-sam"]),
        ("sceptre", OWN["peer-sceptre"]),
    ],
)
def test_a_tool_that_fits_no_other_is_in_its_own_lock_alone(
    root: Path, tool: str, lock: str
) -> None:
    assert [one for one in LOCKS if tool in locked(root, one)] == [lock]


def test_the_second_opinion_has_all_that_a_deployment_may_import(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    group = locked(root, OWN["second-opinion"])

    assert [one for one in map(Requirement, project["dependencies"]) if one.name not in group] == []
