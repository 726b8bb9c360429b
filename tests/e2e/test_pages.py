"""Both pages in a real browser, against services inside the browser's own requests."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    Page,
    expect,
)

from tests.e2e.screens import Opener, choose, phase
from tests.website.fake import Service
from tests.website.published import WEBSITE, published, serving
from tests.website.screenshots import DESKTOP_SCENES, NARROW, PHONE_SCENES, Scene, photo
from tests.website.tools import ROOT, missing

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# 15 MiB made inside the browser: they take long on the way there.
CHOOSE_LARGE = """() => {
  const transfer = new DataTransfer();
  const magic = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  transfer.items.add(new File([magic, new ArrayBuffer(15 * 1024 * 1024)], "large.png"));
  document.getElementById("library").files = transfer.files;
  document.getElementById("library").dispatchEvent(new Event("change"));
}"""
VIOLATED = """async ([addresses, least]) => {
  const blocked = [];
  addEventListener("securitypolicyviolation", ({ blockedURI }) => blocked.push(blockedURI));
  for (const address of addresses) {
    try {
      if (address.startsWith("ws")) new WebSocket(address).close();
      else await fetch(address, { mode: "no-cors" });
    } catch {}
  }
  const end = performance.now() + 20_000;
  while (new Set(blocked).size < least && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  return [...new Set(blocked)];
}"""
SCENES = [scene for scene in (*DESKTOP_SCENES, *PHONE_SCENES) if scene.__name__ != "sending"]


def test_both_screens_show_the_same_number(pair: tuple[Page, Page]) -> None:
    for page in pair:
        expect(page.locator("#code-digits")).to_have_text("42")


def test_a_photo_comes_back_byte_by_byte_with_the_switch_off(pair: tuple[Page, Page]) -> None:
    desktop, phone = pair
    original = photo(0)

    phone.get_by_label("Remove location").uncheck()
    choose(phone, ("a.jpg", original))
    phase(desktop, "arrived")
    with desktop.expect_download() as download:
        desktop.get_by_role("button", name="Download").click()

    assert Path(download.value.path()).read_bytes() == original
    assert download.value.suggested_filename == "a.jpg"
    expect(phone.locator(".state")).to_have_text("Arrived")


def test_a_photo_leaves_without_its_place_with_the_switch_on(
    pair: tuple[Page, Page], service: Service
) -> None:
    _, phone = pair
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.0)})
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.open(io.BytesIO(photo(1))).save(data, "JPEG", exif=exif)

    choose(phone, ("a.jpg", data.getvalue()))
    expect(phone.locator(".state")).to_have_text("Arrived")

    (stored,) = service.objects.values()
    after = Image.open(io.BytesIO(stored))
    assert dict(after.getexif()) == {0x0112: 6}
    assert after.tobytes() == Image.open(data).tobytes()


def test_ten_photos_arrive(pair: tuple[Page, Page]) -> None:
    desktop, phone = pair

    choose(phone, *[(f"{number}.jpg", photo(number, (90, 120))) for number in range(10)])

    expect(desktop.locator(".tile img")).to_have_count(10)
    expect(desktop.locator("#status")).to_have_text("10 photos have arrived")
    expect(phone.locator("#summary")).to_have_text("All 10 photos have arrived")


def test_a_file_that_is_no_picture_never_leaves_the_phone(
    pair: tuple[Page, Page], service: Service
) -> None:
    _, phone = pair

    choose(phone, ("notes.jpg", b"not a picture"))

    expect(phone.locator(".state")).to_have_text("Not a picture that can be sent.")
    assert "POST uploads" not in service.log


def test_a_file_that_is_too_large_never_leaves_the_phone(
    pair: tuple[Page, Page], service: Service
) -> None:
    _, phone = pair

    phone.evaluate(CHOOSE_LARGE)

    expect(phone.locator(".state")).to_contain_text("Too large.")
    assert "POST uploads" not in service.log


def test_a_refused_photo_is_explained_on_both_screens(
    pair: tuple[Page, Page], service: Service
) -> None:
    desktop, phone = pair
    service.rejects = True

    choose(phone, ("a.jpg", photo(0)))

    expect(phone.locator(".state")).to_contain_text("Not accepted")
    expect(desktop.locator(".tile")).to_contain_text("Not accepted")
    expect(desktop.locator(".tile button")).to_be_hidden()


@pytest.mark.parametrize("answers", [[403], [0], [409], [412], [503, 403]])
def test_whatever_the_bucket_answers_the_photo_ends_well(
    pair: tuple[Page, Page], service: Service, answers: list[int]
) -> None:
    _, phone = pair
    service.answers["PUT object"] = [(status, {}) for status in answers]

    choose(phone, ("a.jpg", photo(0)))

    done = r"Sent|Arrived" if answers == [412] else "Arrived"
    expect(phone.locator(".state")).to_have_text(re.compile(done))


def test_a_reload_keeps_the_session_on_both_screens(
    pair: tuple[Page, Page], service: Service
) -> None:
    desktop, phone = pair
    choose(phone, ("a.jpg", photo(0)))
    phase(desktop, "arrived")
    expect(phone.locator(".state")).to_have_text("Arrived")

    desktop.reload()
    phone.reload()

    phase(desktop, "arrived")
    phase(phone, "ready")
    expect(desktop.locator(".tile img")).to_have_count(1)
    assert service.made == 1


def test_a_second_phone_is_told_that_another_was_faster(
    pair: tuple[Page, Page], opening: Opener
) -> None:
    _, phone = pair
    second = opening(is_mobile=True)

    second.goto(phone.url)

    expect(second.locator("#status")).to_have_text("Another phone was faster")


def test_another_code_scanned_into_the_same_tab_is_taken(
    pair: tuple[Page, Page], service: Service, site: str
) -> None:
    _, phone = pair
    service._create()
    service.match_code = "07"

    phone.goto(f"{site}/phone.html#1.{service.session['sessionId']}.{'u' * 32}")

    expect(phone.locator("#code-digits")).to_have_text("07")


def test_stopping_is_seen_on_both_screens(pair: tuple[Page, Page]) -> None:
    desktop, phone = pair

    desktop.get_by_role("button", name="Stop").click()
    phone.evaluate("dispatchEvent(new Event('online'))")

    phase(desktop, "stopped")
    phase(phone, "closed")
    expect(desktop.get_by_role("button", name="New code")).to_be_visible()


def test_photos_stay_when_a_new_code_is_made(pair: tuple[Page, Page]) -> None:
    desktop, phone = pair
    choose(phone, ("a.jpg", photo(0)))
    phase(desktop, "arrived")

    desktop.get_by_role("button", name="Done").click()
    desktop.get_by_role("button", name="New code").click()

    phase(desktop, "waiting")
    expect(desktop.locator(".tile img")).to_have_count(1)


def test_a_code_that_nobody_used_is_renewed_by_itself(
    opening: Opener, service: Service, site: str
) -> None:
    desktop = opening()
    desktop.goto(site)
    phase(desktop, "waiting")
    before = desktop.locator("#link").input_value()

    service.change(status="EXPIRED")

    expect(desktop.locator("#link")).not_to_have_value(before)
    phase(desktop, "waiting")
    assert service.made == 2


def test_without_a_socket_the_photos_come_by_polling(
    opening: Opener, service: Service, site: str
) -> None:
    service.hangs.add("socket")
    desktop = opening()
    desktop.goto(site)
    phase(desktop, "waiting")

    service._claim("nonce")
    service.upload(1, "STORED", photo(0))

    expect(desktop.locator(".tile img")).to_have_count(1)


def test_offline_is_said_and_taken_back(pair: tuple[Page, Page]) -> None:
    desktop, _ = pair

    desktop.context.set_offline(True)
    expect(desktop.locator("#offline")).to_contain_text("No connection")
    desktop.context.set_offline(False)

    expect(desktop.locator("#offline")).to_be_empty()


def test_the_phone_writes_its_nonce_before_it_claims(
    opening: Opener, service: Service, site: str
) -> None:
    phone = opening(is_mobile=True)
    service._create()
    service.answers["POST claim"] = [(0, {})] * 50
    session_id = service.session["sessionId"]

    phone.goto(f"{site}/phone.html#1.{session_id}.{'u' * 32}")
    phase(phone, "connecting")
    nonce = phone.evaluate(f"JSON.parse(localStorage['phone.{session_id}']).nonce")

    assert re.fullmatch("[0-9a-f]{32}", nonce)


def test_the_keyboard_alone_reaches_everything(pair: tuple[Page, Page]) -> None:
    desktop, phone = pair
    choose(phone, ("a.jpg", photo(0)))
    expect(desktop.locator(".tile img")).to_be_visible()
    expect(phone.locator(".state")).to_have_text("Arrived")

    reached = {page: tabbed(page) for page in pair}

    shown = [re.sub("[\u2068\u2069]", "", stop) for stop in reached[desktop]]
    name = desktop.locator(".tile .file").inner_text()
    assert shown == ["language", "renew", "stop", f"{name}, open large", f"Download {name}"]
    assert reached[phone] == ["language", "camera", "library", "location"]
    desktop.get_by_role("button", name="Done").focus()
    desktop.keyboard.press("Enter")
    phase(desktop, "stopped")
    expect(desktop.locator("#status")).to_be_focused()


def tabbed(page: Page) -> list[str]:
    """What the Tab key stops at, by id or label, from the page's beginning."""
    stops: list[str] = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(12):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
            " || document.activeElement.querySelector('img')?.alt || ''"
        )
        if not name or name in stops:
            break
        stops.append(name)
    return stops


