"""rules/ -> docs/policy.md: which rule protects what, why, and where it has to pass.

`refresh` writes the page; a test says whether it is current.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.policy import catalogue, rulebook, unprotected
from pipeline.policy.rulebook import Required, Rule

FILE = "docs/policy.md"
_HEAD = """# Policy

Generated from rules/ by `nox -s refresh`; a test says whether it is current.

Each rule is judged on the rendered template of each environment. Where it is required, it has to
pass: a rule that finds nothing to judge fails there. Where it isn't, it may find nothing, but it
may not fail. Its cases, with the ways around it, stand in tests/ beside it.
rules/general/ judges any stack, rules/application/ this one. The files after those are in
pipeline/policy/: what Guard's language can't say. `nox -s guard -- --explain RULE`
tells everything about one of them.
"""

_UNPROTECTED = """## Leaves that no rule protects

A test flips, empties and removes every leaf of every environment's template, puts a literal in the
place of every reference, adds each property that the schemas offer, an item to each list and other
variables, deletes every resource, and records which rule notices (tests/golden/mutations.txt). What
none notices stands in rules/unprotected.yaml with its reason; a leaf that isn't there, and a reason
that nothing needs, fail the test. `*` is one key, `**` any number.
"""


def text(root: Path) -> str:
    """The whole page, from what the rules say of themselves."""
    rules = catalogue.rules(root)
    required = rulebook.required(root / "rules", rules)
    by_file: dict[str, list[Rule]] = {}
    for rule in rules:
        by_file.setdefault(rule.file, []).append(rule)
    parts = [_HEAD, f"{len(rules)} rules in {len(by_file)} files.\n"]
    sections = [_section(*item, required) for item in by_file.items()]
    return "\n".join([*parts, *sections, _unprotected(unprotected.read(root))])


def _unprotected(exceptions: unprotected.Exceptions) -> str:
    """What no rule protects, and why."""
    head = ["| leaves | unnoticed | why |", "| --- | --- | --- |"]
    changed = [_exception(one, ", ".join(one.survives)) for one in exceptions.leaves]
    added = [_exception(one, "add, item, rename") for one in exceptions.additions]
    deleted = [_exception(one, "delete") for one in exceptions.deletions]
    return "\n".join([_UNPROTECTED, *head, *changed, *added, *deleted, ""])


def _exception(entry: unprotected.Unprotected, unnoticed: str) -> str:
    return f"| {'<br>'.join(f'`{path}`' for path in entry.at)} | {unnoticed} | {entry.reason} |"


def _section(file: str, rules: Sequence[Rule], required: Required) -> str:
    rows = [_row(rule, required) for rule in rules]
    head = ["| rule | protects | source | required in |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {file}", "", *head, *rows, ""])


def _row(rule: Rule, required: Required) -> str:
    cells = [f"`{rule.name}`", rule.protects, rule.source, required.in_words(rule.name)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
