"""What a phone's browser might take its own way: tabs, storage, links, types, broken transfers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from tests.browsers.people import Desktop, Phone
from tests.e2e.pictures import has_location, jpeg
from tests.e2e.running import Application

# An address that nobody answers at, so that uploads fail as they do without a network.
NOWHERE = """
const real = XMLHttpRequest.prototype.open;
window.puts = 0;
window.repaired = false;
window.waits = [];
const later = window.setTimeout.bind(window);
window.setTimeout = function (work, after, ...words) {
  const wait = later(work, after, ...words);
  window.waits.push(wait);
  return wait;
};
XMLHttpRequest.prototype.open = function (method, url) {
  window.puts += 1;
  return real.call(this, method, window.repaired ? url : "http://127.0.0.1:9/");
};
"""
# The first upload begins only once the test lets it.
LATE = """
const real = XMLHttpRequest.prototype.send;
window.about = 0;
window.gone = 0;
XMLHttpRequest.prototype.send = function (body) {
  window.about += 1;
  if (window.about > 1) return real.call(this, body);
  window.leave = () => real.call(this, body);
  this.addEventListener("abort", () => { window.gone += 1; });
};
"""
LOCKS = """
window.locks = 0;
window.most = 0;
const sentinel = {
  addEventListener() {},
  release: async () => { window.locks -= 1; },
};
WakeLock.prototype.request = async () => {
  window.locks += 1;
  window.most = Math.max(window.most, window.locks);
  return sentinel;
};
"""
NEVER = "for (const wait of window.waits) clearTimeout(wait)"
LOOKED_AT = "document.dispatchEvent(new Event('visibilitychange'))"
ONLINE = "dispatchEvent(new Event('online'))"


def with_place(path: Path) -> Path:
    """A photo of the type that the name says, with the place where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 30.0), 3: "E", 4: (8.0, 32.0, 0.0)})
    Image.new("RGB", (80, 60), "green").save(path, exif=exif.tobytes())
    return path


# ---- one phone


def test_a_second_tab_of_the_same_phone_continues(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    desktop, phone = pair
    number, link = phone.digits, phone.address

    phone.opens_a_tab(link)

    phone.sees("ready")
    assert phone.digits == number
    phone.sends(jpeg(tmp_path / "photo.jpg"))
    desktop.has(1)


def test_it_continues_also_when_the_first_tab_was_closed(pair: tuple[Desktop, Phone]) -> None:
    _, phone = pair
    number, link = phone.digits, phone.address

    phone.opens_a_tab(link, instead=True)

    phone.sees("ready")
    assert phone.digits == number


def test_two_tabs_do_not_send_the_same_photo_twice(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    desktop, phone = pair
    photo, link = jpeg(tmp_path / "photo.jpg"), phone.address
    phone.sends(photo)
    phone.all_arrived(1)

    phone.opens_a_tab(link)
    phone.sees("ready")
    phone.sends(photo)

    phone.waits(lambda: phone.states, lambda states: states in (["arrived"], ["sent"]), 20)
    desktop.has(1)
    assert desktop.count(".tile") == 1


def test_a_browser_that_stores_nothing_sends_photos_all_the_same(
    desktop: Desktop, phone_that_stores_nothing: Phone, tmp_path: Path
) -> None:
    phone = phone_that_stores_nothing
    phone.opens(desktop.scanned())
    phone.sees("ready")
    assert not phone.stores

    phone.sends(jpeg(tmp_path / "photo.jpg"))

    desktop.has(1)
    phone.all_arrived(1)


# ---- links


@pytest.mark.parametrize("damage", ["{}.", "{}%20", "{}%E2%80%8B", "{})", "%23", "%2523"])
def test_a_damaged_link_whose_meaning_is_clear_connects(
    desktop: Desktop, phone: Phone, damage: str
) -> None:
    link = desktop.scanned()

    phone.opens(damage.format(link) if "{}" in damage else link.replace("#", damage))

    phone.sees("ready")
    desktop.sees("connected")


def test_a_link_that_lacks_a_part_says_that_it_is_incomplete(
    application: Application, phone: Phone
) -> None:
    phone.opens(f"{application.url.rstrip('/')}/phone.html#1.00000000-0000-4000")

    phone.sees("noLink")
    assert phone.text("#status") == "This link is incomplete"


def test_the_copied_link_takes_nothing_before_a_person_taps(desktop: Desktop, phone: Phone) -> None:
    phone.opens(f"{desktop.scanned()}.ask")
    phone.sees("ask")
    assert desktop.phase == "waiting"

    phone.clicks("#connect")

    phone.sees("ready")
    desktop.sees("connected")
    phone.driver.refresh()
    phone.sees("ready")


# ---- photos


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "avif"])
def test_no_type_leaves_with_its_place(
    pair: tuple[Desktop, Phone], tmp_path: Path, kind: str
) -> None:
    desktop, phone = pair
    photo, arrived = with_place(tmp_path / f"a.{kind}"), tmp_path / f"b.{kind}"

    phone.sends(photo)

    desktop.has(1)
    arrived.write_bytes(desktop.downloads(".tile button"))
    assert has_location(photo)
    assert not has_location(arrived)


