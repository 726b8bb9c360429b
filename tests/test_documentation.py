"""The pages for people who work on this: decisions and their index, the architecture."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from tests import architecture, example_finding

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs/decisions"
INDEX = (DECISIONS / "README.md").read_text()
ARCHITECTURE = (ROOT / architecture.PAGE).read_text()
NOXFILE = (ROOT / "noxfile.py").read_text()
PAGES = ["CONTRIBUTING.md", "README.md", "docs/architecture.md", "docs/decisions/README.md"]


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


def test_the_drawings_are_those_of_the_import_contracts() -> None:
    assert architecture.redrawn(ARCHITECTURE, ROOT) == ARCHITECTURE, "run: nox -s refresh"


def test_a_new_layer_changes_the_drawing(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (pipeline,) = [each for each in architecture.contracts(ROOT) if each.package == "pipeline"]
    *_, above, lowest = pipeline.layers
    old = f'"{" : ".join(lowest)}",'
    assert text.count(old) == 1
    (tmp_path / "pyproject.toml").write_text(text.replace(old, f'"x : {old[1:]}'))
    for folder in architecture.SOURCES.values():
        shutil.copytree(ROOT / folder, tmp_path / folder, dirs_exist_ok=True)

    page = architecture.redrawn(ARCHITECTURE, tmp_path)

    assert set(page.splitlines()) - set(ARCHITECTURE.splitlines()) == {
        '    room_x["x.py"]',
        *(f"    room_{room} --> room_x" for room in above),
    }


def test_a_page_without_a_place_for_the_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for"):
        architecture.redrawn("# Architecture", ROOT)


def test_every_room_of_the_pipeline_is_explained() -> None:
    (pipeline,) = [each for each in architecture.contracts(ROOT) if each.package == "pipeline"]
    rooms = [room for layer in pipeline.layers for room in layer]

    explained = re.findall(r"^\| `(\w+)` \|", ARCHITECTURE, re.MULTILINE)

    assert explained == rooms, "docs/architecture.md: a row for each room, from the top down"


def test_the_finding_in_the_readme_is_what_a_run_prints(tmp_path: Path) -> None:
    printed = example_finding.finding(ROOT, tmp_path)

    assert "The value comes from environments/prod.yaml:" in printed
    assert example_finding.shown((ROOT / "README.md").read_text()) == printed, "run: nox -s refresh"


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_file_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text())

    assert links
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_every_file_and_session_that_contributors_are_sent_to_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`([a-z][\w-]*/[\w./-]+)`", page)
    tested = re.findall(r"\btests/[\w./-]+", " ".join(re.findall(r"`pytest ([^`]+)`", page)))
    sessions = {name.replace("-", "_") for name in re.findall(r"nox -s ([\w-]+)", page)}

    missing = [path for path in [*paths, *tested] if not (ROOT / path).exists()]
    unknown = {name for name in sessions if f"\ndef {name}(session" not in NOXFILE}

    assert len(paths) > 20
    assert len(sessions) > 4
    assert missing == []
    assert unknown == set()


def test_the_functions_on_the_road_of_the_datum_exist() -> None:
    named = re.findall(r'-- "(\w+)\.(\w+)" -->', ARCHITECTURE)
    sources: dict[str, str] = defaultdict(str)
    for path in (ROOT / "pipeline").rglob("*.py"):
        sources[path.stem] += path.read_text()

    assert len(named) > 3
    assert [name for name in named if f"\ndef {name[1]}(" not in sources[name[0]]] == []
