"""The pages of this stack find what they need among its outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.environment import settings
from pipeline.render import render
from pipeline.website import published
from tests.conftest import ROOT


@pytest.mark.parametrize("name", settings.names(ROOT))
def test_the_projects_own_website_finds_its_outputs(root: Path, name: str) -> None:
    outputs = render(settings.load(name, root), root).value["Outputs"]

    found = published(root, dict.fromkeys(outputs, "https://example.com"))

    assert not [one.path for one in found if one.path.endswith(".html") and b"${" in one.data]
