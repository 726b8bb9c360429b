"""However fast it is asked, cfn-lint finds what its own command line finds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import copies, lint, render
from pipeline.errors import shortened
from pipeline.findings import Level
from pipeline.render import Rendered

CHECKS = ("--include-checks", "E", "W", "I", "--mandatory-checks", "E", "W", "I")
SHAPE = {"Type", "Properties"}  # without them cfn-lint stops early
Findings = list[tuple[str, int, str]]


def spoilt(value: Any, every: int) -> Any:
    """A template where one leaf of `every` is another one, and one key of `every` is misspelt."""
    count = iter(range(10**6))

    def misspelt(key: str) -> str:
        return key if key in SHAPE or next(count) % every != 7 else f"{key}x"

    def walk(here: Any) -> Any:
        if isinstance(here, dict):
            return {
                misspelt(key): inner if key == "Type" else walk(inner)
                for key, inner in here.items()
            }
        if isinstance(here, list):
            return [walk(inner) for inner in here]
        return here if next(count) % every else {str: -1, int: "no", bool: []}.get(type(here), "x")

    return {**value, "Resources": walk(value["Resources"])}


def theirs(template: Rendered, folder: Path) -> Findings:
    """What the command line says."""
    path = folder / f"{template.name}.yaml"
    path.write_text(template.text)
    program = str(Path(sys.executable).parent / "cfn-lint")
    region = ("--regions", template.settings.aws.region)
    said = subprocess.run(
        [program, "--format", "json", *CHECKS, *region, "--", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(said.stdout or "[]")
    return sorted(
        (
            one["Rule"]["Id"],
            one["Location"]["Start"]["LineNumber"],
            shortened(one["Message"], lint.LONGEST),
        )
        for one in found
        if one["Rule"]["Id"] not in lint._TOLD_ELSEWHERE
    )


def ours(template: Rendered) -> Findings:
    matches, _ = lint._ask(lint._Asked.of(template))
    return sorted((match.rule, match.line, match.message) for match in matches)


@pytest.mark.parametrize(
    ("name", "every"), [("dev", None), ("dev", 29), ("dev", 211), ("prod", None), ("prod", 83)]
)
def test_cfn_lint_finds_what_its_command_line_finds(
    root: Path, tmp_path: Path, name: str, every: int | None
) -> None:
    (template,) = render.render_all([name], root)
    if every:
        template = replace(template, text=json.dumps(spoilt(template.value, every), indent=1))

    found = ours(template)

    assert found == theirs(template, tmp_path)
    assert any(rule.startswith("E") for rule, _, _ in found) is bool(every)


def test_copies_of_the_process_find_what_one_process_finds(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = render.render_all(["dev", "prod"], root)
    spoilt_ones = [
        replace(template, text=json.dumps(spoilt(template.value, every), indent=1))
        for template in rendered
        for every in (29, 211)
    ]

    monkeypatch.setattr(copies, "cores", lambda: 1)
    alone = lint.lint(spoilt_ones, root)
    monkeypatch.setattr(copies, "cores", lambda: 2)
    shared = lint.lint(spoilt_ones, root)

    assert shared == alone
    assert len({finding.environment for finding in shared if finding.level is Level.ERROR}) == 2
