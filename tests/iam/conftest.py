"""Rendered environments, and templates that differ from one of them in a value or two."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.environment import settings
from pipeline.environment.fields import BaseSettings
from pipeline.findings import Place, Pointer
from pipeline.iam import recording
from pipeline.iam.least_privilege import Flaw, flaws
from pipeline.iam.recording import Entry
from pipeline.render import Rendered, render
from pipeline.rendering.templates import Templates

ROOT = Path(__file__).parents[2]


@dataclass
class Changed:
    """A rendered template with another value, and the places of what it was made from."""

    rendered: Rendered
    value: dict[str, Any]

    @property
    def settings(self) -> BaseSettings:
        return self.rendered.settings

    @property
    def parameters(self) -> dict[str, str]:
        return self.rendered.parameters

    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]:
        return self.rendered.places(pointer)

    def properties(self, logical_id: str) -> dict[str, Any]:
        """A resource's properties, to change."""
        found: dict[str, Any] = self.value["Resources"][logical_id]["Properties"]
        return found

    def statement(self, role: str, sid: str) -> dict[str, Any]:
        """A role's statement, to change."""
        policies = self.properties(role)["Policies"]
        every = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        (found,) = [one for one in every if one["Sid"] == sid]
        statement: dict[str, Any] = found
        return statement

    def flaws(self, entries: list[Entry] | None = None) -> list[Flaw]:
        """What is wrong with it."""
        return flaws(self, recording.load(ROOT) if entries is None else entries)


@pytest.fixture(scope="session")
def templates(root: Path) -> Templates:
    return Templates(root)


@pytest.fixture(scope="session")
def stacks(root: Path, templates: Templates) -> dict[str, Rendered]:
    """Every committed environment's template."""
    return {
        name: render(settings.load(name, root), root, templates) for name in settings.names(root)
    }


@pytest.fixture(params=settings.names(ROOT))
def rendered(request: pytest.FixtureRequest, stacks: dict[str, Rendered]) -> Rendered:
    """Each committed environment in turn."""
    return stacks[request.param]


@pytest.fixture
def template(rendered: Rendered) -> Changed:
    """Each environment's template, to change."""
    return Changed(rendered, copy.deepcopy(rendered.value))


@pytest.fixture
def entries(root: Path) -> list[Entry]:
    """The committed recording."""
    return recording.load(root)


@pytest.fixture
def with_settings(root: Path, tmp_path: Path, templates: Templates) -> Callable[..., Changed]:
    """with_settings(uploads={"kms_key_arn": ...}): dev's template with other settings."""

    def changed(**sections: Any) -> Changed:
        values = yaml.safe_load((root / "environments/dev.yaml").read_text())
        for key, value in sections.items():
            values[key] = {**values[key], **value} if isinstance(value, dict) else value
        (tmp_path / "environments").mkdir()
        (tmp_path / "environments/dev.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
        one = render(settings.load("dev", tmp_path), root, templates)
        return Changed(one, copy.deepcopy(one.value))

    return changed
