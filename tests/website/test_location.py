"""Photos leave the phone without their location, and with every pixel."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms, ImageOps

from tests.website.stripping import removed, stripped

GPS_IFD, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112
PLACE = b"48/1,8/1,14/1"


def photo(orientation: int | None = None, **more: object) -> bytes:
    """A JPEG with all that a phone writes around a picture."""
    image = Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 40).convert("RGB")
    exif = Image.Exif()
    exif[MAKE] = "Camera"
    if orientation:
        exif[ORIENTATION] = orientation
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = io.BytesIO()
    image.save(data, "JPEG", exif=exif, icc_profile=profile, comment=PLACE, **more)
    return data.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """The JPEG with more segments behind its first marker."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def opened(jpeg: bytes) -> Image.Image:
    """The picture, read to its end."""
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_keeps_its_pixels_and_its_orientation(orientation: int) -> None:
    before = photo(orientation)

    after = stripped("jpeg", before)

    assert opened(after).tobytes() == opened(before).tobytes()
    assert opened(after).getexif().get(ORIENTATION, 1) == orientation
    upright = [ImageOps.exif_transpose(opened(one)).tobytes() for one in (before, after)]
    assert upright[0] == upright[1]


@pytest.mark.parametrize("more", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_every_kind_of_jpeg_keeps_its_pixels(more: dict[str, object]) -> None:
    before = photo(6, **more)

    assert opened(stripped("jpeg", before)).tobytes() == opened(before).tobytes()


def test_gray_and_four_coloured_pictures_keep_their_pixels() -> None:
    for mode in ("L", "CMYK"):
        data = io.BytesIO()
        Image.effect_mandelbrot((32, 32), (-2, -1, 1, 1), 20).convert(mode).save(data, "JPEG")

        assert (
            opened(stripped("jpeg", data.getvalue())).tobytes() == opened(data.getvalue()).tobytes()
        )


def test_nothing_of_the_exif_is_left_but_the_orientation() -> None:
    exif = opened(stripped("jpeg", photo(6))).getexif()

    assert dict(exif) == {ORIENTATION: 6}
    assert not exif.get_ifd(GPS_IFD)


def test_an_upright_picture_has_no_exif_at_all() -> None:
    assert not opened(stripped("jpeg", photo(1))).getexif()
    assert b"Exif" not in stripped("jpeg", photo(None))


def test_the_colour_profile_stays() -> None:
    before = photo()  # made once: a profile holds the second in which it was made

    after = stripped("jpeg", before)

    assert opened(after).info["icc_profile"] == opened(before).info["icc_profile"]


def test_comments_xmp_iptc_and_makers_segments_are_gone() -> None:
    secrets = [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x exif:GPSLatitude='48,8N'/>"),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0GPS"),
        segment(0xE2, b"MPF\0GPS"),
        segment(0xED, b"Photoshop 3.0\x008BIM GPS city"),
        segment(0xEB, b"HDR GPS"),
        segment(0xFE, b"GPS 48.13 11.57"),
    ]
    before = with_segments(photo(3), *secrets)

    after = stripped("jpeg", before)

    assert b"GPS" not in after
    assert PLACE not in after
    assert opened(after).tobytes() == opened(photo(3)).tobytes()


@pytest.mark.parametrize(
    "odd",
    [
        segment(0xE0, b"Maker\0GPS"),
        segment(0xE0, b"JFXX\0\x10GPS"),
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01GPS"),
        segment(0xEE, b"Maker\0GPS"),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01GPS"),
        segment(0xDC, b"\0\x30GPS"),
    ],
)
def test_what_only_looks_like_a_part_of_the_picture_takes_nothing_along(odd: bytes) -> None:
    before = with_segments(photo(6), odd)

    after = stripped("jpeg", before)

    assert b"GPS" not in after
    assert opened(after).tobytes() == opened(before).tobytes()


def test_what_a_phone_appends_to_a_picture_is_gone() -> None:
    film = b"\0\0\0\x18ftypmp42 GPS +48.13+011.57/"
    before = photo(6) + photo(6) + film

    after = stripped("jpeg", before)

    assert after.endswith(b"\xff\xd9")
    assert b"GPS" not in after
    assert len(after) < len(photo(6))
    assert opened(after).tobytes() == opened(photo(6)).tobytes()


def test_a_second_removal_changes_nothing() -> None:
    once = stripped("jpeg", photo(6))

    assert stripped("jpeg", once) == once


def test_a_file_that_cannot_be_taken_apart_is_refused_and_not_sent_as_it_is() -> None:
    for broken in (b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", photo()[:40], b"\xff\xd8" + b"GPS" * 9):
        assert removed("jpeg", broken) is None
