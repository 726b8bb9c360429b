"""rules/ -> docs/policy.md: which rule protects what, why, and where it has to pass.

`python -m pipeline.policy` writes the page; a test says whether it is current.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import files, guard_rules
from pipeline.guard_rules import Required, Rule, RulesFile

PAGE = "docs/policy.md"
_SOURCES = ("specification.md", "docs/")
_HEAD = """# Policy

Generated from rules/ by `python -m pipeline.policy`; a test says whether it is current.

Each rule is judged on the rendered template of each environment. Where it is required, it has to
pass: a rule that finds nothing to judge fails there. Where it isn't, it may find nothing, but it
may not fail. Its cases, with the ways around it, stand in rules/tests/.
"""


def page(root: Path) -> str:
    """The whole page, from what the rules files say of themselves."""
    folder = root / "rules"
    found = guard_rules.read(folder)
    required = guard_rules.required(folder, found)
    total = sum(len(file.rules) for file in found)
    parts = [_HEAD, f"{total} rules in {len(found)} files.\n"]
    return "\n".join([*parts, *(_section(file, required) for file in found)])


def _section(file: RulesFile, required: Required) -> str:
    rows = [_row(rule, required) for rule in file.rules]
    head = ["| rule | protects | source | required in |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {file.name}", "", *head, *rows, ""])


def _row(rule: Rule, required: Required) -> str:
    protects, source = _parts(rule.comment)
    cells = [f"`{rule.name}`", protects, source, _tiers(rule.name, required)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _parts(comment: str) -> tuple[str, str]:
    """What the rule protects, and the line of the specification or the page that asks for it."""
    lines = comment.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith(_SOURCES)), len(lines))
    return " ".join(lines[:at]), " ".join(lines[at:])


def _tiers(rule: str, required: Required) -> str:
    if rule in required.optional:
        return f"where it applies: {required.optional[rule]}"
    tiers = required.tiers_of(rule)
    return "every environment" if tiers == list(guard_rules.TIERS) else ", ".join(tiers)


if __name__ == "__main__":
    repository = Path(__file__).parents[1]
    files.write(repository / PAGE, page(repository).encode())
