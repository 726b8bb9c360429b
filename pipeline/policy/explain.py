"""Everything that is known of the rules, for people: one of them in full, or all in a table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError, guess
from pipeline.policy import catalogue, rulebook, waivers
from pipeline.policy.rulebook import OUTCOMES, Rule

_TEXT = re.compile(r"<<(.*?)>>", re.DOTALL)
_NEXT = re.compile(r"^(?:rule|let) ", re.MULTILINE)


def rule(name: str, root: Path) -> str:
    """A rule's purpose, source, scope, messages and cases."""
    folder = root / "rules"
    files = rulebook.read_all(folder)
    known = {one.name: one for one in catalogue.rules(root)}
    if name not in known:
        raise UsageError(
            f"there is no rule {name}.",
            mend=f"`--list` shows all {len(known)}.{guess(name, sorted(known))}",
        )
    chosen = known[name]
    required = rulebook.required(folder, known.values())
    texts = {file.name: file.text for file in files}
    lines = [
        chosen.name,
        f"  {chosen.protects}",
        f"  Asked for by {chosen.source}",
        f"  Has to pass in: {required.in_words(chosen.name)}",
        f"  Written in {chosen.place}",
        *_says(chosen, texts.get(chosen.file, "")),
        *_cases(chosen, folder),
        *_waivers(chosen, root),
    ]
    return "\n".join(lines)


def table(root: Path) -> list[tuple[str, str, str, str]]:
    """Practice, rule, where it has to pass, and the line that asks for it, for every rule."""
    rules = catalogue.rules(root)
    required = rulebook.required(root / "rules", rules)
    return [(one.protects, one.name, required.in_words(one.name), one.source) for one in rules]


def show_table(root: Path) -> None:
    """The table: drawn on a terminal, with tabs between the columns elsewhere."""
    columns = ("practice", "rule", "has to pass in", "source")
    if not sys.stdout.isatty():
        for row in (columns, *table(root)):
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(*columns)
    for row in table(root):
        drawn.add_row(*(escape(cell) for cell in row))
    Console().print(drawn)


def _says(rule: Rule, text: str) -> Iterator[str]:
    """The messages of a Guard rule, and of the rules with parameters that it calls."""
    texts = list(dict.fromkeys(" ".join(said.split()) for said in _messages(rule.name, text)))
    if texts:
        yield "  It says:"
        yield from (f"    - {said}" for said in texts)


def _messages(name: str, text: str) -> Iterator[str]:
    body = _body(name, text)
    yield from _TEXT.findall(body)
    for called in dict.fromkeys(re.findall(r"^\s+(\w+)\(%", body, re.MULTILINE)):
        yield from _messages(called, text)


def _body(name: str, text: str) -> str:
    start = re.search(rf"^rule {name}\b", text, re.MULTILINE)
    if start is None:
        return ""
    end = _NEXT.search(text, start.end())
    return text[start.start() : end.start() if end else len(text)]


def _cases(rule: Rule, folder: Path) -> Iterator[str]:
    names = rulebook.cases(rule, folder)
    if not any(names.values()):
        return
    yield f"  Its cases, in rules/{rulebook.tests_of(rule.file)}:"
    for outcome in OUTCOMES:
        yield from (f"    {outcome}  {case}" for case in names[outcome])


def _waivers(rule: Rule, root: Path) -> Iterator[str]:
    for waiver in waivers.read(root / "rules", root):
        if waiver.rule == rule.name:
            where = f"{waiver.resource} in {waiver.environment}"
            yield f"  Waived for {where} until {waiver.expires}: {waiver.reason}"
