"""What a visitor downloads, and what the pages may load."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.website.published import WEBSITE

PAGES = ("index.html", "phone.html")
BUDGET = 32_000
_LATE = re.compile(r'\bload\("([\w./-]+\.js)"')
_REFERENCE = re.compile(r'(?:from|import|href|src)\s*=?\s*\(?"([\w./-]+\.(?:js|css|svg))')

_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)


def loaded(*names: str) -> set[Path]:
    """Every file that comes with these, without words and without what comes late."""
    found: set[Path] = set()
    waiting = [WEBSITE / name for name in names]
    while waiting:
        path = waiting.pop()
        found.add(path)
        code = _COMMENT.sub("", path.read_text("utf-8"))
        wanted = {(path.parent / name).resolve() for name in _REFERENCE.findall(code)}
        waiting.extend(wanted - found)
    return {path for path in found if path.parent.name != "words"}


def late(page: str) -> set[Path]:
    """What a page loads once it is needed."""
    files = loaded(page, "config.json")
    names = [name for path in files for name in _LATE.findall(path.read_text("utf-8"))]
    return loaded(*names) - files if names else set()


def words(page: str) -> dict[str, list[Path]]:
    """What a page says, by language."""
    own = page.replace("index", "desktop").removesuffix("html")
    languages = [path.stem for path in (WEBSITE / "words").glob("*.js") if "." not in path.stem]
    return {
        language: [WEBSITE / f"words/{language}.js", WEBSITE / f"words/{own}{language}.js"]
        for language in languages
    }


def weight(files: Iterable[Path]) -> int:
    """Bytes that these files take on their way."""
    return sum(len(gzip.compress(path.read_bytes())) for path in files)


@pytest.mark.parametrize("page", PAGES)
def test_a_visit_is_under_32_kb_compressed_in_every_language(page: str) -> None:
    files = loaded(page, "config.json")

    sizes = {language: weight(files) + weight(said) for language, said in words(page).items()}

    assert len(files) > 15
    assert len(sizes) > 1
    assert max(sizes.values()) < BUDGET, sizes


@pytest.mark.parametrize(
    ("page", "among", "most"),
    [
        ("index.html", {"viewer.js", "zip.js"}, 10_500),
        ("phone.html", {"heif.js", "put.js"}, 15_000),
    ],
)
def test_what_comes_with_the_first_photo_is_small_beside_it(
    page: str, among: set[str], most: int
) -> None:
    files = late(page)

    assert {path.name for path in files} >= among
    assert weight(files) < most


def test_every_file_of_the_website_is_loaded_by_a_page() -> None:
    published = {path for path in WEBSITE.rglob("*") if path.is_file()}

    used: set[Path] = set()
    for page in PAGES:
        said = [path for paths in words(page).values() for path in paths]
        used |= loaded(page, "config.json") | late(page) | set(said)
    assert published == used


@pytest.mark.parametrize("page", PAGES)
def test_the_policy_allows_nothing_but_our_own_files_and_the_stacks_services(page: str) -> None:
    html = (WEBSITE / page).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)

    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert "unsafe" not in policy[1]
    assert "*" not in policy[1]
    services = set(re.findall(r"\$\{(\w+)\}", directives["connect-src"]))
    assert services >= {"HttpApiUrl", "UploadBucketHost"}
    assert ("WebSocketUrl" in services) == (page == "index.html")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_script_or_style_of_its_own_in_the_html(page: str) -> None:
    html = (WEBSITE / page).read_text("utf-8")

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_only_the_files_that_publishing_fills_in_name_outputs() -> None:
    naming = {
        path.name
        for path in WEBSITE.rglob("*")
        if path.is_file() and re.search(r"(?<!`)\$\{[A-Z]\w+\}", path.read_text("utf-8"))
    }

    assert naming == {*PAGES, "config.json"}
    config = json.loads((WEBSITE / "config.json").read_text("utf-8"))
    assert config == {
        "httpApiUrl": "${HttpApiUrl}",
        "webSocketUrl": "${WebSocketUrl}",
        "websiteUrl": "${WebsiteURL}",
    }
