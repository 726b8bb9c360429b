"""Firefox ESR and WebKitGTK as Debian ships them, each in a home of its own, driven by selenium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browsers.marionette import Marionette

WAIT_SECONDS = 60.0  # until a browser has begun or ended
FIREFOX = (("firefox-esr", "firefox"),)  # Debian's name, then everybody else's
WEBKIT = (("WebKitWebDriver",), ("Xvfb",))
MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"

# Marionette itself switches off what looks for updates, news and dangers in the network.
PREFERENCES: dict[str, str | int | bool] = {
    "browser.download.always_ask_before_handling_new_types": False,
    "browser.download.folderList": 2,  # the folder of browser.download.dir
    "browser.download.alwaysOpenPanel": False,
    "intl.accept_languages": "en-GB",
    "marionette.port": 0,
    "ui.prefersReducedMotion": 1,
}
REJECT_ALL_COOKIES = 2  # "Block all cookies": localStorage and sessionStorage throw


class Missing(Exception):
    """A browser isn't installed."""


@dataclass(frozen=True)
class Browser:
    """A browser that runs: its driver, and the folder where its downloads end."""

    driver: WebDriver
    downloads: Path


@dataclass(frozen=True)
class Engine:
    """One way to show a page: which programs it needs, each with its other names, and how a
    browser of it begins."""

    name: str
    programs: tuple[tuple[str, ...], ...]
    packages: str
    opened: Callable[[Path, bool], AbstractContextManager[Browser]]

    def check(self, which: Callable[[str], str | None] = shutil.which) -> None:
        """Stop with Debian's packages if a program isn't there."""
        missing = [names[0] for names in self.programs if not any(map(which, names))]
        if missing:
            raise Missing(
                f"{self.name}: {', '.join(missing)} isn't installed.\n"
                f"Debian: apt-get install {self.packages}"
            )


@contextmanager
def firefox(home: Path, stores: bool) -> Iterator[Browser]:
    """Without a window. If it doesn't store, it is set to refuse all cookies and storage."""
    profile, downloads = home / "profile", home / "downloads"
    profile.mkdir(parents=True)
    downloads.mkdir()
    policy = {} if stores else {"network.cookie.cookieBehavior": REJECT_ALL_COOKIES}
    wanted = {**PREFERENCES, **policy, "browser.download.dir": str(downloads)}
    lines = [f"user_pref({json.dumps(key)}, {json.dumps(wanted[key])});\n" for key in wanted]
    (profile / "user.js").write_text("".join(lines))
    with _running_firefox(profile) as process:
        connection = Marionette(_port(process, profile))
        options = webdriver.FirefoxOptions()
        options.enable_bidi = True
        driver = webdriver.Remote(connection, file_detector=UselessFileDetector(), options=options)
        try:
            yield Browser(driver, downloads)
        finally:
            driver.quit()
            process.wait(WAIT_SECONDS)


@contextmanager
def _running_firefox(profile: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = next(filter(None, map(shutil.which, FIREFOX[0])))
    command = [program, "--headless", "--no-remote", "--marionette"]
    command += ["--remote-debugging-port", "0", "--profile", str(profile)]
    with (profile / "firefox.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], profile: Path) -> int:
    """Where Firefox listens: it writes the number as soon as it knows."""
    file = profile / "MarionetteActivePort"
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if file.is_file() and (number := file.read_text().strip()):
            return int(number)
        time.sleep(0.05)
    raise RuntimeError(f"Firefox didn't start: {(profile / 'firefox.log').read_text()}")


@contextmanager
def webkit(home: Path, stores: bool) -> Iterator[Browser]:
    """On a screen of its own. If it doesn't store, it has no localStorage to offer."""
    downloads = home / "downloads"
    downloads.mkdir(parents=True)
    options = webdriver.WebKitGTKOptions()
    options.binary_location = mini_browser()
    options.add_argument("--automation")
    if not stores:
        options.add_argument("--enable-html5-local-storage=false")
    with screen() as display, (home / "webkit.log").open("w") as log:
        service = webdriver.WebKitGTKService(
            str(shutil.which("WebKitWebDriver")),
            log_output=log,
            env={**os.environ, "DISPLAY": display, "HOME": str(downloads), "NO_AT_BRIDGE": "1"},
        )
        driver = webdriver.WebKitGTK(options, service)
        try:
            yield Browser(driver, downloads)  # it saves in $HOME
        finally:
            driver.quit()


@contextmanager
def screen() -> Iterator[str]:
    """An X server that shows nothing to anybody; its DISPLAY."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1000x24"]
    process = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as stream:
            number = stream.readline().strip()
        assert number, "Xvfb didn't start"
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def mini_browser() -> str:
    """WebKitGTK's own browser, which isn't on the path."""
    found = sorted(Path("/").glob(MINI_BROWSERS.removeprefix("/")))
    if not found:
        raise Missing(f"WebKit: no {MINI_BROWSERS}.\nDebian: apt-get install webkit2gtk-driver")
    return str(found[-1])


ENGINES = (
    Engine("Firefox", FIREFOX, "firefox-esr", firefox),
    Engine("WebKit", WEBKIT, "webkit2gtk-driver xvfb", webkit),
)
