"""The two people of the flow: who sits at the desktop, and who holds the phone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.e2e.scanning import links_on
from tests.e2e.screens import PATIENCE

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@dataclass
class Watch:
    """What a page did that it must not do: complaints in the console, requests to strangers."""

    allowed: frozenset[str]
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    tolerated: list[re.Pattern[str]] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Follow everything that the page says and asks for."""
        page.on("console", lambda said: self._console(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)

    def tolerate(self, pattern: str) -> None:
        """A complaint that belongs to the test's own doing, such as pulling the plug."""
        self.tolerated.append(re.compile(pattern))

    def check(self) -> None:
        """Stop at the first thing that is not allowed."""
        real = [c for c in self.complaints if not any(t.search(c) for t in self.tolerated)]
        assert real == []
        assert self.strangers == []

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"blob", "data"} and address.netloc not in self.allowed:
            self.strangers.append(request.url)


@dataclass
class Person:
    """A browser of one's own, with one page."""

    context: BrowserContext
    page: Page
    watch: Watch

    @property
    def phase(self) -> str:
        """What the page says it is showing: waiting, connected, arrived, …"""
        return str(self.page.locator("body").get_attribute("data-phase"))

    def sees(self, phase: str, *, seconds: float = PATIENCE) -> None:
        """Wait until the page shows this phase."""
        expect(self.page.locator(f"body[data-phase={phase}]")).to_be_visible(timeout=seconds * 1000)

    @property
    def digits(self) -> str:
        """The number that both screens show."""
        return self.page.locator("#code-digits").inner_text()


class Desktop(Person):
    """Sits at the screen with the code."""

    def scanned(self) -> str:
        """The link, read from a picture of the screen as a phone's camera does."""
        self.sees("waiting")
        expect(self.page.locator("#qr svg")).to_be_visible()
        (link,) = links_on(self.page.screenshot())
        return link

    def has(self, count: int, *, seconds: float = PATIENCE) -> None:
        """Wait until so many pictures can be downloaded."""
        ready = self.page.locator(".tile button:enabled:visible")
        expect(ready).to_have_count(count, timeout=seconds * 1000)

    def downloads(self, number: int = 1) -> bytes:
        """The bytes of a picture, as they reach the person's disk."""
        with self.page.expect_download() as waiting:
            self.page.locator(".tile button").nth(number - 1).click()
        return Path(waiting.value.path()).read_bytes()


class Phone(Person):
    """Holds the phone."""

    def opens(self, link: str) -> None:
        """Open the link that the camera shows."""
        self.page.goto(link)

    def keeps_location(self) -> None:
        """Switch the removal of the location off."""
        self.page.locator("#location").uncheck()

    def reaches_for_the_library(self) -> None:
        """Do what comes before choosing: the page then loads what photos need."""
        self.page.locator("#library").focus()
        self.page.wait_for_load_state("networkidle")

    def sends(self, *files: Path) -> None:
        """Choose pictures from the library."""
        self.page.locator("#library").set_input_files(list(files))

    def item(self, state: str, *, seconds: float = PATIENCE) -> Any:
        """Wait for the first picture in this state."""
        row = self.page.locator(f".item[data-state={state}]").first
        expect(row).to_be_visible(timeout=seconds * 1000)
        return row

    def all_arrived(self, count: int, *, seconds: float = PATIENCE) -> None:
        """Wait until so many pictures have arrived."""
        rows = self.page.locator(".item[data-state=arrived]")
        expect(rows).to_have_count(count, timeout=seconds * 1000)


@contextmanager
def person(
    kind: type[Desktop | Phone], browser: Browser, allowed: Sequence[str], **look: Any
) -> Iterator[Any]:
    """One of the two, in a browser profile of their own."""
    size = DESKTOP if kind is Desktop else PHONE
    context = browser.new_context(
        **{"viewport": size, "locale": "en-GB", "reduced_motion": "reduce", **look}
    )
    page, watch = context.new_page(), Watch(frozenset(allowed))
    watch.on(page)
    try:
        yield kind(context, page, watch)
        watch.check()
    finally:
        context.close()
