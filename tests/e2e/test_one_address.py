"""Production's one address in a real browser: pages, API and socket through the distribution."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.e2e.people import Desktop, Person, Phone, person
from tests.e2e.pictures import jpeg
from tests.e2e.running import Application, serving
from tests.smoke.site import PNG, Site

T = TypeVar("T")
AT_ONCE = 40
POSTS = 300  # environments/prod.yaml: website.waf.sessions_in_five_minutes
FAULTS = r"status of (4|5)\d\d|net::ERR|WebSocket|CORS"


class Traffic:
    """Everything that a page sends, preflights too, as the browser's own log has it."""

    def __init__(self, one: Person) -> None:
        self.requests: list[tuple[str, str]] = []
        self.sockets: list[str] = []
        session = one.context.new_cdp_session(one.page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._request)
        session.on("Network.webSocketCreated", lambda event: self.sockets.append(event["url"]))

    def _request(self, event: dict[str, Any]) -> None:
        self.requests.append((event["request"]["method"], event["request"]["url"]))

    def preflights(self) -> set[str]:
        """The hosts that were asked first whether they may be asked."""
        return {urlsplit(url).netloc for method, url in self.requests if method == "OPTIONS"}

    def hosts(self) -> set[str]:
        """All hosts that were spoken to."""
        urls = [*(url for _, url in self.requests), *self.sockets]
        return {urlsplit(url).netloc for url in urls if not url.startswith(("blob:", "data:"))}


def _beside(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What work without a browser gives: Playwright keeps this thread's loop to itself."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


@pytest.fixture
def desktop(fronted: Application, browser: Browser) -> Iterator[Desktop]:
    with person(Desktop, browser, fronted.hosts) as desktop:
        yield desktop


@pytest.fixture
def phone(fronted: Application, browser: Browser) -> Iterator[Phone]:
    with person(Phone, browser, fronted.hosts, has_touch=True, is_mobile=True) as phone:
        yield phone


def test_a_photo_arrives_and_no_page_asks_before_it_asks(
    fronted: Application, desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    own, bucket = urlsplit(fronted.url).netloc, fronted.outputs["UploadBucketHost"]
    seen, sent = Traffic(desktop), Traffic(phone)
    photo = jpeg(tmp_path / "photo.jpg")

    desktop.page.goto(fronted.url)
    phone.opens(desktop.scanned())
    phone.sees("ready")
    desktop.sees("connected")
    phone.keeps_location()
    phone.sends(photo)
    desktop.has(1)
    phone.all_arrived(1)
    assert desktop.downloads() == photo.read_bytes()

    assert seen.hosts() == sent.hosts() == {own, bucket}
    assert [urlsplit(url).netloc for url in seen.sockets] == [own]
    paths = [urlsplit(url).path for _, url in seen.requests + sent.requests]
    assert len([path for path in paths if path.startswith("/sessions")]) >= 4
    assert seen.preflights() | sent.preflights() == {bucket}  # photos still go to S3 itself


@pytest.mark.parametrize("hash_sign", ["%23", "%2523"])
def test_a_link_that_arrived_damaged_is_mended_behind_the_distribution_too(
    fronted: Application, desktop: Desktop, phone: Phone, hash_sign: str
) -> None:
    desktop.page.goto(fronted.url)
    link = desktop.scanned()

    phone.opens(link.replace("#", hash_sign))

    phone.sees("ready")


def test_any_address_without_a_file_shows_the_page_and_a_missing_file_is_missing(
    fronted: Application, desktop: Desktop
) -> None:
    desktop.watch.tolerate("404")
    page = desktop.page.goto(f"{fronted.url}/somewhere")
    desktop.sees("waiting")
    missing = desktop.page.request.get(f"{fronted.url}/missing.js")
    api = desktop.page.request.get(f"{fronted.url}/sessions/none/none")

    assert page is not None
    assert page.status == 200
    assert missing.status == 404
    assert "html" not in missing.headers["content-type"]
    assert api.status == 404
    assert api.headers["content-type"].startswith("application/json")


def test_it_ends_well_in_chaos(browser: Browser, tmp_path: Path) -> None:
    photos = [jpeg(tmp_path / f"{n}.jpg", seed=n) for n in range(3)]
    options = ("--chaos", "--seed", "7", "--time-scale", "20")
    with (
        serving(*options, environment="prod") as chaotic,
        person(Desktop, browser, chaotic.hosts) as desktop,
        person(Phone, browser, chaotic.hosts) as phone,
    ):
        for one in (desktop, phone):
            one.watch.tolerate(FAULTS)
        desktop.page.goto(chaotic.url)
        phone.opens(desktop.scanned())
        phone.sees("ready", seconds=40)
        desktop.sees("connected", seconds=60)

        phone.sends(*photos)

        desktop.has(3, seconds=90)
        got = {desktop.downloads(n) for n in range(1, 4)}
        assert all(Image.open(io.BytesIO(one)).size == (160, 120) for one in got)


def test_many_sessions_at_once_go_through_the_distribution(fronted: Application) -> None:
    async def visit(site: Site) -> str:
        made = (await site.ask("POST", "/sessions", body={})).json("a session", "sessionId")
        async with site.listening(made) as desktop:
            phone = await site.claim(made)
            place = f"/sessions/{made['sessionId']}"
            asked = await site.upload_address(place, phone)
            (await site.put(asked, PNG)).expect("sending the image", 200)
            state = await desktop.until("it", lambda state: state["status"] == "COMPLETED")
            return str(state["status"])

    async def visits() -> list[str]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http:
            site = Site.of(http, fronted.outputs, patience=60)
            return list(await asyncio.gather(*(visit(site) for _ in range(AT_ONCE))))

    assert _beside(visits) == ["COMPLETED"] * AT_ONCE


def test_a_network_that_asks_too_much_is_told_to_wait_and_the_page_waits(browser: Browser) -> None:
    """In an application of its own: the firewall remembers for five minutes."""
    with (
        serving("--quiet", environment="prod") as crowded,
        person(Desktop, browser, crowded.hosts) as desktop,
    ):
        _is_told_to_wait(crowded, desktop)


def _is_told_to_wait(application: Application, desktop: Desktop) -> None:
    async def crowd() -> tuple[int, str]:
        async with aiohttp.ClientSession() as http:
            site = Site.of(http, application.outputs)
            answers = [await site.ask("POST", "/sessions", body={}) for _ in range(POSTS + 1)]
            assert {one.status for one in answers[:-1]} == {201}
            return answers[-1].status, answers[-1].headers.get("Retry-After", "")

    status, wait = _beside(crowd)
    assert status == 429
    assert int(wait) >= 30
    desktop.watch.tolerate("429")
    traffic = Traffic(desktop)

    desktop.page.goto(application.url)

    expect(desktop.page.locator("#offline")).to_contain_text("Many requests")
    desktop.page.wait_for_timeout(8000)
    posts = [url for method, url in traffic.requests if method == "POST"]
    assert len(posts) == 1
