"""Pictures to send, made here: none of them shows anybody."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from PIL import Image

GPS = 0x8825
ORIENTATION = 0x0112


def jpeg(path: Path, *, seed: int = 0, gps: bool = True) -> Path:
    """A small photo, lying on its side, with the place where it was taken."""
    picture = Image.radial_gradient("L").resize((160, 120)).convert("RGB")
    picture.putpixel((seed % 160, seed % 120), (255, 0, 0))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    if gps:
        exif.get_ifd(GPS).update({1: "N", 2: (47.0, 22.0, 30.0), 3: "E", 4: (8.0, 32.0, 0.0)})
    picture.save(path, quality=90, exif=exif)
    return path


def has_location(path: Path) -> bool:
    """Does its metadata say where it was taken?"""
    with Image.open(path) as picture:
        return bool(picture.getexif().get_ifd(GPS))


def huge_png(path: Path) -> Path:
    """A PNG of a few bytes that says it is 30,000 pixels wide."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        data += struct.pack(">I", len(content)) + kind + content
        data += struct.pack(">I", zlib.crc32(kind + content))
    path.write_bytes(data)
    return path
