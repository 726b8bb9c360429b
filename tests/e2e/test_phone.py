"""What the person with the phone may count on: honest rows, and no photo lost or sent twice."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Response, Route, expect

from tests.e2e.screens import PATIENCE, Opener, choose, phase, until
from tests.website.fake import HTTP_API, Service
from tests.website.screenshots import photo

PUT = "PUT object"
SMALL = (90, 120)
# A page that was loaded ahead, or in a tab behind: nobody sees it.
HIDDEN = """
window.unseen = true;
Object.defineProperty(Document.prototype, "hidden", { get: () => window.unseen });
Object.defineProperty(Document.prototype, "visibilityState", {
  get: () => window.unseen ? "hidden" : "visible",
});
"""
SEEN = "() => { window.unseen = false; document.dispatchEvent(new Event('visibilitychange')); }"
LOCKS = """
window.locks = 0;
navigator.wakeLock.request = async () => {
  window.locks += 1;
  return { addEventListener() {}, release: async () => { window.locks -= 1; } };
};
"""
# A picture by its first bytes, and too large to be sent; made in the page, which is quick.
CHOOSE_LARGE = """(small) => {
  const transfer = new DataTransfer();
  const magic = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  transfer.items.add(new File([magic, new ArrayBuffer(15 * 1024 * 1024)], "large.png"));
  const bytes = Uint8Array.from(atob(small), (letter) => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], "a.jpg"));
  document.getElementById("library").files = transfer.files;
  document.getElementById("library").dispatchEvent(new Event("change"));
}"""
DECODED = """
window.decoded = [];
const decode = window.createImageBitmap;
window.createImageBitmap = (file, options) => {
  window.decoded.push([file.size, options?.resizeWidth ?? options?.resizeHeight]);
  return decode(file, options);
};
"""
# The browser shows no rules of a style sheet that failed: it throws.
DRESSED = """() => {
  try {
    return [...document.styleSheets].filter((one) => one.cssRules.length > 0).length === 2;
  } catch {
    return false;
  }
}"""
REFUSED = """
Object.defineProperty(window, "%s", { get() { throw new DOMException("", "SecurityError"); } });
"""


@pytest.fixture
def link(service: Service, site: str) -> str:
    """What the code says."""
    service._create()
    return f"{site}/phone.html#1.{service.session['sessionId']}.{'u' * 32}"


@pytest.fixture
def phone(opening: Opener, link: str) -> Page:
    """The phone page, connected."""
    page = opening(is_mobile=True, has_touch=True, viewport={"width": 375, "height": 553})
    page.goto(link)
    phase(page, "ready")
    return page


def row(page: Page, number: int = 0) -> Any:
    """A photo's row."""
    return page.locator(".item").nth(number)


def is_state(page: Page, name: str, number: int = 0) -> None:
    """Wait until a photo's row shows that state."""
    expect(row(page, number)).to_have_attribute("data-state", name)