def test_each_photo_shows_its_small_picture(pair: tuple[Desktop, Phone], tmp_path: Path) -> None:
    _, phone = pair

    phone.sends(*[jpeg(tmp_path / f"{number}.jpg", seed=number) for number in range(2)])

    phone.has_so_many(".thumbnail canvas", 2)


def test_what_is_being_sent_is_the_first_thing_after_choosing(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    _, phone = pair
    phone.does("document.getElementById('location').scrollIntoView()")

    phone.sends(jpeg(tmp_path / "photo.jpg"))

    phone.all_arrived(1)
    box = phone.asks("document.getElementById('summary').getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < box["bottom"] <= phone.asks("innerHeight")


# ---- broken transfers


def test_a_photo_is_taken_back_while_it_is_being_sent(
    application: Application, pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    _, phone = pair
    phone.does(LATE)
    phone.sends(jpeg(tmp_path / "one.jpg", seed=1))
    phone.waits(lambda: phone.asks("window.about"), bool, 20)
    os.kill(application.process, signal.SIGSTOP)  # the upload leaves, and nobody answers it
    try:
        phone.does("window.leave()")
        phone.waits(lambda: phone.states, lambda states: states == ["sending"], 20)
        phone.clicks(".item button.round")
        phone.waits(lambda: phone.asks("window.gone"), bool, 20)
        assert phone.states == []
    finally:
        os.kill(application.process, signal.SIGCONT)

    phone.sends(jpeg(tmp_path / "two.jpg", seed=2))

    phone.all_arrived(1)
    assert "keeps its place" in phone.text("#places")


@pytest.mark.parametrize("what_happens", [LOOKED_AT, ONLINE], ids=["looked at", "online"])
def test_a_photo_that_waits_is_tried_at_once_when_there_is_reason_to(
    pair: tuple[Desktop, Phone], tmp_path: Path, what_happens: str
) -> None:
    _, phone = pair
    phone.does(NOWHERE)
    phone.sends(jpeg(tmp_path / "photo.jpg"))
    phone.waits(lambda: phone.asks("window.puts"), lambda puts: puts >= 4, 60)
    phone.waits(lambda: phone.states, lambda states: states == ["retrying"], 20)

    phone.does(NEVER)  # by itself it would try again, after four seconds at least
    before = phone.asks("window.puts")
    phone.does(f"window.repaired = true; {what_happens}")

    phone.waits(lambda: phone.asks("window.puts"), lambda puts: puts > before, 20)
    phone.all_arrived(1)


def test_the_screen_stays_on_while_something_is_sent_and_not_longer(
    pair: tuple[Desktop, Phone], tmp_path: Path
) -> None:
    _, phone = pair
    has_locks = phone.asks("'wakeLock' in navigator")
    if has_locks:
        phone.does(LOCKS)

    phone.sends(*[jpeg(tmp_path / f"{number}.jpg", seed=number) for number in range(3)])

    phone.all_arrived(3)
    if has_locks:
        assert phone.asks("window.most") == 1
        phone.waits(lambda: phone.asks("window.locks"), lambda locks: locks == 0, 10)