def test_a_page_that_was_never_published_says_so(browser: Browser) -> None:
    with serving(WEBSITE) as address:
        for path in ("/", "/phone.html"):
            page = browser.new_page(locale="en")
            page.goto(address + path)

            expect(page.locator("#problem-text")).to_contain_text("nox -s local")
            page.close()


def test_a_page_at_a_foreign_address_points_to_its_own(browser: Browser, site: str) -> None:
    page = browser.new_page(locale="en")

    page.goto(site.replace("127.0.0.1", "localhost") + "/phone.html#1.a.b")

    link = page.locator("#problem-link")
    expect(link).to_have_attribute("href", f"{site}/phone.html#1.a.b")
    page.close()


def test_the_policy_lets_through_the_stacks_services_and_nothing_else(
    browser: Browser, tmp_path: Path
) -> None:
    local = {
        "HttpApiUrl": "http://127.0.0.1:1",
        "WebSocketUrl": "ws://127.0.0.1:1/dev",
        "UploadBucketHost": "uploads.localhost:1",
    }
    allowed = [
        "http://127.0.0.1:1/sessions",
        "ws://127.0.0.1:1/dev",
        "http://uploads.localhost:1/k",
    ]
    refused = ["http://127.0.0.1:2/", "ws://127.0.0.1:1/prod", "https://elsewhere.example.test/"]
    with serving(tmp_path / "site") as address:
        published({**local, "WebsiteURL": address}, tmp_path / "site")
        page = browser.new_page()
        page.goto(address)

        blocked = page.evaluate(VIOLATED, [allowed + refused, len(refused)])

    page.close()
    assert sorted(blocked) == sorted(refused)


def test_a_page_opened_as_a_file_says_what_to_do(browser: Browser) -> None:
    page = browser.new_page()
    page.goto((WEBSITE / "index.html").as_uri())

    expect(page.locator("#boot")).to_be_visible()
    page.close()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_state_fits_320_pixels_and_axe_finds_nothing_in_both_themes(
    opening: Opener, service: Service, site: str, scene: Callable[[Scene], None]
) -> None:
    if not AXE.is_file():
        missing("axe-core", "Run: npm ci")
    width, height = NARROW
    page = opening(viewport={"width": width, "height": height}, color_scheme="light")

    scene(Scene(page, service, site))
    page.wait_for_timeout(200)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE.read_text("utf-8"))
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds: each rule with the first element that breaks it."""
    found = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
