"""Magic bytes and dimensions of the seven types, and of anything that pretends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr_session import images
from qr_session.session import CONTENT_TYPES

Size = tuple[int, int]


def jpeg(size: Size, exif: int = 0) -> bytes:
    width, height = size
    frame = b"\xff\xc2\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    app1 = b"\xff\xe1" + (exif + 2).to_bytes(2, "big") + bytes(exif) if exif else b""
    return b"\xff\xd8\xff\xe0\x00\x04ab" + app1 + b"\xff" + frame + b"\x03"


def png(size: Size) -> bytes:
    sides = b"".join(side.to_bytes(4, "big") for side in size)
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + sides + b"\x08\x02"


def gif(size: Size) -> bytes:
    return b"GIF89a" + b"".join(side.to_bytes(2, "little") for side in size)


def _riff(chunk: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + chunk


def webp_extended(size: Size) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return _riff(b"VP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + sides)


def webp_lossless(size: Size) -> bytes:
    bits = (size[0] - 1) | (size[1] - 1) << 14
    return _riff(b"VP8L\x00\x00\x00\x00\x2f" + bits.to_bytes(4, "little"))


def webp_lossy(size: Size) -> bytes:
    sides = b"".join(side.to_bytes(2, "little") for side in size)
    return _riff(b"VP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a" + sides)


def _box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body


def _iso(brand: bytes, size: Size) -> bytes:
    def ispe(size: Size) -> bytes:
        return _box(b"ispe", bytes(4) + b"".join(side.to_bytes(4, "big") for side in size))

    tiles = ispe((512, 512)) + ispe(size)
    meta = _box(b"meta", bytes(4) + _box(b"iprp", _box(b"ipco", tiles)))
    return _box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + meta + _box(b"mdat", b"data")


def heic(size: Size) -> bytes:
    return _iso(b"heic", size)


def avif(size: Size) -> bytes:
    return _iso(b"avif", size)


MADE = [
    ("image/jpeg", jpeg),
    ("image/png", png),
    ("image/gif", gif),
    ("image/webp", webp_extended),
    ("image/webp", webp_lossless),
    ("image/webp", webp_lossy),
    ("image/heic", heic),
    ("image/heif", heic),
    ("image/avif", avif),
]


@pytest.mark.parametrize(("content_type", "make"), MADE)
@pytest.mark.parametrize("size", [(600, 700), (1024, 768)])
def test_an_image_tells_its_size(content_type: str, make: object, size: Size) -> None:
    assert callable(make)
    head = make(size)

    assert images.dimensions(content_type, head) == size
    assert images.acceptable(content_type, head)


@pytest.mark.parametrize(("content_type", "make"), MADE)
def test_an_image_is_no_image_of_another_type(content_type: str, make: object) -> None:
    assert callable(make)
    accepted = {one for one in CONTENT_TYPES if images.is_of_type(one, make((600, 700)))}

    related = {
        "image/heic": {"image/heif"},
        "image/heif": {"image/heic"},
        "image/avif": {"image/heif"},
    }
    assert accepted == {content_type} | related.get(content_type, set())


@pytest.mark.parametrize(
    ("size", "sane"),
    [
        ((1, 1), True),
        ((16_320, 12_240), True),
        ((20_000, 10_000), True),
        ((0, 10), False),
        ((10, 0), False),
        ((20_001, 1), False),
        ((1, 20_001), False),
        ((20_000, 10_001), False),
    ],
)
def test_a_bomb_is_rejected_where_its_header_tells(size: Size, sane: bool) -> None:
    verdicts = {
        images.acceptable("image/png", png(size)),
        images.acceptable("image/gif", gif(size)),
    }

    assert verdicts == {sane}


def test_a_jpeg_tells_its_size_behind_its_exif_data() -> None:
    assert images.dimensions("image/jpeg", jpeg((30, 40), exif=65_000)) == (30, 40)


@pytest.mark.parametrize(
    "head", [b"", b"<svg", b"%PDF-1.7", b"\xff\xd8", b"GIF88a", b"RIFF1234WAVE"]
)
@pytest.mark.parametrize("content_type", [*CONTENT_TYPES, "image/svg+xml", "", "text/html"])
def test_what_is_no_image_is_of_no_type(content_type: str, head: bytes) -> None:
    assert not images.acceptable(content_type, head)


@pytest.mark.parametrize(("content_type", "make"), MADE)
def test_no_truncation_raises(content_type: str, make: object) -> None:
    assert callable(make)
    head = make((600, 700))

    for length in range(len(head)):
        images.acceptable(content_type, head[:length])


@given(
    st.sampled_from(MADE),
    st.binary(max_size=200),
    st.integers(0, 60),
    st.sampled_from(CONTENT_TYPES),
)
def test_no_garbage_raises(
    made: tuple[str, object], garbage: bytes, at: int, content_type: str
) -> None:
    assert callable(made[1])
    head = made[1]((600, 700))

    for data in (garbage, head[:at] + garbage, head[:at] + garbage + head[at:]):
        assert images.acceptable(content_type, data) in {True, False}


@pytest.mark.parametrize(
    "lead", [b"\xff\xd8\xff", b"\x00\x00\x00\x10ftypheic", b"\x00\x00\x00\x01ftyp"]
)
def test_a_hostile_header_takes_no_time(lead: bytes) -> None:
    for filler in (b"\xff", b"\x00", b"\xff\xd0", b"\x00\x00\x00\x08free", b"ispe"):
        head = lead + filler * (128 * 1024 // len(filler))
        for content_type in CONTENT_TYPES:
            images.acceptable(content_type, head)
