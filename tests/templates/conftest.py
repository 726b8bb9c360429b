"""Rendered stacks: the committed environments, and any change of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.environment import settings
from pipeline.render import Rendered, render
from pipeline.rendering.templates import Templates

Change = Callable[..., Rendered]


@pytest.fixture(scope="session")
def templates(root: Path) -> Templates:
    return Templates(root)


@pytest.fixture(scope="session")
def stacks(root: Path, templates: Templates) -> dict[str, Rendered]:
    """Every committed environment's template."""
    return {
        name: render(settings.load(name, root), root, templates) for name in settings.names(root)
    }


@pytest.fixture(scope="session")
def dev(stacks: dict[str, Rendered]) -> dict[str, Any]:
    return stacks["dev"].value


@pytest.fixture(scope="session")
def prod(stacks: dict[str, Rendered]) -> dict[str, Any]:
    return stacks["prod"].value


@pytest.fixture(params=["dev", "prod"])
def template(request: pytest.FixtureRequest, stacks: dict[str, Rendered]) -> dict[str, Any]:
    """Each committed environment's template in turn."""
    return stacks[request.param].value


@pytest.fixture
def changed(root: Path, tmp_path: Path, templates: Templates) -> Change:
    """changed("dev", {"uploads.keep_days": 3}): the template of an environment so changed."""

    def render_changed(base: str, changes: dict[str, Any]) -> Rendered:
        values = yaml.safe_load((root / f"environments/{base}.yaml").read_text())
        for path, value in changes.items():
            *sections, key = path.split(".")
            place = values
            for section in sections:
                place = place[section]
            assert key in place
            place[key] = value
        folder = tmp_path / "environments"
        folder.mkdir(exist_ok=True)
        (folder / f"{base}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
        return render(settings.load(base, tmp_path), root, templates)

    return render_changed
