"""No message prints kilobytes of a value, wherever the value comes from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from pipeline import lint, terminal
from pipeline.environment import settings
from pipeline.errors import UserError
from pipeline.findings import TOOL_LINT, Finding, Level, Place
from tests.conftest import ROOT

DEV = "environments/dev.yaml"
READABLE = 400  # characters of a line
LONG = "x" * 20_000
VALUES = {
    "a text": LONG,
    "many words": "many words " * 2_000,
    "many lines": "a\n" * 10_000,
    "a list": [LONG],
    "a mapping": {LONG: LONG},
    "digits": 10**3_000,
}


def sections(document: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key path of a document."""
    for key, value in document.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from sections(value, (*above, key))


COMMITTED = yaml.safe_load((ROOT / DEV).read_text())
KEYS = list(sections(COMMITTED))


def told(project: Path, document: Any) -> str:
    (project / DEV).write_text(json.dumps(document))
    try:
        settings.load("dev", project)
    except UserError as error:
        return str(error)
    return ""


def longest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_long_value_of_any_setting_is_cut(project: Path, value: object) -> None:
    for *above, key in KEYS:
        document = deepcopy(COMMITTED)
        section = document
        for name in above:
            section = section[name]
        section[key] = value

        said = told(project, document)

        assert said or (key == "profile" and isinstance(value, str))
        assert longest(said) < READABLE, key
        assert len(said) < 10 * READABLE


def test_a_long_key_is_cut(project: Path) -> None:
    for *above, key in KEYS:
        document = deepcopy(COMMITTED)
        section = document
        for name in above:
            section = section[name]
        section[LONG] = section.pop(key)

        said = told(project, document)

        assert said
        assert longest(said) < READABLE, key


@pytest.mark.parametrize("name", [LONG, "a\n" * 5_000])
def test_a_long_name_of_an_environment_is_cut(project: Path, name: str) -> None:
    with pytest.raises(UserError) as raised:
        settings.chosen([name], project)

    assert longest(str(raised.value)) < READABLE


def test_what_cfn_lint_repeats_is_cut_in_the_middle() -> None:
    rule = SimpleNamespace(id="E3012", severity="error", source_url="")
    match = SimpleNamespace(
        rule=rule, message=f"'{LONG}' is not of type 'object'", path=[], linenumber=1
    )

    said = lint._match(match).message

    assert len(said) <= lint.LONGEST + 1
    assert said.startswith("'xxx")
    assert said.endswith("xxx' is not of type 'object'")


def test_a_long_line_of_code_and_a_long_path_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"Name: {LONG}\n")
    finding = Finding(
        TOOL_LINT, "E1", Level.ERROR, "It is long.", pointer=("a", LONG), place=Place("a.yaml", 1)
    )
    stream = io.StringIO()

    terminal.show_findings([finding], tmp_path, stream)

    assert "Name: xxx" in stream.getvalue()
    assert longest(stream.getvalue()) < READABLE


def test_an_error_never_has_a_line_that_nobody_can_read() -> None:
    error = UserError(f"{LONG} is wrong.\nSo is {LONG}", mend=f"Write {LONG}.")

    assert longest(str(error)) < 3 * READABLE
    assert error.what.endswith("xxx")
