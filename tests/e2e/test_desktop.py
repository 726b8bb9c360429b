"""What the person at the desktop sees and may do, in every window and at every moment."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.screens import Opener, phase, scanned, until
from tests.website.fake import Service
from tests.website.published import serving
from tests.website.screenshots import PASSING, photo

# From the smallest phone in use to half a laptop's screen, a laptop at 200 %, and flat ones.
WINDOWS = [
    *((320, 568), (390, 664), (640, 400), (683, 768), (911, 512), (1280, 800)),
    *((480, 320), (1280, 360)),
]
NAMES = ["IMG_4100.jpg", "Sommer am See.jpg", "IMG_4100.jpg"]
# Two hours ahead from the start, or set back two hours while the page is open.
WRONG_CLOCK = "const real = Date.now; window.shift = %d; Date.now = () => real() + window.shift;"
HOURS = 7_200_000
TWICE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("html { font-size: 200% !important }");
  document.adoptedStyleSheets = [sheet];
}"""
FONT_SIZE = "element => parseFloat(getComputedStyle(element).fontSize)"


@pytest.fixture
def desktop(opening: Opener, site: str) -> Page:
    """The desktop page with its code."""
    page = opening(viewport={"width": 1280, "height": 800})
    page.goto(site)
    phase(page, "waiting")
    return page


@pytest.fixture
def filled(desktop: Page, service: Service) -> Page:
    """The desktop with three photos, two of which have the same name."""
    service._claim("nonce")
    for number, name in enumerate(NAMES):
        service.upload(number + 1, "STORED", photo(number, (90, 120)), name=name)
    expect(desktop.locator(".tile img")).to_have_count(3)
    return desktop


