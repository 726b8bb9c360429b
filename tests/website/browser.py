"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")

# The network of a test machine may be closed: Chromium's own look-ups would only fail loudly.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Where the browser is: $CHROMIUM, or on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Any) -> Any:
    """A browser without a window."""
    return playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
