"""The two people of the flow, in a browser that selenium drives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

from selenium.webdriver.common.by import By

from tests.browsers.engines import Browser
from tests.e2e.scanning import links_on

Answer = TypeVar("Answer")
PHONE = (390, 844)
DESKTOP = (1280, 900)


class Person:
    """A browser of one's own, and what its page shows."""

    size = DESKTOP

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.driver = browser.driver
        self.driver.set_window_rect(0, 0, *self.size)

    def opens(self, address: str) -> None:
        """Go to an address in this tab."""
        self.driver.get(address)

    def opens_a_tab(self, address: str, *, instead: bool = False) -> None:
        """Go to an address in a new tab, beside this one or in its place.

        It is a window: WebKit leaves a new tab behind the old one, where a page claims nothing.
        """
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("window")
        new = self.driver.current_window_handle
        if instead:
            self.driver.switch_to.window(first)
            self.driver.close()
            self.driver.switch_to.window(new)
        self.driver.get(address)

    def shows(self, width: int, height: int) -> None:
        """Make the window so large that the page has just that room.

        A window takes its time to get a size, and tells the page's of before meanwhile.
        """

        def fitted() -> list[int]:
            there: list[int] = self.asks("[innerWidth, innerHeight]")
            if there != [width, height]:
                window = self.driver.get_window_rect()
                wide = max(width, window["width"] + width - there[0])
                high = max(height, window["height"] + height - there[1])
                self.driver.set_window_rect(0, 0, wide, high)
                time.sleep(0.2)
            return there

        self.waits(fitted, lambda now: now == [width, height], 30)

    @property
    def address(self) -> str:
        """Where this tab is."""
        return str(self.driver.current_url)

    def asks(self, script: str, *words: Any) -> Any:
        """What an expression is in the page; its words are `arguments`."""
        return self.driver.execute_script(f"return {script}", *words)

    def does(self, script: str, *words: Any) -> None:
        """Run statements in the page."""
        self.driver.execute_script(script, *words)

    def waits(
        self, what: Callable[[], Answer], right: Callable[[Answer], object], seconds: float
    ) -> Answer:
        """Ask until the answer is right; else say the last one."""
        end = time.monotonic() + seconds
        while not right(answer := what()):
            assert time.monotonic() < end, f"after {seconds:g} s: {answer!r}; {self.words!r}"
            time.sleep(0.1)
        return answer

    @property
    def phase(self) -> str | None:
        """What the page says it is showing: waiting, connected, arrived, …"""
        phase: str | None = self.asks("document.body?.dataset.phase ?? null")
        return phase

    @property
    def words(self) -> str:
        """All that can be read on the page."""
        return str(self.asks("document.body?.innerText ?? ''"))

    @property
    def digits(self) -> str:
        """The number that both screens show."""
        return self.text("#code-digits")

    def text(self, selector: str) -> str:
        """What can be read there."""
        return str(self.asks("document.querySelector(arguments[0]).innerText.trim()", selector))

    def count(self, selector: str) -> int:
        """How many of them the page shows."""
        shown = "[...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility())"
        return int(self.asks(f"{shown}.length", selector))

    def sees(self, phase: str, *, seconds: float = 20) -> None:
        """Wait until the page shows this phase."""
        self.waits(lambda: self.phase, lambda shown: shown == phase, seconds)

    def has_so_many(self, selector: str, count: int, *, seconds: float = 20) -> None:
        """Wait until there are so many to see."""
        self.waits(lambda: self.count(selector), lambda shown: shown == count, seconds)

    def clicks(self, selector: str) -> None:
        """Point at it and press."""
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def forgets(self) -> None:
        """Close all tabs but one and let the page's storage be empty, as a new profile's is."""
        first, *others = self.driver.window_handles
        for handle in others:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)
        if self.driver.current_url.startswith("http"):
            # on a page that runs nothing: the application's own would write again
            self.driver.get(urljoin(self.driver.current_url, "store.js"))
            self.does("try { localStorage.clear(); sessionStorage.clear() } catch {}")
        self.driver.get("about:blank")
        for path in self.browser.downloads.iterdir():
            if path.is_file():
                path.unlink()


class Desktop(Person):
    """Sits at the screen with the code."""

    def scanned(self) -> str:
        """The link, read from a picture of the screen as a phone's camera does."""
        self.sees("waiting")
        # What is in the document may not be painted yet.
        (link,) = self.waits(lambda: links_on(self.driver.get_screenshot_as_png()), len, 20)
        return link

    def has(self, count: int, *, seconds: float = 30) -> None:
        """Wait until so many pictures can be downloaded."""
        self.has_so_many(".tile button:enabled", count, seconds=seconds)

    def downloads(self, selector: str) -> bytes:
        """Press, and wait for the bytes on the person's disk."""
        before = set(self._files())
        self.clicks(selector)
        new = self.waits(lambda: set(self._files()) - before, len, 20)
        return self._whole(new.pop())

    def _files(self) -> Sequence[Path]:
        files = [path for path in self.browser.downloads.iterdir() if path.is_file()]
        return [path for path in files if path.suffix not in {".part", ".wkdownload"}]

    def _whole(self, path: Path) -> bytes:
        """A file that has bytes and no unfinished one beside it."""
        part = path.with_name(f"{path.name}.part")
        self.waits(lambda: path.stat().st_size and not part.exists(), bool, 20)
        return path.read_bytes()


class Phone(Person):
    """Holds the phone."""

    size = PHONE

    def keeps_location(self) -> None:
        """Switch the removal of the location off."""
        self.clicks("label[for=location]")

    def sends(self, *files: Path) -> None:
        """Choose pictures from the library."""
        chooser = self.driver.find_element(By.ID, "library")
        chooser.send_keys("\n".join(map(str, files)))

    @property
    def states(self) -> list[str]:
        """How far each of the pictures is."""
        rows = "[...document.querySelectorAll('.item')].map(row => row.dataset.state)"
        return list(self.asks(rows))

    @property
    def stores(self) -> bool:
        """Whether the browser lets the page keep anything."""
        keeping = "try { localStorage.setItem('a', ''); return true } catch { return false }"
        return bool(self.driver.execute_script(keeping))

    def all_arrived(self, count: int, *, seconds: float = 30) -> None:
        """Wait until so many pictures have arrived."""
        self.has_so_many(".item[data-state=arrived]", count, seconds=seconds)


def connect(desktop: Desktop, phone: Phone) -> str:
    """Scan the code; the link that it holds."""
    link = desktop.scanned()
    phone.opens(link)
    phone.sees("ready")
    desktop.sees("connected")
    return link