@pytest.mark.parametrize("window", WINDOWS, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_code_can_be_scanned_without_scrolling(
    opening: Opener, site: str, window: tuple[int, int]
) -> None:
    page = opening(viewport={"width": window[0], "height": window[1]})
    page.goto(site)
    phase(page, "waiting")

    code = page.locator("#qr").bounding_box()

    assert code is not None
    assert code["y"] >= 0
    assert code["y"] + code["height"] <= window[1]
    assert scanned(page) == page.input_value("#link")


@pytest.mark.parametrize(
    "window", [(320, 568), (1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_the_code_is_in_sight_also_where_letters_are_twice_as_large(
    opening: Opener, site: str, window: tuple[int, int]
) -> None:
    page = opening(viewport={"width": window[0], "height": window[1]})
    page.goto(site)
    phase(page, "waiting")

    page.evaluate(TWICE)

    assert scanned(page) == page.input_value("#link")
    assert page.evaluate("document.documentElement.scrollWidth") <= window[0]


def test_a_photo_opens_large_by_the_keyboard_and_escape_leads_back(filled: Page) -> None:
    opener = filled.locator(".tile a").nth(1)
    opener.focus()

    filled.keyboard.press("Enter")
    viewer = filled.get_by_role("dialog")
    expect(viewer.locator("img")).to_have_attribute("alt", NAMES[1])
    filled.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("status")).to_have_text("3 of 3")
    filled.keyboard.press("Home")
    expect(viewer.get_by_role("status")).to_have_text("1 of 3")
    filled.keyboard.press("Escape")

    expect(viewer).to_have_count(0)
    expect(opener).to_be_focused()


def test_all_photos_are_saved_in_one_zip_under_their_own_names(filled: Page) -> None:
    with filled.expect_download() as download:
        filled.get_by_role("button", name="Save all").click()

    data = Path(download.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [NAMES[0], NAMES[1], "IMG_4100 (2).jpg"]
        assert [packed.read(name) for name in packed.namelist()] == [
            photo(number, (90, 120)) for number in range(3)
        ]


def test_photos_that_no_zip_can_be_made_of_are_saved_one_by_one(filled: Page) -> None:
    filled.evaluate("() => { Blob.prototype.arrayBuffer = () => Promise.reject(new Error()) }")

    with filled.expect_download() as download:
        filled.get_by_role("button", name="Save all").click()

    assert download.value.suggested_filename in NAMES
    expect(filled.get_by_role("button", name="Save all")).to_be_enabled()


def test_the_number_is_large_until_the_first_photo_and_small_beside_it(
    desktop: Page, service: Service
) -> None:
    service._claim("nonce")
    phase(desktop, "connected")
    before = desktop.locator("#code-digits").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )

    service.upload(1, "STORED", photo(0), name="a.jpg")

    expect(desktop.locator(".tile img")).to_be_visible()
    after = desktop.locator("#code-digits").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert before > 60
    assert after < 20
    panel = desktop.locator("#panel").bounding_box()
    assert panel is not None
    assert panel["height"] < 120


@pytest.mark.parametrize("scroll", [0, 2000])
def test_new_code_and_done_are_there_wherever_the_page_is_scrolled_to(
    desktop: Page, service: Service, scroll: int
) -> None:
    service._claim("nonce")
    for number in range(9):
        service.upload(number + 1, "STORED", photo(number, (90, 120)))
    expect(desktop.locator(".tile img")).to_have_count(9)

    desktop.evaluate("by => scrollTo(0, by)", scroll)

    expect(desktop.get_by_role("button", name="New code")).to_be_in_viewport()
    expect(desktop.get_by_role("button", name="Done")).to_be_in_viewport()


def test_ending_a_transfer_asks_once(desktop: Page, service: Service) -> None:
    service._claim("nonce")
    service.upload(1, "REQUESTED", name="a.jpg")
    phase(desktop, "receiving")

    desktop.get_by_role("button", name="Stop").click()
    expect(desktop.get_by_role("dialog")).to_contain_text("still on its way")
    desktop.keyboard.press("Escape")
    phase(desktop, "receiving")
    desktop.get_by_role("button", name="Stop").click()
    desktop.get_by_role("button", name="Stop anyway").click()

    phase(desktop, "stopped")
    assert service.log.count("DELETE session") == 1


def test_ending_without_a_transfer_asks_nothing(filled: Page) -> None:
    filled.get_by_role("button", name="Done").click()

    phase(filled, "stopped")
    expect(filled.locator(".tile img")).to_have_count(3)


def test_a_full_code_says_so_and_offers_a_new_one(
    opening: Opener, service: Service, site: str
) -> None:
    service.max_uploads = 2
    page = opening()
    page.goto(site)
    phase(page, "waiting")
    service._claim("nonce")

    for number in (1, 2):
        service.upload(number, "STORED", photo(number, (90, 120)))

    expect(page.locator("#hint")).to_have_text("This code takes no more photos. A new code does.")
    expect(page.get_by_role("button", name="New code")).to_be_visible()


def test_whoever_has_taken_the_code_the_desktop_says_how_to_go_on(
    desktop: Page, service: Service
) -> None:
    before = desktop.input_value("#link")

    service._claim("somebody else's nonce")

    phase(desktop, "connected")
    expect(desktop.locator("#hint")).to_contain_text("another device took this code")
    desktop.get_by_role("button", name="New code").click()
    phase(desktop, "waiting")
    expect(desktop.locator("#link")).not_to_have_value(before)
    assert "DELETE session" in service.log


def test_a_photo_that_is_still_fetched_comes_also_after_a_new_code(
    desktop: Page, service: Service
) -> None:
    service.answers["GET object"] = [(0, {})]
    service._claim("nonce")
    service.upload(1, "STORED", photo(0), name="a.jpg")
    phase(desktop, "arrived")

    desktop.get_by_role("button", name="New code").click()

    phase(desktop, "waiting")
    expect(desktop.locator(".tile img")).to_be_visible()


def test_a_photo_that_does_not_come_is_said_after_a_while_and_asks_nothing(
    opening: Opener, service: Service, site: str
) -> None:
    page = opening()
    page.add_init_script(PASSING)
    page.goto(site)
    phase(page, "waiting")
    service._claim("nonce")
    service.upload(1, "STORED", photo(0, (90, 120)), name="a.jpg")
    service.upload(2, "REQUESTED", name="b.jpg")
    phase(page, "receiving")

    page.evaluate("window.passed = 310")

    phase(page, "arrived")
    expect(page.locator(".tile").nth(1)).to_contain_text("Not here yet")
    service.upload(2, "STORED", photo(1, (90, 120)), name="b.jpg")
    expect(page.locator(".tile img")).to_have_count(2)
    service.upload(3, "REQUESTED", name="c.jpg")
    phase(page, "receiving")
    page.evaluate("window.passed = 620")
    phase(page, "arrived")
    page.get_by_role("button", name="Done").click()
    phase(page, "stopped")


@pytest.mark.parametrize("shift", [HOURS, -HOURS], ids=["ahead", "behind"])
def test_a_computer_whose_clock_is_wrong_tells_the_right_time(
    opening: Opener, service: Service, site: str, shift: int
) -> None:
    page = opening()
    page.add_init_script(WRONG_CLOCK % shift)

    page.goto(site)

    phase(page, "waiting")
    expect(page.locator("#time")).to_have_text("Valid for ⁨30 minutes⁩")
    assert service.made == 1


@pytest.mark.parametrize("shift", [HOURS, -HOURS], ids=["forward", "back"])
def test_setting_the_clock_while_a_code_waits_ends_nothing(
    opening: Opener, service: Service, site: str, shift: int
) -> None:
    page = opening()
    page.add_init_script(WRONG_CLOCK % 0)
    page.goto(site)
    phase(page, "waiting")
    link = page.input_value("#link")
    reads = service.log.count("GET session")

    page.evaluate("by => { window.shift = by; }", shift)

    until(page, lambda: service.log.count("GET session") > reads)
    phase(page, "waiting")
    assert page.input_value("#link") == link
    expect(page.locator("#time")).to_have_text("Valid for ⁨30 minutes⁩")


@pytest.mark.parametrize("path", ["", "phone.html#1.a.b"])
def test_inside_another_page_it_shows_nothing_but_a_way_out(
    browser: Browser, opening: Opener, service: Service, site: str, tmp_path: Path, path: str
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "index.html").write_text(
        f"<iframe src='{site}/{path}' width=1200 height=800></iframe>"
    )
    with serving(folder) as stranger:
        page = browser.new_page(locale="en-GB")
        service.attach(page.context)
        page.goto(stranger)

        frame = page.frame_locator("iframe")

        expect(frame.locator("#problem")).to_contain_text("work inside another page")
        expect(frame.locator("#problem-link")).to_have_attribute("target", "_top")
        expect(frame.locator("#stage, #send").first).to_be_hidden()
        expect(frame.locator("#qr svg")).to_have_count(0)
        page.close()
    assert service.made == 0


def test_a_link_that_is_copied_by_hand_is_marked_too(desktop: Page) -> None:
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = desktop.locator("#link")
    link.focus()
    link.press("Control+a")
    link.press("Control+c")

    copied = desktop.evaluate("navigator.clipboard.readText()")

    assert copied == f"{link.input_value()}.ask"


@pytest.mark.parametrize(("status", "words"), [(0, "No connection"), (403, "The service can")])
def test_a_code_that_cannot_be_made_says_what_is_in_the_way(
    opening: Opener, service: Service, site: str, status: int, words: str
) -> None:
    service.answers["POST session"] = [(status, {"message": "Forbidden"})]
    page = opening()
    page.goto(site)
    expect(page.locator("#offline")).to_contain_text(words)

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    phase(page, "waiting")
    expect(page.locator("#offline")).to_be_empty()


def test_a_page_of_html_in_place_of_the_session_loses_no_code(
    desktop: Page, service: Service
) -> None:
    desktop.route(
        re.compile(r"/sessions/[\w-]+$"),
        lambda route: route.fulfill(
            status=404, body="<html>", headers={"access-control-allow-origin": "*"}
        ),
    )

    desktop.evaluate("dispatchEvent(new Event('online'))")
    desktop.wait_for_load_state("networkidle")

    phase(desktop, "waiting")
    assert service.made == 1


@pytest.mark.parametrize("kept", ["{}", '"text"', '{"session": {}}', "[1]"])
def test_what_this_page_never_kept_is_no_code(opening: Opener, site: str, kept: str) -> None:
    page = opening()
    page.add_init_script(f"sessionStorage.desktop = {json.dumps(kept)}")

    page.goto(site)

    phase(page, "waiting")
