"""The other types leave the phone without their location too, and with every pixel."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from tests.website.stripping import removed, stripped

GPS_IFD, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>48,8N</exif:GPSLatitude></x:xmpmeta>'
PLACE = (b"GPS", b"48,8N", b"Camera", b"\x88\x25", b"\x25\x88")
TYPES = ("png", "webp", "avif", "heic")

pillow_heif.register_heif_opener()


def exif(orientation: int) -> bytes:
    """What a phone writes beside a picture."""
    made = Image.Exif()
    made[MAKE] = "Camera"
    made[ORIENTATION] = orientation
    made.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    return made.tobytes()


def photo(kind: str, orientation: int = 6, **more: Any) -> bytes:
    """A picture of that type with a place, a maker, XMP data and a colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = io.BytesIO()
    format_ = "HEIF" if kind == "heic" else kind
    picture().save(
        data, format_, **{"exif": exif(orientation), "icc_profile": profile, "xmp": XMP, **more}
    )
    return data.getvalue()


def picture() -> Image.Image:
    """Something that is not the same from any side."""
    return Image.effect_mandelbrot((64, 48), (-2, -1, 1, 0.6), 40).convert("RGB")


def opened(data: bytes) -> Image.Image:
    """The picture, read to its end."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def frames_of(image: Image.Image) -> int:
    """How many pictures an animation has."""
    return int(getattr(image, "n_frames", 0))


def upright(data: bytes) -> bytes:
    """The pixels as a viewer shows them."""
    return ImageOps.exif_transpose(opened(data)).tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def box(name: bytes, body: bytes) -> bytes:
    """A box of an ISO media file."""
    return struct.pack(">I", len(body) + 8) + name + body


@pytest.mark.parametrize("kind", TYPES)
def test_no_place_is_left_in_any_type(kind: str) -> None:
    before = photo(kind)

    after = stripped(kind, before)

    assert any(trace in before for trace in PLACE)
    assert not any(trace in after for trace in PLACE)
    assert not opened(after).getexif().get_ifd(GPS_IFD)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_it_looks_the_same_as_before(kind: str, orientation: int) -> None:
    before = photo(kind, orientation)

    after = stripped(kind, before)

    assert opened(after).tobytes() == opened(before).tobytes()
    assert upright(after) == upright(before)
    assert opened(after).info["icc_profile"] == opened(before).info["icc_profile"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_second_removal_changes_nothing(kind: str) -> None:
    once = stripped(kind, photo(kind))

    assert stripped(kind, once) == once


@pytest.mark.parametrize("kind", ["png", "webp", "gif", "avif"])
def test_an_animation_keeps_its_frames(kind: str) -> None:
    frames = [picture().rotate(angle) for angle in (0, 90, 180)]
    data = io.BytesIO()
    more = {} if kind == "gif" else {"exif": exif(1)}
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=50, **more)

    after = opened(stripped(kind, data.getvalue()))

    before = opened(data.getvalue())
    assert frames_of(after) == frames_of(before) == 3
    for at in range(3):
        after.seek(at)
        before.seek(at)
        assert after.tobytes() == before.tobytes()
    assert b"\x88\x25" not in stripped(kind, data.getvalue())


def test_a_transparent_picture_stays_transparent() -> None:
    for kind in ("png", "webp"):
        image = picture()
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        data = io.BytesIO()
        image.save(data, kind, exif=exif(6), lossless=True)

        assert opened(stripped(kind, data.getvalue())).tobytes() == image.tobytes()


def test_a_pngs_texts_and_what_stands_behind_its_end_are_gone() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Raw profile type exif", "GPS 48,8N")
    texts.add_itxt("XML:com.adobe.xmp", "GPS 48,8N", zip=False)
    texts.add_text("Comment", "GPS " * 100, zip=True)
    before = photo("png", pnginfo=texts)
    private = before[:33] + chunk(b"prVt", b"GPS") + before[33:] + b"GPS behind the end"

    after = stripped("png", private)

    assert b"GPS" not in after
    assert not opened(after).info.keys() & {"Raw profile type exif", "XML:com.adobe.xmp", "Comment"}
    assert after.endswith(chunk(b"IEND", b""))


def test_a_gifs_comments_and_other_programs_blocks_are_gone() -> None:
    data = io.BytesIO()
    picture().save(data, "gif", comment=b"GPS 48,8N")
    gif = data.getvalue()
    application = b"\x21\xff\x0bXMP DataXMP" + b"\x09GPS 48,8N" + b"\0"

    after = stripped("gif", gif[:-1] + application + b";" + b"GPS behind the end")

    assert b"GPS" not in after
    assert opened(after).tobytes() == opened(gif).tobytes()


def test_what_stands_behind_a_gifs_number_of_repetitions_is_gone() -> None:
    frames = [picture(), picture().rotate(90)]
    data = io.BytesIO()
    frames[0].save(data, "gif", save_all=True, append_images=frames[1:], loop=3)
    head, repeat, rest = data.getvalue().partition(b"NETSCAPE2.0\x03\x01\x03\x00")

    after = stripped("gif", head + repeat + b"\x05" + b"48,8N" + rest)

    assert after == head + repeat + rest


@pytest.mark.parametrize("name", [b"sPLT", b"hIST", b"IEND"])
def test_a_pngs_chunks_that_no_viewer_needs_take_no_text_along(name: bytes) -> None:
    before = photo("png")
    end = before.index(b"IDAT") - 4 if name != b"IEND" else before.index(b"IEND") - 4

    after = stripped("png", before[:end] + chunk(name, b"48,8N") + before[end:])

    assert b"48,8N" not in after
    assert opened(after).tobytes() == opened(before).tobytes()


def test_a_webp_without_a_header_of_its_own_is_left_alone() -> None:
    data = io.BytesIO()
    picture().save(data, "webp")

    assert stripped("webp", data.getvalue()) == data.getvalue()


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_what_a_phone_appends_to_a_heif_file_is_gone(kind: str) -> None:
    film = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"GPS +48.13")
    for more in (
        box(b"mpvd", film),
        box(b"uuid", bytes(16) + b"GPS"),
        box(b"free", b"GPS"),
        film,
        b"\0\0GPS\xff\xffSEFT",
    ):
        after = stripped(kind, photo(kind) + more)

        assert b"GPS" not in after
        assert opened(after).tobytes() == opened(photo(kind)).tobytes()


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_what_no_item_of_a_heif_file_uses_is_gone(kind: str) -> None:
    before = photo(kind)

    after = stripped(kind, before + box(b"mdat", XMP))

    assert b"GPSLatitude" not in after
    assert opened(after).tobytes() == opened(before).tobytes()


def test_a_track_that_shows_nothing_makes_the_file_one_that_cannot_be_taken_apart() -> None:
    handler = box(b"hdlr", bytes(8) + b"meta" + bytes(12))
    film = box(b"moov", box(b"trak", box(b"mdia", handler)))

    assert removed("avif", photo("avif") + film) is None


def test_a_films_own_descriptions_are_gone() -> None:
    data = io.BytesIO()
    frames = [picture(), picture().rotate(90)]
    frames[0].save(data, "avif", save_all=True, append_images=frames[1:], exif=exif(1))
    described = box(b"moov", box(b"udta", box(b"\xa9xyz", b"GPS +48.13")))

    after = stripped("avif", data.getvalue() + described)

    assert b"GPS" not in after
    assert frames_of(opened(after)) == 2


@pytest.mark.parametrize("kind", [*TYPES, "gif"])
def test_a_file_that_was_cut_off_is_refused_and_not_sent_as_it_is(kind: str) -> None:
    data = io.BytesIO()
    picture().save(data, "gif")
    whole = data.getvalue() if kind == "gif" else photo(kind)

    for length in (0, 1, 12, 40, 200):
        assert removed(kind, whole[:length]) is None


def test_a_type_that_nobody_knows_is_refused() -> None:
    assert removed("tiff", b"II*\0") is None
