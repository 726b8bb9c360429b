"""The pages for people who work on this: the index of decisions."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs/decisions"
INDEX = (DECISIONS / "README.md").read_text()


def decisions() -> list[Path]:
    """The pages of docs/decisions/ in the order of their numbers, without the index."""
    return sorted(page for page in DECISIONS.iterdir() if page.name != "README.md")


def index_line(page: Path) -> str:
    """The index's line for a decision: its number, linked, and its heading."""
    heading = page.read_text().partition("\n")[0]
    title = re.sub(r"^# (\d{4} )?", "", heading)
    return f"- [{page.name[:4]}]({page.name}) {title}"


def section_of(line: str) -> str:
    """The first two digits of the heading above a line of the index."""
    above = INDEX.partition(line)[0]
    return str(re.findall(r"^## (\d\d)xx ", above, re.MULTILINE)[-1])


def test_the_index_lists_every_decision_and_nothing_else() -> None:
    expected = [index_line(page) for page in decisions()]

    listed = re.findall(r"^- .*$", INDEX, re.MULTILINE)

    assert len(expected) > 30
    assert listed == expected, "edit docs/decisions/README.md: a line for each page, by number"


def test_a_decision_stands_under_the_room_of_its_number() -> None:
    misplaced = [page.name for page in decisions() if section_of(index_line(page)) != page.name[:2]]

    assert misplaced == []


def test_no_two_decisions_have_one_number() -> None:
    numbers = [page.name[:4] for page in decisions()]

    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    assert sorted(set(numbers)) == numbers
