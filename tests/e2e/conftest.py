"""The application on this machine and a real browser, once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.people import Desktop, Phone, person
from tests.e2e.running import Application, serving
from tests.website.browser import chromium, launch


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
def browser() -> Iterator[Browser]:
    found = chromium()
    if found is None:
        pytest.fail("no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM.")
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
