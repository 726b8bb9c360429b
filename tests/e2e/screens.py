"""What the tests of both pages share: a page against the services in `tests/website/fake.py`."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.website.fake import HTTP_API, UPLOADS, WEB_SOCKET

PATIENCE = 30.0  # seconds until the page shows what it shows at once where nothing else runs
Opener = Callable[..., Page]
EXPECTED = re.compile(r"Failed to load resource")  # a refused or failed request, as the scene wants


def phase(page: Page, name: str) -> None:
    """Wait until the page shows that state."""
    expect(page.locator("body")).to_have_attribute("data-phase", name)


def scanned(page: Page) -> str:
    """What a phone's camera reads on this screen."""
    expect(page.locator("#qr svg")).to_be_visible()
    picture = Image.open(io.BytesIO(page.screenshot()))
    codes = zxingcpp.read_barcodes(picture)
    assert len(codes) == 1
    return codes[0].text


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose files on the phone."""
    chosen: list[FilePayload] = [
        {"name": name, "mimeType": "", "buffer": data} for name, data in files
    ]
    page.set_input_files("#library", chosen)


def until(page: Page, condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for something that isn't on the page: a request, a file."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"It didn't come within {seconds} s."
        page.wait_for_timeout(50)


def note(wrong: list[str], message: Any) -> None:
    """Keep what a page complained about, unless the test meant it to."""
    if message.type in ("error", "warning") and not EXPECTED.search(message.text):
        wrong.append(message.text)


def note_foreign(foreign: list[str], url: str, site: str) -> None:
    """Keep a request to anybody else."""
    ours = (site, HTTP_API, f"https://{UPLOADS}/", WEB_SOCKET, f"blob:{site}")
    if not url.startswith(ours):
        foreign.append(url)
