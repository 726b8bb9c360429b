"""The application on this machine and a real browser, once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.people import Desktop, Phone, person
from tests.e2e.running import Application, serving
from tests.e2e.screens import PATIENCE, Opener, note, note_foreign, phase, scanned
from tests.website.browser import chromium, launch
from tests.website.fake import OUTPUTS, Service
from tests.website.published import published
from tests.website.published import serving as serving_folder


@pytest.fixture(scope="session")
def application() -> Iterator[Application]:
    with serving() as application:
        yield application


@pytest.fixture(scope="session")
def chaotic() -> Iterator[Application]:
    """The same, where things go wrong as they do on AWS now and then."""
    with serving("--chaos", "--seed", "7", "--time-scale", "20") as application:
        yield application


@pytest.fixture(scope="session")
def fronted() -> Iterator[Application]:
    """Production: pages, API and sockets behind one distribution."""
    with serving(environment="prod") as application:
        yield application


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium()
    if found is None:
        pytest.fail("no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM.")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def desktop(application: Application, browser: Browser) -> Iterator[Desktop]:
    with person(Desktop, browser, application.hosts) as desktop:
        desktop.page.goto(application.url)
        yield desktop


@pytest.fixture
def phone(application: Application, browser: Browser) -> Iterator[Phone]:
    with person(Phone, browser, application.hosts, has_touch=True, is_mobile=True) as phone:
        yield phone


@pytest.fixture
def another_phone(application: Application, browser: Browser) -> Iterator[Phone]:
    with person(Phone, browser, application.hosts, has_touch=True, is_mobile=True) as phone:
        yield phone


# ---- the same pages against services inside the browser's own requests


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of the published website."""
    folder = tmp_path / "site"
    with serving_folder(folder) as address:
        published({**OUTPUTS, "WebsiteURL": address}, folder)
        yield address


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def opening(browser: Browser, service: Service, site: str) -> Iterator[Opener]:
    """Opens a page in a context of its own; what went wrong in any of them fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    foreign: list[str] = []

    def open_page(**look: Any) -> Page:
        context = browser.new_context(**{"locale": "en-GB", "reduced_motion": "reduce", **look})
        contexts.append(context)
        service.attach(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: note(wrong, message))
        page.on("request", lambda request: note_foreign(foreign, request.url, site))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
    assert foreign == []


@pytest.fixture
def pair(opening: Opener, site: str) -> tuple[Page, Page]:
    """A desktop, and the phone that has scanned its screen."""
    desktop, phone = opening(viewport={"width": 1280, "height": 800}), opening(is_mobile=True)
    desktop.goto(site)
    phase(desktop, "waiting")
    phone.goto(scanned(desktop))
    phase(phone, "ready")
    phase(desktop, "connected")
    return desktop, phone
