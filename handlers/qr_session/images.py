"""What the first bytes of an image say: whether they are of the declared type, and how large it is.

Pure, and total: any bytes give an answer, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

# 200 megapixels is what the largest phone sensors take (16,320 x 12,240); a panorama is wide.
# A desktop browser decodes to four bytes a pixel: beyond this an image is an attack on its tab.
LONGEST_SIDE = 20_000
MOST_PIXELS = 200_000_000

Size = tuple[int, int]

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_BRANDS = {
    "image/heic": _HEIC,
    "image/heif": _HEIC | {b"mif1", b"mif2", b"msf1"},
    "image/avif": {b"avif", b"avis"},
}
_JPEG_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def acceptable(content_type: str, head: bytes) -> bool:
    """Whether the bytes begin an image of that type whose size, where they tell it, is sane."""
    if not is_of_type(content_type, head):
        return False
    size = dimensions(content_type, head)
    return size is None or is_sane(size)


def is_sane(size: Size) -> bool:
    """Whether a browser can show an image of that width and height."""
    width, height = size
    return min(size) >= 1 and max(size) <= LONGEST_SIDE and width * height <= MOST_PIXELS


def is_of_type(content_type: str, head: bytes) -> bool:
    """Whether the magic bytes are those of the declared type."""
    if content_type in _BRANDS:
        return not _BRANDS[content_type].isdisjoint(_brands(head))
    magic = _MAGIC.get(content_type)
    return magic is not None and magic(head)


def dimensions(content_type: str, head: bytes) -> Size | None:
    """Width and height in pixels, where these bytes tell them."""
    measure = _MEASURES.get(content_type, _iso_size)
    return measure(head)


_MAGIC: dict[str, Callable[[bytes], bool]] = {
    "image/jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "image/png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/gif": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "image/webp": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
}


def _jpeg_size(head: bytes) -> Size | None:
    """The frame header's, behind any number of other segments."""
    at = 2
    while at + 4 <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker in _JPEG_FRAMES:
            return _pair(head[at + 7 : at + 9], head[at + 5 : at + 7], "big")
        if marker == 0xDA:
            return None
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(head[at + 2 : at + 4], "big"))
    return None


def _png_size(head: bytes) -> Size | None:
    return _pair(head[16:20], head[20:24], "big", width=4) if head[12:16] == b"IHDR" else None


def _gif_size(head: bytes) -> Size | None:
    return _pair(head[6:8], head[8:10], "little")


def _webp_size(head: bytes) -> Size | None:
    kind = head[12:16]
    if kind == b"VP8X":
        size = _pair(head[24:27], head[27:30], "little", width=3)
        return size and (size[0] + 1, size[1] + 1)
    if kind == b"VP8L" and head[20:21] == b"\x2f" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        size = _pair(head[26:28], head[28:30], "little")
        return size and (size[0] & 0x3FFF, size[1] & 0x3FFF)
    return None


def _iso_size(head: bytes) -> Size | None:
    """The largest of the `ispe` properties: a tiled image has one for its tiles and one for all."""
    sizes = [size for name, body in _boxes(head) if name == b"meta" for size in _ispe(body)]
    return (max(w for w, _ in sizes), max(h for _, h in sizes)) if sizes else None


def _ispe(meta: bytes) -> Iterator[Size]:
    at = meta.find(b"ispe")
    while at >= 0:
        if size := _pair(meta[at + 8 : at + 12], meta[at + 12 : at + 16], "big", width=4):
            yield size
        at = meta.find(b"ispe", at + 4)


def _brands(head: bytes) -> set[bytes]:
    """The major brand and the compatible ones of the file type box, which comes first."""
    for name, body in _boxes(head):
        if name != b"ftyp":
            break
        return {body[:4]} | {body[at : at + 4] for at in range(8, len(body) - 3, 4)}
    return set()


def _boxes(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The top-level boxes of an ISO media file; the last may be cut off."""
    at = 0
    while at + 8 <= len(head):
        length, start = int.from_bytes(head[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(head[at + 8 : at + 16], "big"), at + 16
        end = len(head) if length == 0 else at + length
        if end < start:
            return
        yield head[at + 4 : at + 8], head[start:end]
        at = end


def _pair(first: bytes, second: bytes, order: str, *, width: int = 2) -> Size | None:
    if len(first) < width or len(second) < width:
        return None
    big = order == "big"
    return (
        int.from_bytes(first, "big" if big else "little"),
        int.from_bytes(second, "big" if big else "little"),
    )


_MEASURES: dict[str, Callable[[bytes], Size | None]] = {
    "image/jpeg": _jpeg_size,
    "image/png": _png_size,
    "image/gif": _gif_size,
    "image/webp": _webp_size,
}
