"""From the code to the photo on the other screen, in engines other than Chromium."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.browsers.people import Desktop, Phone, connect
from tests.e2e.pictures import has_location, jpeg


def test_a_photo_arrives_byte_for_byte(desktop: Desktop, phone: Phone, tmp_path: Path) -> None:
    photo = jpeg(tmp_path / "photo.jpg")
    connect(desktop, phone)
    assert desktop.digits == phone.digits != ""

    phone.keeps_location()
    phone.sends(photo)

    desktop.has(1)
    phone.all_arrived(1)
    assert desktop.downloads(".tile button") == photo.read_bytes()


def test_several_photos_arrive_without_their_location(
    desktop: Desktop, phone: Phone, tmp_path: Path
) -> None:
    photos = [jpeg(tmp_path / f"{number}.jpg", seed=number) for number in range(3)]
    connect(desktop, phone)

    phone.sends(*photos)

    desktop.has(3)
    phone.all_arrived(3)
    arrived = tmp_path / "arrived.jpg"
    arrived.write_bytes(desktop.downloads(".tile button"))
    with Image.open(arrived) as picture:
        assert picture.size == (160, 120)
        assert picture.getexif()[0x0112] == 6
    assert has_location(photos[0])
    assert not has_location(arrived)


def test_both_pages_survive_a_reload(desktop: Desktop, phone: Phone, tmp_path: Path) -> None:
    connect(desktop, phone)
    phone.sends(jpeg(tmp_path / "one.jpg", seed=1))
    desktop.has(1)
    number = phone.digits

    desktop.driver.refresh()
    phone.driver.refresh()

    phone.sees("ready")
    assert phone.digits == number
    desktop.has(1)
    phone.sends(jpeg(tmp_path / "two.jpg", seed=2))
    desktop.has(2)


def test_a_second_phone_is_refused(desktop: Desktop, phone: Phone, another_phone: Phone) -> None:
    link = connect(desktop, phone)

    another_phone.opens(link)

    another_phone.sees("taken")
    assert desktop.phase == "connected"


def test_a_phone_learns_that_the_code_was_stopped(desktop: Desktop, phone: Phone) -> None:
    link = desktop.scanned()

    desktop.clicks("#stop")
    desktop.sees("stopped")
    phone.opens(link)

    phone.sees("closed")


def test_nothing_scrolls_sideways_on_either_screen(desktop: Desktop, phone: Phone) -> None:
    connect(desktop, phone)

    widths = [
        person.asks("[document.documentElement.scrollWidth, innerWidth]")
        for person in (desktop, phone)
    ]

    assert [needed <= there for needed, there in widths] == [True, True]
