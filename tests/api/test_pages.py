"""The pages for people that list routes: each list is the functions' own table, both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qr_session import websocket_routes
from qr_session.http_routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
HTTP = {f"{method} {path}" for path, actions in ROUTES.items() for method in actions}
METHODS = {method for actions in ROUTES.values() for method in actions}
SOCKET = set(websocket_routes.ROUTES)
ANSWERED = SOCKET - {"$connect", "$disconnect"}
EVENTS = {"bucket event", "stream event"}

# A page, where its list stands (the first group), and what it lists.
LISTS = [
    ("docs/api-gateway-setup.md", r"## HTTP API\n.*?\n\| Routes \|(.*?)\n", HTTP),
    ("docs/api-gateway-setup.md", r"## WebSocket API\n.*?\n\| Routes \|(.*?)\n", SOCKET),
    ("docs/api-gateway-setup.md", r"\n\| Answers \|(.*?) have a route response", ANSWERED),
    ("docs/api/contract.md", r"\n\| route \|[^\n]*\n(.*?)\n\n", HTTP),
    ("docs/api/contract.md", r"routes by `\$request.body.action`:(.*?)\.", SOCKET),
    ("docs/functions.md", r"## AWS calls\n(.*?)\n## ", HTTP | SOCKET | EVENTS),
    ("docs/operations.md", r"Items\[\]\.RouteKey'`\s*:(.*?);", SOCKET),
]
# The same for methods, which stand there without quotes.
METHOD_LISTS = [
    ("docs/api-gateway-setup.md", r"\n\| CORS \|[^;]*;([^;]*);"),
    ("docs/api/contract.md", r"\n- CORS headers[^;]*;([^;]*);"),
]
PAGES = [
    page
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    if "decisions" not in page.parts
]


def listed(page: str, place: str) -> str:
    """What stands at that place of a page."""
    match = re.search(place, (ROOT / page).read_text("utf-8"), re.DOTALL)
    assert match, f"{page} has no list of routes where one was: {place}"
    return match[1]


def routes(text: str) -> set[str]:
    """The routes and events named in a text: a table's rows begin with them."""
    rows = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    return set(rows or re.findall(r"`([^`]+)`", text))


@pytest.mark.parametrize(("page", "place", "expected"), LISTS)
def test_a_list_of_routes_is_the_functions_own(page: str, place: str, expected: set[str]) -> None:
    named = routes(listed(page, place))

    assert named - expected == set(), f"{page} lists what no function has"
    assert expected - named == set(), f"{page} lacks these; its list stands at {place}"


@pytest.mark.parametrize(("page", "place"), METHOD_LISTS)
def test_a_list_of_methods_is_that_of_the_routes(page: str, place: str) -> None:
    assert set(re.findall(r"[A-Z]+", listed(page, place))) == METHODS, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_route_that_a_page_mentions_exists(page: Path) -> None:
    mentioned = set(
        re.findall(r"`((?:GET|PUT|POST|DELETE|PATCH) /[^`]*)`", page.read_text("utf-8"))
    )

    assert mentioned - HTTP == set()
