"""The source map of the real templates: every line and every value names its origin exactly."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipeline import render
from pipeline.environment import settings
from pipeline.findings import Place, Pointer
from pipeline.rendering.sourcemap import Line, SourceMap
from pipeline.rendering.templates import Templates

STATEMENT = re.compile(r"\s*\{%.*%\}\s*\Z")
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
ENVIRONMENTS = ("dev", "prod")
DOMAIN = {"name": "upload.example.com", "hosted_zone_id": "Z123", "certificate_arn": None}
OTHERS: dict[Pointer, Any] = {("website", "domain"): DOMAIN}
PIPELINE_ONLY = ("aws", "protected", "deployment_bucket")


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def context(request: pytest.FixtureRequest, root: Path) -> dict[str, Any]:
    return render._context(settings.load(request.param, root))


@pytest.fixture(scope="module")
def templates(root: Path) -> Templates:
    return Templates(root)


def test_every_visible_line_has_its_place(context: dict[str, Any], templates: Templates) -> None:
    text, source_map = templates.render(context)

    assert len(source_map.lines) == len(text.splitlines()) > 500
    lost = [
        number
        for number, (line, origin) in enumerate(
            zip(text.splitlines(), source_map.lines, strict=True), 1
        )
        if line.strip() and origin.place is None
    ]
    assert lost == []


def test_a_change_to_any_template_line_shows_on_lines_that_name_it(
    context: dict[str, Any], project: Path
) -> None:
    marked = dict(mark_lines(project))

    text, source_map = Templates(project).render(context)

    seen = set()
    for line, origin in zip(text.splitlines(), source_map.lines, strict=True):
        for number in re.findall(r"~(\d+)~", line):
            assert origin.place == marked[int(number)], line
            seen.add(int(number))
    assert len(seen) > 0.8 * len(text.splitlines())


def mark_lines(project: Path) -> Iterator[tuple[int, Place]]:
    """Put ~n~ at the end of each template line that can print something; n and its place."""
    numbers = count()
    for path in sorted((project / "templates").rglob("*.yaml.j2")):
        file = path.relative_to(project).as_posix()
        text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), path.read_text())
        lines = text.split("\n")
        for index, line in enumerate(lines):
            if line.strip() and not STATEMENT.match(line):
                number = next(numbers)
                lines[index] = f"{line} ~{number}~"
                yield number, Place(file, index + 1)
        path.write_text("\n".join(lines))


def test_a_change_to_any_setting_shows_on_lines_that_name_it(
    context: dict[str, Any], templates: Templates
) -> None:
    before = templates.render(context)
    silent = []

    for at, value in leaves(context, ()):
        after = templates.render(changed(context, at, OTHERS.get(at) or other(value)))
        lines = changed_lines(before, after)
        if not lines:
            silent.append(at)
        for line, text in lines:
            assert any(seen[: len(at)] == at for seen in line.values + line.when), (at, text)

    assert all(at[0] in PIPELINE_ONLY or not_here(at, context) for at in silent), silent


def not_here(at: Pointer, context: dict[str, Any]) -> bool:
    """Settings that speak of what the other environment has."""
    on_s3 = context["website"]["delivery"] == "s3_website"
    without_firewall = not context["website"]["waf"]["enabled"]
    off: dict[Pointer, bool] = {
        ("website", "price_class"): on_s3,
        ("website", "origin_key", "send"): on_s3,
        ("website", "origin_key", "accept"): on_s3,
        ("website", "domain"): on_s3,
        ("website", "waf", "enabled"): on_s3,
        ("website", "waf", "web_acl_arn"): without_firewall,
        ("website", "waf", "requests_in_five_minutes"): without_firewall,
        ("website", "waf", "sessions_in_five_minutes"): without_firewall,
        ("alarms", "email"): not context["alarms"]["enabled"],
        ("alarms", "dashboard"): not context["alarms"]["enabled"],
        ("alarms", "rollback_minutes"): not context["alarms"]["enabled"],
    }
    return off.get(at, False)


def leaves(value: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    else:
        yield at, value


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list | tuple):
        return [*value, 2]
    return f"{value}-x" if isinstance(value, str) else "x"


def changed(context: dict[str, Any], at: Pointer, value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(context)
    section: Any = copied
    for key in at[:-1]:
        section = section[key]
    section[at[-1]] = value
    return copied


def changed_lines(
    before: tuple[str, SourceMap], after: tuple[str, SourceMap]
) -> list[tuple[Line, str]]:
    """The lines that only one of two renders has, each with its own map's origin.

    Lines of the same text are told apart by what they depend on: two resources may end alike.
    """
    old, new = before[0].splitlines(), after[0].splitlines()
    matcher = difflib.SequenceMatcher(None, _keys(*before), _keys(*after), autojunk=False)
    found = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            found += [(before[1].lines[n], old[n]) for n in range(a, b)]
            found += [(after[1].lines[n], new[n]) for n in range(c, d)]
    return [(line, text) for line, text in found if text.strip()]


def _keys(text: str, source_map: SourceMap) -> list[tuple[str, tuple[Pointer, ...]]]:
    lines = zip(text.splitlines(), source_map.lines, strict=True)
    return [(line, tuple(origin.when)) for line, origin in lines]
