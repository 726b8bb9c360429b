"""What "Save all" makes is a zip that others open."""

from __future__ import annotations

import base64
import io
import json
import zipfile

from tests.website.tools import node

FILES = {
    "IMG_4100.jpg": b"\xff\xd8\xff" + bytes(range(256)) * 40,
    "Sommer in Zürich ☀ 夏.png": b"\x89PNG",
    "empty.gif": b"",
}


def zipped(files: dict[str, bytes]) -> bytes:
    """The page's own zip of these files."""
    pairs = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
    run = node("tests/website/zip.mjs", stdin=json.dumps(pairs).encode())
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def test_every_file_comes_out_as_it_went_in() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped(FILES)))

    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_the_files_have_the_time_at_which_they_were_saved() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped(FILES)))

    assert {info.date_time for info in archive.infolist()} == {(2026, 11, 25, 9, 30, 14)}


def test_photos_are_not_compressed_again() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped(FILES)))

    assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
