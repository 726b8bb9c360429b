"""The function that runs before the pages, as it is rendered, in Node.js as CloudFront runs it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from localcloud.application.edge.viewer_functions import ViewerFunctions
from tests.templates.conftest import Change
from tests.templates.shapes import properties
from tests.website.published import WEBSITE

DOMAIN = "upload.example.com"
LINK = "1.7d936790-496d-4289-a424-0e49cc069aee.Qm3x-0aZ_kP7sL2vT9bN4cR8yW1eH6uJ"
FILES = sorted(path.relative_to(WEBSITE).as_posix() for path in WEBSITE.rglob("*.*"))


def _answers(template: dict[str, Any], *uris: str, host: str = "d1.cloudfront.net") -> list[Any]:
    """What the function makes of requests."""
    code = str(properties(template, "PagesFunction")["FunctionCode"])
    request = {"method": "GET", "querystring": {}, "headers": {"host": {"value": host}}}

    async def run() -> list[Any]:
        functions = ViewerFunctions()
        try:
            return [
                await functions.run(code, {"request": {**request, "uri": path}}, query)
                for path, query in map(_parted, uris)
            ]
        finally:
            await functions.close()

    return asyncio.run(run())


def _parted(uri: str) -> tuple[str, str | None]:
    """An address's path, and what follows its question mark."""
    path, mark, query = uri.partition("?")
    return path, query if mark else None


def _asked(template: dict[str, Any], uri: str, host: str = "d1.cloudfront.net") -> Any:
    return _answers(template, uri, host=host)[0]


def test_every_published_file_is_asked_for_by_its_own_name(prod: dict[str, Any]) -> None:
    assert {"index.html", "words/desktop.en.js", "icon.svg"} <= set(FILES)
    uris = [f"/{file}" for file in FILES]
    assert [answer["uri"] for answer in _answers(prod, *uris)] == uris


@pytest.mark.parametrize(
    "uri", ["/", "/some/where", "/some/where/", "/phone", "/a.b/c", "/a.", "/%2e%2e/x", "//", "/."]
)
def test_an_address_that_can_be_no_file_is_the_page(prod: dict[str, Any], uri: str) -> None:
    assert _asked(prod, uri)["uri"] == "/index.html"


@pytest.mark.parametrize(
    "name",
    [
        *(f"phone.html{sign}{LINK}" for sign in ("%23", "%2523", "%252523")),
        *("phone", "Phone", "Phone.html", "PHONE.HTML", "phone.htm", "phone.html%20"),
    ],
)
def test_a_link_that_arrived_damaged_reaches_the_page_that_mends_it(
    prod: dict[str, Any], name: str
) -> None:
    assert _asked(prod, f"/{name}")["uri"] == "/index.html"


@pytest.mark.parametrize("uri", ["/missing.js", "/words/missing.en.js", "/robots.txt"])
def test_a_file_that_is_missing_stays_missing(prod: dict[str, Any], uri: str) -> None:
    assert _asked(prod, uri)["uri"] == uri


def test_nothing_else_of_a_request_is_changed(prod: dict[str, Any]) -> None:
    asked = _asked(prod, "/phone.html")

    assert asked == {
        "method": "GET",
        "uri": "/phone.html",
        "querystring": {},
        "headers": {"host": {"value": "d1.cloudfront.net"}},
    }


@pytest.fixture
def with_a_domain(changed: Change) -> dict[str, Any]:
    domain = {"name": DOMAIN, "hosted_zone_id": "Z0123456789ABC", "certificate_arn": None}
    return changed("prod", {"website.domain": domain}).value


@pytest.mark.parametrize(
    "uri", ["/", "/phone.html", "/?lang=ar", "/some/where?b=2&a=%20%2B+x&a=&b&c=%3F?"]
)
def test_cloudfront_s_own_name_leads_to_the_same_address_of_the_domain(
    with_a_domain: dict[str, Any], uri: str
) -> None:
    old = _asked(with_a_domain, uri)
    own = _asked(with_a_domain, uri, DOMAIN)

    assert (old["statusCode"], old["headers"]["location"]["value"]) == (
        301,
        f"https://{DOMAIN}{uri}",
    )
    assert "statusCode" not in own


def test_a_question_mark_with_nothing_after_it_may_go(with_a_domain: dict[str, Any]) -> None:
    old = _asked(with_a_domain, "/phone.html?")

    assert old["headers"]["location"]["value"] == f"https://{DOMAIN}/phone.html"
