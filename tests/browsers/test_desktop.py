"""What a computer's browser might take its own way: windows, frames, saving, dialogs, clocks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browsers.people import Desktop, Phone
from tests.browsers.stumbling import stumbling
from tests.e2e.pictures import jpeg
from tests.e2e.running import Application
from tests.website.published import published, serving

# Firefox makes none narrower than the first; Chromium's tests go down to 320 pixels.
WINDOWS = [(500, 664), (640, 400), (683, 768), (911, 512)]
# Services that aren't there: the page itself is what the test is about.
NOBODY = {
    "HttpApiUrl": "http://127.0.0.1:9",
    "WebSocketUrl": "ws://127.0.0.1:9/dev",
    "UploadBucketHost": "127.0.0.1:9",
}
TWO_HOURS = "const real = Date.now; Date.now = () => real() + %d * 7200000;"


def photos(folder: Path, *names: str) -> list[Path]:
    """Small photos of these names, each different."""
    return [jpeg(folder / name, seed=number) for number, name in enumerate(names)]


@pytest.mark.parametrize("window", WINDOWS, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_code_can_be_scanned_without_scrolling(
    application: Application, desktop: Desktop, window: tuple[int, int]
) -> None:
    desktop.shows(*window)
    desktop.opens(application.url)

    assert desktop.scanned() == desktop.asks("document.getElementById('link').value")


def test_all_photos_are_saved_in_one_zip_under_their_own_names(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    desktop, phone = pair
    phone.sends(*photos(tmp_path, "IMG_1.jpg", "Sommer am See.jpg", "صورة.jpg"))
    desktop.has(3)

    data = desktop.downloads("#save-all")

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["IMG_1.jpg", "Sommer am See.jpg", "صورة.jpg"]
        sizes = [Image.open(io.BytesIO(packed.read(name))).size for name in packed.namelist()]
    assert sizes == [(160, 120)] * 3


def test_a_photo_opens_large_by_the_keyboard_and_escape_leads_back(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    desktop, phone = pair
    phone.sends(*photos(tmp_path, "a.jpg", "b.jpg"))
    desktop.has(2)
    desktop.has_so_many(".tile a img", 2)
    desktop.does("document.querySelector('.tile a').focus()")

    _press(desktop, Keys.ENTER)
    desktop.has_so_many("dialog.viewer img", 1)
    _press(desktop, Keys.ARROW_RIGHT)
    desktop.waits(lambda: desktop.text("dialog.viewer"), lambda text: "2 of 2" in text, 20)
    _press(desktop, Keys.ESCAPE)

    desktop.has_so_many("dialog.viewer", 0)
    back = "document.activeElement === document.querySelector('.tile a')"
    desktop.waits(lambda: desktop.asks(back), bool, 20)


def _press(person: Desktop, key: str) -> None:
    ActionChains(person.driver).send_keys(key).perform()


def test_a_new_code_ends_the_old_one_and_keeps_the_photos(
    pair: tuple[Desktop, Phone], another_phone: Phone, tmp_path: Path
) -> None:
    desktop, phone = pair
    phone.sends(*photos(tmp_path, "a.jpg"))
    desktop.has(1)

    desktop.clicks("#renew")

    another_phone.opens(desktop.scanned())
    another_phone.sees("ready")
    another_phone.sends(jpeg(tmp_path / "b.jpg", seed=9))
    desktop.has(2)


def test_inside_another_page_it_shows_nothing_but_a_way_out(
    application: Application, desktop: Desktop, tmp_path: Path
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "index.html").write_text(f"<iframe src='{application.url}' width=1200></iframe>")
    with serving(folder) as stranger:
        desktop.opens(stranger)

        desktop.driver.switch_to.frame(0)

        desktop.waits(lambda: desktop.words, lambda words: "inside another page" in words, 20)
        assert desktop.count("#qr svg") == 0
        assert desktop.count("#stage") == 0
        desktop.driver.switch_to.default_content()
        desktop.opens(application.url)  # the stranger is about to go


@pytest.mark.parametrize("direction", [1, -1], ids=["forward", "back"])
def test_setting_the_clock_while_a_code_waits_ends_nothing(
    desktop: Desktop, direction: int
) -> None:
    desktop.sees("waiting")
    link = desktop.asks("document.getElementById('link').value")

    desktop.does(TWO_HOURS % direction)
    desktop.asks("new Promise(done => setTimeout(done, 2500))")

    assert desktop.phase == "waiting"
    assert desktop.asks("document.getElementById('link').value") == link
    assert "minutes" in desktop.text("#time")


@pytest.mark.parametrize("name", ["words/desktop.en.js", "api.js", "desktop.js"])
def test_a_script_that_fails_once_is_loaded_again(
    application: Application, desktop: Desktop, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "site"
    with stumbling(folder, name) as (address, failed):
        published({**NOBODY, "WebsiteURL": address}, folder)

        desktop.opens(address)

        desktop.sees("creating")
        assert failed == [f"/{name}"]
        desktop.opens(application.url)  # this website is about to go


def test_a_part_of_what_photos_need_that_fails_once_is_loaded_again(
    application: Application, desktop: Desktop, tmp_path: Path
) -> None:
    def is_there() -> bool:
        try:
            return bool(desktop.asks("import('/gallery.js').then(() => true, () => false)"))
        except WebDriverException:  # the page is being loaded again
            return False

    folder = tmp_path / "site"
    with stumbling(folder, "viewer.js") as (address, failed):
        published({**NOBODY, "WebsiteURL": address}, folder)
        desktop.opens(address)
        desktop.sees("creating")

        desktop.does("import('/backoff.js').then(({ load }) => load('./gallery.js'))")

        desktop.waits(is_there, bool, 30)
        assert failed == ["/viewer.js"]
        desktop.opens(application.url)  # this website is about to go


def test_arabic_runs_from_right_to_left_and_nothing_scrolls_sideways(
    pair: tuple[Desktop, Phone],
) -> None:
    for person in pair:
        person.clicks("#language")

        person.waits(lambda: person.asks("document.dir"), lambda way: way == "rtl", 20)  # noqa: B023 - asked at once
        needed, there = person.asks("[document.documentElement.scrollWidth, innerWidth]")
        assert needed <= there