def hurry(page: Page) -> None:
    """Look at the page again: whatever waits tries at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def hurried_until(page: Page, state: str) -> None:
    """Look at the page again and again until its first photo is in that state."""
    end = time.monotonic() + 2 * PATIENCE
    while row(page).get_attribute("data-state") != state:
        assert time.monotonic() < end, row(page).inner_text()
        hurry(page)
        page.wait_for_timeout(50)


# ---- one phone


def test_a_second_tab_of_the_same_phone_continues(phone: Page, link: str, service: Service) -> None:
    tab = phone.context.new_page()
    tab.goto(link)

    phase(tab, "ready")
    expect(tab.locator("#code-digits")).to_have_text("42")
    assert service.log.count("POST claim") == 2


def test_it_continues_also_when_the_first_tab_was_closed(phone: Page, link: str) -> None:
    context = phone.context
    phone.close()

    tab = context.new_page()
    tab.goto(link)

    phase(tab, "ready")


def test_two_tabs_do_not_send_the_same_photo_twice(
    phone: Page, link: str, service: Service
) -> None:
    service.hangs.add(PUT)
    choose(phone, ("a.jpg", photo(0, SMALL)))
    is_state(phone, "sending")
    until(phone, lambda: service.log.count(PUT) == 1)
    tab = phone.context.new_page()
    tab.goto(link)
    phase(tab, "ready")

    choose(tab, ("a.jpg", photo(0, SMALL)))

    is_state(tab, "elsewhere")
    assert service.log.count("POST uploads") == 1
    assert service.log.count(PUT) == 1
    assert len(service.session["uploads"]) == 1


def test_nothing_of_a_session_is_kept_when_it_has_ended(phone: Page, service: Service) -> None:
    assert phone.evaluate("Object.keys(localStorage)") != []

    service.change(status="CANCELLED")
    hurry(phone)

    phase(phone, "closed")
    assert phone.evaluate("Object.keys(localStorage).filter(name => name != 'language')") == []


@pytest.mark.parametrize("refused", [["localStorage"], ["localStorage", "sessionStorage"]])
def test_a_browser_that_refuses_storage_sends_photos_all_the_same(
    opening: Opener, link: str, refused: list[str]
) -> None:
    page = opening()
    for storage in refused:
        page.add_init_script(REFUSED % storage)
    page.goto(link)
    phase(page, "ready")

    choose(page, ("a.jpg", photo(0, SMALL)))

    is_state(page, "arrived")


# ---- a machine that opens the link


def test_a_page_that_nobody_sees_claims_nothing(
    opening: Opener, service: Service, link: str
) -> None:
    page = opening()
    page.add_init_script(HIDDEN)
    page.goto(link)
    page.wait_for_load_state("networkidle")
    assert "POST claim" not in service.log

    page.evaluate(SEEN)

    phase(page, "ready")


def test_the_copied_link_takes_nothing_before_a_person_taps(
    opening: Opener, service: Service, link: str
) -> None:
    page = opening(is_mobile=True, has_touch=True)
    page.goto(f"{link}.ask")
    phase(page, "ask")
    page.wait_for_load_state("networkidle")
    assert "POST claim" not in service.log

    page.get_by_role("button", name="Connect").tap()

    phase(page, "ready")
    page.reload()
    phase(page, "ready")


@pytest.mark.parametrize(
    "damage",
    [
        *("{}.", "{}%20", "{}%0A", "{},", "{})", "{}_", "{}%22%3E", "{}%E2%80%8B"),
        *("%23", "%2523", "%20%23", ".#", "#/", "?", "?from=chat%23"),
    ],
)
def test_a_damaged_link_whose_meaning_is_clear_connects(
    opening: Opener, link: str, damage: str
) -> None:
    page = opening()

    page.goto(damage.format(link) if "{}" in damage else link.replace("#", damage))

    phase(page, "ready")


@pytest.mark.parametrize(
    "page_name", ["", "index.html", "phone", "Phone.html", "phone.htm", "phone.html."]
)
def test_a_link_whose_page_is_damaged_never_makes_a_second_code(
    opening: Opener, link: str, service: Service, page_name: str
) -> None:
    page = opening()

    page.goto(link.replace("phone.html", page_name))

    phase(page, "ready")
    assert "POST session" not in service.log


@pytest.mark.parametrize(
    "cut",
    ["", "#", "#1.", "#1.00000000-0000-4000", "?utm_source=chat", "%23", "%231.00000000", "%20"],
)
def test_a_link_that_lacks_a_part_says_that_it_is_incomplete(
    opening: Opener, service: Service, site: str, cut: str
) -> None:
    page = opening()

    page.goto(f"{site}/phone.html{cut}")

    phase(page, "noLink")
    expect(page.locator("#status")).to_have_text("This link is incomplete")
    assert service.log == []


# ---- what stands before the service answers in its place

# A firewall's page, a proxy's, a network's that wants a sign-in, half an answer.
STRANGE = [
    *(
        (status, "<html>Request blocked</html>")
        for status in (200, 202, 401, 403, 404, 405, 409, 410)
    ),
    *((403, '{"message":"Forbidden"}'), (200, '{"v":1,')),
]


def strangely(status: int, body: str) -> Callable[[Route], None]:
    """Answer so, in a way that the page may read."""
    headers = {"access-control-allow-origin": "*", "content-type": "text/html"}

    def answer(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.fallback()
        else:
            route.fulfill(status=status, body=body, headers=headers)

    return answer


@pytest.mark.parametrize(("status", "body"), STRANGE)
def test_a_strange_answer_to_the_claim_is_trouble_and_tried_again(
    opening: Opener, link: str, status: int, body: str
) -> None:
    page = opening()
    page.route("**/claim", strangely(status, body))
    page.goto(link)
    expect(page.locator("#offline")).to_contain_text("The service can")
    phase(page, "connecting")
    page.unroute("**/claim")

    hurry(page)

    phase(page, "ready")
    expect(page.locator("#offline")).to_be_empty()


@pytest.mark.parametrize(("status", "body"), STRANGE[::3])
def test_a_strange_answer_to_a_look_ends_no_session(phone: Page, status: int, body: str) -> None:
    session = re.compile(r"/sessions/[\w-]+$")
    phone.route(session, strangely(status, body))
    hurry(phone)
    expect(phone.locator("#offline")).to_contain_text("The service can")
    phase(phone, "ready")
    phone.unroute(session)

    hurry(phone)

    expect(phone.locator("#offline")).to_be_empty()


@pytest.mark.parametrize(("status", "body"), STRANGE[::3])
def test_a_strange_answer_to_an_announcement_loses_no_photo(
    phone: Page, status: int, body: str
) -> None:
    phone.route("**/uploads", strangely(status, body))
    choose(phone, ("a.jpg", photo(0, SMALL)))
    is_state(phone, "retrying")
    expect(row(phone)).to_contain_text("The service has trouble")
    phone.unroute("**/uploads")

    hurried_until(phone, "arrived")


# ---- what can't be sent ends


def test_a_file_that_changes_while_it_waits_arrives_as_it_was_chosen(
    phone: Page, service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (60, 40), "red").save(path)
    original = path.read_bytes()
    service.answers[PUT] = [(0, {})]
    phone.set_input_files("#library", path)
    is_state(phone, "retrying")

    path.write_bytes(b"something else")
    hurry(phone)

    is_state(phone, "arrived")
    assert list(service.objects.values()) == [original]


def test_a_bucket_that_refuses_for_good_is_named_and_can_be_tried_again(
    phone: Page, service: Service
) -> None:
    service.answers[PUT] = [(403, {})] * 4
    choose(phone, ("a.jpg", photo(0, SMALL)))

    hurried_until(phone, "failed")
    expect(row(phone)).to_contain_text("Not sent: the storage")
    assert service.log.count(PUT) == 4
    row(phone).get_by_role("button", name="Try again").tap()

    is_state(phone, "arrived")


def test_a_service_in_trouble_is_named_and_not_called_a_lost_connection(
    phone: Page, service: Service
) -> None:
    service.answers["POST uploads"] = [(503, {})] * 20

    choose(phone, ("a.jpg", photo(0, SMALL)))

    is_state(phone, "retrying")
    expect(row(phone)).to_contain_text("The service has trouble")
    hurried_until(phone, "failed")
    expect(row(phone)).to_contain_text("Try again in a few minutes")


def test_a_missing_connection_is_waited_for_as_long_as_it_takes(
    phone: Page, service: Service
) -> None:
    service.answers["POST uploads"] = [(0, {})] * 30
    choose(phone, ("a.jpg", photo(0, SMALL)))

    hurried_until(phone, "arrived")

    assert service.log.count("POST uploads") == 31


def test_a_photo_tells_that_the_code_ended_while_it_was_tried(
    phone: Page, service: Service
) -> None:
    service.answers[PUT] = [(403, {})]
    choose(phone, ("a.jpg", photo(0, SMALL)))
    is_state(phone, "retrying")

    service.change(status="CANCELLED")
    hurry(phone)

    is_state(phone, "failed")
    expect(row(phone)).to_contain_text("the code has ended")
    expect(row(phone).get_by_role("button", name="Remove")).to_be_visible()


def test_a_photo_in_flight_can_be_taken_back(phone: Page, service: Service) -> None:
    aborted: list[str] = []
    phone.on("requestfailed", lambda request: aborted.append(request.method))
    service.hangs.add(PUT)
    choose(phone, *[(f"{number}.jpg", photo(number, SMALL)) for number in range(3)])
    until(phone, lambda: service.log.count(PUT) == 2)
    is_state(phone, "waiting", 2)

    for left in (2, 1, 0):
        phone.get_by_role("button", name="Remove").first.tap()
        expect(phone.locator(".item")).to_have_count(left)

    assert "PUT" in aborted
    hurry(phone)
    expect(phone.locator("#places")).to_have_text(
        "Room for 7 more photos. A photo that was taken back keeps its place."
    )


def test_looking_at_the_page_again_tries_at_once(phone: Page, service: Service) -> None:
    service.answers[PUT] = [(0, {})] * 4
    choose(phone, ("a.jpg", photo(0, SMALL)))
    hurried_until(phone, "arrived")

    assert service.log.count(PUT) == 5


# ---- location and bytes


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_no_type_leaves_with_its_place(phone: Page, service: Service, kind: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 30.0), 3: "E", 4: (8.0, 32.0, 0.0)})
    data = io.BytesIO()
    Image.new("RGB", (80, 60), "green").save(data, kind, exif=exif.tobytes())

    choose(phone, (f"a.{kind}", data.getvalue()))

    is_state(phone, "arrived")
    (sent,) = service.objects.values()
    assert dict(Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)) == {}
    assert dict(Image.open(data).getexif().get_ifd(0x8825)) != {}


def test_a_place_that_cannot_be_removed_is_said_before_anything_leaves(
    phone: Page, service: Service
) -> None:
    broken = photo(0, SMALL)[:30]
    choose(phone, ("a.jpg", broken))
    is_state(phone, "failed")
    expect(row(phone)).to_contain_text("Not sent: this file")
    assert "POST uploads" not in service.log

    row(phone).get_by_role("button", name="Send with location").tap()

    is_state(phone, "arrived")
    assert list(service.objects.values()) == [broken]


def test_an_unfinished_upload_goes_on_for_the_same_photo_alone(
    phone: Page, service: Service
) -> None:
    service.hangs.add(PUT)
    first = photo(0, SMALL)
    choose(phone, ("a.jpg", first))
    until(phone, lambda: service.log.count(PUT) == 1)
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.reload()
    is_state(phone, "unfinished")
    service.hangs.clear()
    other = first[:-2] + b"\x00\x00"

    choose(phone, ("a.jpg", other), ("b.jpg", first))

    expect(phone.locator(".item[data-state=arrived]")).to_have_count(2)
    stored = [service.objects[upload["id"]] for upload in service.session["uploads"]]
    assert stored == [first, other]


# ---- in sight


@pytest.mark.parametrize("window", [(375, 553), (390, 664)])
def test_what_is_being_sent_is_the_first_thing_after_choosing(
    opening: Opener, service: Service, link: str, window: tuple[int, int]
) -> None:
    service.hangs.add(PUT)
    page = opening(
        is_mobile=True, has_touch=True, viewport={"width": window[0], "height": window[1]}
    )
    page.goto(link)
    phase(page, "ready")
    page.locator("#location").scroll_into_view_if_needed()

    choose(page, ("1.jpg", photo(1, SMALL)), ("2.jpg", photo(2, SMALL)))

    is_state(page, "sending")
    for part in ("#summary", "#all", ".item progress"):
        expect(page.locator(part).first).to_be_in_viewport(ratio=1)
    expect(page.locator("#summary")).to_have_text("0 of 2 photos sent")


def test_what_a_code_takes_is_said_in_sight_before_anything_is_chosen(phone: Page) -> None:
    expect(phone.locator("#rules")).to_contain_text("Up to 10 photos with this code")
    expect(phone.locator("#rules")).to_be_in_viewport(ratio=1)


def test_more_photos_than_a_code_takes_are_told_apart_from_those_that_go(
    phone: Page, service: Service
) -> None:
    service.answers["POST uploads"] = []
    service.max_uploads = 10
    phone.route(f"{HTTP_API}/**/uploads", _counting(service))

    choose(phone, *[(f"{number}.jpg", photo(number, (40, 30 + number))) for number in range(13)])

    expect(phone.locator(".item[data-state=arrived]")).to_have_count(10)
    expect(phone.locator(".item[data-state=failed]")).to_have_count(3)
    expect(phone.locator("#places")).to_contain_text("takes no more photos")
    expect(phone.locator("#choosers")).to_be_hidden()
    expect(phone.get_by_role("switch")).to_be_hidden()
    expect(phone.locator("#rules")).to_be_hidden()


def _counting(service: Service) -> Any:
    def handle(route: Route) -> None:
        full = len(service.session["uploads"]) >= service.max_uploads
        if route.request.method != "POST" or not full:
            return route.fallback()
        body = json.dumps({"v": 1, "error": "quota"})
        headers = {"access-control-allow-origin": "*", "content-type": "application/json"}
        return route.fulfill(status=409, headers=headers, body=body)

    return handle


def test_the_screen_stays_on_while_something_is_sent_and_not_longer(
    opening: Opener, service: Service, link: str
) -> None:
    service.answers[PUT] = [(0, {})]
    page = opening()
    page.add_init_script(LOCKS)
    page.goto(link)
    phase(page, "ready")

    choose(page, ("a.jpg", photo(0, SMALL)))
    is_state(page, "retrying")
    page.wait_for_function("locks === 1")
    hurry(page)

    is_state(page, "arrived")
    page.wait_for_function("locks === 0")


def test_the_last_minutes_are_told_and_the_end_and_nothing_is_asked_after_it(
    opening: Opener, service: Service, link: str
) -> None:
    service.session["expiresAt"] = service.now() + 240
    page = opening()
    page.goto(link)
    phase(page, "ready")
    expect(page.locator("#time")).to_contain_text("left for sending")
    choose(page, ("a.jpg", photo(0, SMALL)))
    is_state(page, "arrived")

    service.change(status="EXPIRED", expiresAt=service.now() - 1)
    hurry(page)

    expect(page.locator("#status")).to_have_text("Finished")
    page.wait_for_timeout(200)
    asked = service.log.count("GET session")
    hurry(page)
    page.wait_for_timeout(400)
    assert service.log.count("GET session") == asked


@pytest.mark.parametrize("end", ["stopped", "deleted"])
def test_a_photo_whose_fate_nobody_tells_any_more_does_not_stay_under_way(
    phone: Page, service: Service, end: str
) -> None:
    service.settles = False
    choose(phone, ("a.jpg", photo(0, SMALL)))
    is_state(phone, "sent")

    if end == "stopped":
        service.change(status="CANCELLED")
    else:
        service.session["rev"] += 1
        service.answers["GET session"] = [(404, {"v": 1, "error": "not_found"})] * 3
    hurry(phone)

    is_state(phone, "failed")
    expect(row(phone)).to_contain_text("the code has ended")
    phase(phone, "closed" if end == "stopped" else "unknownCode")


def test_previews_are_decoded_small_and_none_of_what_is_refused(opening: Opener, link: str) -> None:
    page = opening()
    page.add_init_script(DECODED)
    page.goto(link)
    phase(page, "ready")

    page.evaluate(CHOOSE_LARGE, base64.b64encode(photo(0)).decode())

    is_state(page, "failed")
    is_state(page, "arrived", 1)
    page.wait_for_selector(".thumbnail canvas")
    decoded = page.evaluate("decoded")
    assert len(decoded) == 1
    assert 0 < decoded[0][1] < 500


# ---- a weak network


@pytest.mark.parametrize("name", ["words/en.js", "words/phone.en.js", "api.js", "phone.js"])
def test_a_script_that_fails_once_is_loaded_again(opening: Opener, link: str, name: str) -> None:
    page = opening()
    failed: list[str] = []

    def once(route: Route) -> None:
        if failed:
            route.fallback()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route(f"**/{name}*", once)

    page.goto(link)

    phase(page, "ready")
    assert len(failed) == 1


@pytest.mark.parametrize("name", ["style.css", "phone.css"])
def test_a_style_sheet_that_fails_twice_is_loaded_again(
    opening: Opener, link: str, name: str
) -> None:
    page = opening()
    failed: list[str] = []

    def twice(route: Route) -> None:
        if len(failed) == 2:
            route.fallback()
        else:
            failed.append(route.request.url)
            route.abort()

    page.route(f"**/{name}*", twice)

    page.goto(link)

    phase(page, "ready")
    page.wait_for_function(DRESSED)
    assert len(failed) == 2


def test_a_script_that_comes_in_part_is_loaded_again(
    browser: Browser, service: Service, link: str
) -> None:
    page = browser.new_page()
    service.attach(page.context)
    broken: list[str] = []

    def once(route: Route) -> None:
        if broken:
            route.fallback()
        else:
            broken.append(route.request.url)
            route.fulfill(content_type="text/javascript", body="import { connect } from")

    page.route("**/phone.js", once)

    page.goto(link)

    phase(page, "ready")
    page.context.close()


def hangs_once(page: Page, name: str) -> None:
    """Answer the first request for a file never."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        if asked:
            route.fallback()
        asked.append(route.request.url)

    page.route(f"**/{name}", answer)


