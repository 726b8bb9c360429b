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

AUDIT = "audit"
LOCKS = ["requirements.lock", "requirements-audit.lock"]


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
    """What a lock has to hold: the audit's tools have one of their own."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    mine = [one for name, one in groups.items() if (name == AUDIT) == (AUDIT in lock)]
    if AUDIT not in lock:
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

    assert len(entries) > 80
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(root: Path, lock: str) -> None:
    assert "://" not in (root / lock).read_text()


def test_the_audit_s_tools_are_in_their_own_lock_alone(root: Path) -> None:
    assert "checkov" not in locked(root, "requirements.lock")
    assert "checkov" in locked(root, "requirements-audit.lock")
