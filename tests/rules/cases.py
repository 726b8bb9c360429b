"""The cases beside the rules, as both engines read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.policy.rulebook import APPLICATION, GENERAL

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"


@dataclass(frozen=True)
class Case:
    """One case of a rules file: a template and what each of some rules has to say of it."""

    file: str
    name: str
    input: dict[str, Any]
    expected: dict[str, str]


@cache
def cases() -> list[Case]:
    """All of them, in the order of their files."""
    folders = (GENERAL, APPLICATION)
    paths = [path for name in folders for path in sorted((RULES / name).glob("tests/*_tests.yaml"))]
    return [case for path in paths for case in _read(path)]


def _read(path: Path) -> list[Case]:
    file = f"{path.parents[1].name}/{path.name.removesuffix('_tests.yaml')}.guard"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  a safe one
    return [
        Case(file, entry["name"], entry["input"], entry["expectations"]["rules"])
        for entry in entries
    ]
