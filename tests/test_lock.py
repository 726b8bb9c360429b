"""requirements.lock: it fits pyproject.toml, and names no place to download from."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


def locked(root: Path) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = defaultdict(list)
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)",
        (root / "requirements.lock").read_text(),
        re.MULTILINE,
    ):
        found[canonicalize_name(name)].append(Version(version))
    return found


def declared(root: Path) -> list[Requirement]:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    return [Requirement(one) for group in groups.values() for one in group if isinstance(one, str)]


def test_every_declared_dependency_is_locked_within_its_bounds(root: Path) -> None:
    versions = locked(root)

    missing = [
        str(one)
        for one in declared(root)
        if not any(one.specifier.contains(v) for v in versions[canonicalize_name(one.name)])
    ]

    assert missing == [], "run: nox -s lock"


def test_every_locked_version_has_its_hashes(root: Path) -> None:
    text = (root / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())

    assert len(entries) > 80
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_address(root: Path) -> None:
    assert "://" not in (root / "requirements.lock").read_text()