@pytest.mark.parametrize(("locale", "words"), [("en-GB", "Try again"), ("ar", "إعادة المحاولة")])
def test_a_script_that_never_comes_leaves_a_button_that_works(
    opening: Opener, link: str, locale: str, words: str
) -> None:
    page = opening(locale=locale)
    hangs_once(page, "phone.js")
    page.goto(link, wait_until="commit")
    button = page.get_by_role("button", name=words)
    expect(button).to_be_visible()

    button.click(no_wait_after=True)

    phase(page, "ready")


def test_a_script_that_never_comes_is_loaded_again_after_a_while(
    opening: Opener, link: str
) -> None:
    page = opening()
    page.clock.install()
    hangs_once(page, "phone.js")
    page.goto(link, wait_until="commit")
    expect(page.locator("#boot")).to_be_attached()

    page.clock.run_for(30_000)

    phase(page, "ready")


@pytest.mark.parametrize("status", [200, 202, 403, 404])
def test_a_page_of_html_in_place_of_the_configuration_is_no_word_to_visitors(
    opening: Opener, link: str, status: int
) -> None:
    page = opening()
    html = "<title>Sign in to the network</title>"
    page.route(
        "**/config.json",
        lambda route: route.fulfill(status=status, content_type="text/html", body=html),
    )
    page.goto(link)
    expect(page.locator("#problem")).to_contain_text("tries again by itself")
    page.unroute("**/config.json")

    hurry(page)

    phase(page, "ready")


def test_what_is_shown_meanwhile_speaks_to_a_visitor(opening: Opener, link: str) -> None:
    page = opening()
    page.route("**/api.js*", lambda route: route.abort())

    page.goto(link)

    expect(page.locator("#boot")).to_be_visible()
    expect(page.locator("#boot")).to_contain_text("tries again by itself")
    expect(page.locator("#boot")).not_to_contain_text("nox")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "ar"])
@pytest.mark.parametrize("which", ["desktop", "phone"])
def test_a_visit_without_photos_weighs_less_than_32_kb(
    opening: Opener, site: str, link: str, locale: str, which: str
) -> None:
    page = opening(locale=locale)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))

    page.goto(site if which == "desktop" else link)
    phase(page, "waiting" if which == "desktop" else "ready")
    page.wait_for_load_state("networkidle")

    bodies = [answer.body() for answer in answers if answer.url.startswith(site)]
    assert len(bodies) > 15
    assert sum(len(gzip.compress(body)) for body in bodies) < 32_000
