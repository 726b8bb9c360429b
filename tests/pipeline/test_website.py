"""The website as it is published: filled in, typed, in an order in which no page lacks a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.website import Page, published

OUTPUTS = {"ApiUrl": "https://api.example.com", "Host": "files.example.com:8080"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "website"
    (folder / "words").mkdir(parents=True)
    (folder / "index.html").write_text('<meta content="connect-src ${ApiUrl} ${Host}">\n')
    (folder / "config.json").write_text('{\n  "api": "${ApiUrl}"\n}\n')
    (folder / "main.js").write_text("export const text = `${name}`;\n")
    (folder / "words" / "en.js").write_text("export const words = {};\n")
    (folder / "jsconfig.json").write_text("{}")
    (folder / ".hidden").write_text("")
    return tmp_path


def pages(site: Path) -> dict[str, Page]:
    return {page.path: page for page in published(site, OUTPUTS)}


def test_pages_and_configuration_hold_the_stacks_outputs(site: Path) -> None:
    found = pages(site)

    csp = b"connect-src https://api.example.com files.example.com:8080"
    assert csp in found["index.html"].data
    assert found["config.json"].data == b'{\n  "api": "https://api.example.com"\n}\n'


def test_other_files_are_published_as_they_are(site: Path) -> None:
    assert pages(site)["main.js"].data == (site / "website/main.js").read_bytes()


def test_what_a_page_needs_is_put_before_it(site: Path) -> None:
    paths = [page.path for page in published(site, OUTPUTS)]

    assert paths == ["main.js", "words/en.js", "config.json", "index.html"]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("config.json", "application/json; charset=utf-8"),
        ("words/en.js", "text/javascript; charset=utf-8"),
    ],
)
def test_every_file_has_its_type_and_is_asked_for_each_time(
    site: Path, path: str, content_type: str
) -> None:
    page = pages(site)[path]

    assert (page.content_type, page.cache_control) == (content_type, "no-cache")


def test_an_unknown_output_is_named_with_its_line(site: Path) -> None:
    (site / "website/config.json").write_text('{\n  "api": "${ApiURL}"\n}\n')

    with pytest.raises(UserError) as refused:
        published(site, OUTPUTS)

    assert refused.value.where == "website/config.json:2"
    assert "'ApiURL'" in refused.value.what
    assert "ApiUrl, Host" in refused.value.mend


@pytest.mark.parametrize("value", ['"><script>', "a b", "x\ny", "'", "https://é.example"])
def test_an_output_that_could_change_the_page_is_refused(site: Path, value: str) -> None:
    with pytest.raises(UserError, match="special meaning"):
        published(site, OUTPUTS | {"Host": value})


def test_a_file_of_an_unknown_kind_is_refused(site: Path) -> None:
    (site / "website/notes.docx").write_text("")

    with pytest.raises(UserError) as refused:
        published(site, OUTPUTS)

    assert refused.value.where == "website/notes.docx"


def test_a_page_that_is_no_utf_8_is_refused(site: Path) -> None:
    (site / "website/index.html").write_bytes(b"\xff")

    with pytest.raises(UserError, match="byte 0 is not UTF-8"):
        published(site, OUTPUTS)


def test_a_website_without_a_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no page"):
        published(tmp_path, OUTPUTS)
