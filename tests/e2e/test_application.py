"""The whole application in a real browser: a code on one screen, photos from another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.e2e.people import Desktop, Phone, person
from tests.e2e.pictures import has_location, huge_png, jpeg
from tests.e2e.running import Application

REFUSED = r"status of 4\d\d"
CUT_OFF = r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket connection|net::ERR"


def connect(desktop: Desktop, phone: Phone) -> str:
    """Scan the code; the link that it holds."""
    link = desktop.scanned()
    phone.opens(link)
    phone.sees("ready")
    desktop.sees("connected")
    return link


def test_a_photo_arrives_byte_for_byte(desktop: Desktop, phone: Phone, tmp_path: Path) -> None:
    photo = jpeg(tmp_path / "photo.jpg")
    connect(desktop, phone)
    assert desktop.digits == phone.digits != ""

    phone.keeps_location()
    phone.sends(photo)

    desktop.has(1)
    phone.all_arrived(1)
    assert desktop.downloads() == photo.read_bytes()


def test_a_photo_leaves_its_location_behind_and_nothing_else(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    photo = jpeg(tmp_path / "photo.jpg")
    connect(desktop, phone)

    phone.sends(photo)

    desktop.has(1)
    arrived = tmp_path / "arrived.jpg"
    arrived.write_bytes(desktop.downloads())
    with Image.open(photo) as sent, Image.open(arrived) as got:
        assert sent.tobytes() == got.tobytes()
        assert sent.getexif()[0x0112] == got.getexif()[0x0112] == 6
    assert has_location(photo)
    assert not has_location(arrived)


def test_ten_photos_arrive_and_the_eleventh_is_told_why_not(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    photos = [jpeg(tmp_path / f"{n}.jpg", seed=n) for n in range(11)]
    phone.watch.tolerate(REFUSED)
    connect(desktop, phone)

    phone.sends(*photos)

    desktop.has(10, seconds=60)
    phone.all_arrived(10)
    assert "no more photos" in phone.item("failed").inner_text()


def test_both_pages_survive_a_reload(desktop: Desktop, phone: Phone, tmp_path: Path) -> None:
    connect(desktop, phone)
    phone.sends(jpeg(tmp_path / "one.jpg", seed=1))
    desktop.has(1)
    number = phone.digits

    desktop.page.reload()
    phone.page.reload()

    phone.sees("ready")
    assert phone.digits == number
    desktop.has(1)
    phone.sends(jpeg(tmp_path / "two.jpg", seed=2))
    desktop.has(2)


def test_a_second_phone_is_refused(desktop: Desktop, phone: Phone, another_phone: Phone) -> None:
    another_phone.watch.tolerate(REFUSED)
    link = connect(desktop, phone)

    another_phone.opens(link)

    another_phone.sees("taken")
    assert desktop.phase == "connected"


def test_a_code_that_was_stopped_takes_no_phone(desktop: Desktop, phone: Phone) -> None:
    phone.watch.tolerate(REFUSED)
    link = desktop.scanned()

    desktop.page.locator("#stop").click()
    desktop.sees("stopped")
    phone.opens(link)

    phone.sees("closed")


def test_a_phone_learns_that_it_was_stopped(desktop: Desktop, phone: Phone, tmp_path: Path) -> None:
    phone.watch.tolerate(REFUSED)
    connect(desktop, phone)

    desktop.page.locator("#stop").click()
    desktop.sees("stopped")
    phone.sends(jpeg(tmp_path / "late.jpg"))

    phone.sees("closed")


def test_a_code_whose_time_is_over_takes_no_phone(
    application: Application, desktop: Desktop, phone: Phone
) -> None:
    phone.watch.tolerate(REFUSED)
    link = desktop.scanned()

    application.end_time_of(link)
    phone.opens(link)

    phone.sees("closed")


def test_what_is_no_picture_is_refused_on_the_phone(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    text = tmp_path / "words.jpg"
    text.write_text("not a picture at all")
    large = huge_png(tmp_path / "large.png")
    large.write_bytes(large.read_bytes().ljust(15 * 1024 * 1024 + 1, b"\0"))
    connect(desktop, phone)

    phone.sends(text, large)

    expect(phone.page.locator(".item[data-state=failed]")).to_have_count(2)
    said = phone.page.locator(".item").all_inner_texts()
    assert any("Not a picture" in one for one in said)
    assert any("Too large" in one for one in said)


def test_what_the_function_rejects_is_told_on_both_screens(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    connect(desktop, phone)

    phone.sends(huge_png(tmp_path / "huge.png"))

    phone.item("rejected")
    expect(desktop.page.locator(".tile")).to_contain_text("Not accepted")


def test_a_photo_goes_on_when_the_network_comes_back(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    phone.watch.tolerate(CUT_OFF)
    connect(desktop, phone)
    phone.reaches_for_the_library()
    phone.context.set_offline(True)
    phone.sends(jpeg(tmp_path / "photo.jpg"))
    phone.item("retrying")

    phone.context.set_offline(False)

    desktop.has(1, seconds=40)


def test_a_photo_chosen_without_a_connection_goes_once_there_is_one(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    phone.watch.tolerate(CUT_OFF)
    connect(desktop, phone)
    phone.context.set_offline(True)
    phone.sends(jpeg(tmp_path / "photo.jpg"))
    phone.item("waiting")
    expect(phone.page.locator("#offline")).not_to_be_empty()

    phone.context.set_offline(False)

    desktop.has(1, seconds=40)


def test_a_desktop_that_was_offline_catches_up(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    desktop.watch.tolerate(CUT_OFF)
    connect(desktop, phone)
    desktop.context.set_offline(True)
    expect(desktop.page.locator("#offline")).not_to_be_empty()
    phone.sends(jpeg(tmp_path / "photo.jpg"))
    phone.all_arrived(1)

    desktop.context.set_offline(False)

    desktop.has(1, seconds=40)


@pytest.mark.parametrize("block", [True, False], ids=["no socket at all", "a socket that dies"])
def test_it_works_without_pushes(
    application: Application, browser: Browser, phone: Phone, tmp_path: Path, *, block: bool
) -> None:
    with person(Desktop, browser, application.hosts) as desktop:
        desktop.watch.tolerate(CUT_OFF)
        close = "socket.close()" if block else "setTimeout(() => socket.close(), 300)"
        desktop.context.add_init_script(
            "const Real = WebSocket; window.WebSocket = function (...words) {"
            f" const socket = new Real(...words); {close}; return socket; }};"
            "Object.assign(window.WebSocket, {CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3});"
        )
        desktop.page.goto(application.url)
        connect(desktop, phone)

        phone.sends(jpeg(tmp_path / "photo.jpg"))

        desktop.has(1, seconds=40)


def test_it_ends_well_in_chaos(chaotic: Application, browser: Browser, tmp_path: Path) -> None:
    photos = [jpeg(tmp_path / f"{n}.jpg", seed=n) for n in range(5)]
    with (
        person(Desktop, browser, chaotic.hosts) as desktop,
        person(Phone, browser, chaotic.hosts) as phone,
    ):
        for one in (desktop, phone):
            one.watch.tolerate(r"status of (4|5)\d\d|net::ERR|WebSocket|CORS")
        desktop.page.goto(chaotic.url)
        link = desktop.scanned()
        phone.opens(link)
        phone.sees("ready", seconds=40)
        desktop.sees("connected", seconds=60)

        phone.sends(*photos)

        desktop.has(5, seconds=90)
        phone.all_arrived(5, seconds=90)
        got = {desktop.downloads(n) for n in range(1, 6)}
        assert len(got) == 5
        assert all(Image.open(io.BytesIO(one)).size == (160, 120) for one in got)


def test_the_desktop_needs_no_mouse(desktop: Desktop) -> None:
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = desktop.scanned()
    page = desktop.page
    focus = "document.activeElement.id"

    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focus))
        if reached[-1] == "copy":
            page.keyboard.press("Enter")
            expect(page.locator("#copy-text")).to_have_text("Copied")
            expect(page.locator("#copy")).to_be_focused()
            break
    page.locator("#stop").focus()
    page.keyboard.press("Enter")

    assert reached[-4:] == ["renew", "stop", "link", "copy"]
    assert page.evaluate("navigator.clipboard.readText()") == f"{link}.ask"
    desktop.sees("stopped")
