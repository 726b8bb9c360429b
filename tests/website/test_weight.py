"""What a visitor downloads, and what the pages may load."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.website.published import WEBSITE

PAGES = ("index.html", "phone.html")
BUDGET = 30_000
_REFERENCE = re.compile(r'(?:from|import|href|src)\s*=?\s*\(?"([\w./-]+\.(?:js|css|svg))')

_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)


def loaded(page: str) -> set[Path]:
    """Every file that a page can come to load, in all languages."""
    found, waiting = set(), [WEBSITE / page, WEBSITE / "config.json"]
    while waiting:
        path = waiting.pop()
        found.add(path)
        code = _COMMENT.sub("", path.read_text("utf-8"))
        names = _REFERENCE.findall(code)
        wanted = {(path.parent / name).resolve() for name in names if "://" not in name}
        if path.name == "i18n.js":
            wanted |= set((WEBSITE / "words").glob("*.js"))
        waiting.extend(wanted - found)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_all_that_it_loads_is_under_30_kb_compressed(page: str) -> None:
    sizes = {path: len(gzip.compress(path.read_bytes())) for path in loaded(page)}
    words = [size for path, size in sizes.items() if path.parent.name == "words"]

    size = sum(sizes.values()) - sum(words) + max(words)

    assert len(sizes) > 15
    assert size < BUDGET, f"{page}: {size} bytes in {len(sizes)} files"


def test_every_file_of_the_website_is_loaded_by_a_page() -> None:
    published = {path for path in WEBSITE.rglob("*") if path.is_file()}

    assert published == loaded("index.html") | loaded("phone.html")


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
