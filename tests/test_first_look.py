"""What a stranger's editor and GitHub read first: it fits what README.md says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml


def test_the_container_sets_up_what_the_readme_says(root: Path) -> None:
    container = json.loads((root / ".devcontainer/devcontainer.json").read_text())

    version = re.search(r"python:(3\.\d+)-", container["image"])
    assert version
    assert version[1] in {"3.11", "3.12"}
    assert f"{container['postCreateCommand']} && " in (root / "README.md").read_text()


def test_dependabot_renews_what_it_can_read(root: Path) -> None:
    renewed = yaml.safe_load((root / ".github/dependabot.yml").read_text())["updates"]

    assert {one["package-ecosystem"]: one["directory"] for one in renewed} == {
        "github-actions": "/",
        "npm": "/",
    }
    assert (root / "package-lock.json").is_file()
