"""The engine knows no application: none of the specification's names stands in pipeline/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

SPECIFICATION = ROOT / "docs/specification.md"
# What CloudFormation and this engine call so themselves.
EVERYBODYS = {"Environment", "ProjectName", "WebsiteURL"}


def names() -> set[str]:
    """Logical ids, outputs and parameters: what the specification's YAML refers to or exports."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    referred = re.findall(r"!(?:Ref|GetAtt) (\w+)|\$\{(\w+)[.}]", text)
    outputs = re.findall(r"^(\w+):\n  Description:", text, re.MULTILINE)
    keys = re.findall(r'"ParameterKey": "(\w+)"', text)
    found = {name for pair in referred for name in pair if name}
    return {name for name in {*found, *outputs, *keys} if not name.startswith("AWS")} - EVERYBODYS


def test_the_specification_is_where_the_names_are_taken_from() -> None:
    assert {"WebsiteBucket", "SessionsTable", "HttpApiLambda", "WebSocketApiId"} <= names()


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "pipeline").rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_module_of_the_engine_names_nothing_of_this_application(path: Path) -> None:
    words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))

    assert sorted(words & names()) == []


def test_the_engine_cites_no_specification_and_no_folder_of_this_application() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py")}

    citing = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, text in texts.items()
        for word in ("specification.md", "qr-upload", "qr_session", "session-uploads")
        if word in text
    ]
    assert citing == []
