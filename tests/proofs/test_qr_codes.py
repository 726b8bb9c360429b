"""Our QR codes are those of segno, module by module, and zxing reads them."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pytest
import segno
import segno.encoder
import zxingcpp

from tests.website.tools import node

LENGTHS = range(1, 214)
MASKS = range(8)
ALPHABET = string.ascii_letters + string.digits + "-_.:/#"


@pytest.fixture(autouse=True)
def _padding_as_in_the_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    """segno 1.6.6 fills up a codeword that is full already with eight more zeros.

    ISO/IEC 18004, 7.4.10, asks for padding only where the bits do not end at a codeword's border;
    the other readers and makers do as it says. Remove this when segno does.
    """

    def padded(bits: bytearray, version: int, length: int) -> None:
        bits.extend([0] * (-length % 8))

    monkeypatch.setattr(segno.encoder, "write_padding_bits", padded)


def text(length: int) -> str:
    """A text of that length as a link could have it, the same in every run."""
    return "".join(random.Random(length).choices(ALPHABET, k=length))  # noqa: S311 - no secret


def encoded(jobs: Sequence[tuple[str, int | None]]) -> Iterator[tuple[int, int, str]]:
    """Mask, size and modules of each code."""
    run = node("tests/website/matrices.mjs", stdin=json.dumps(jobs).encode())
    assert run.returncode == 0, run.stderr.decode()
    for line in run.stdout.decode().splitlines():
        mask, size, modules = line.split()
        yield int(mask), int(size), modules


def expected(content: str, mask: int | None) -> tuple[int, int, str]:
    """The same of segno's code."""
    code = segno.make_qr(content.encode(), error="m", mode="byte", boost_error=False, mask=mask)
    modules = "".join(str(module) for row in code.matrix for module in row)
    return code.mask, len(code.matrix), modules


def test_every_length_with_every_mask_is_segnos_code() -> None:
    jobs = [(text(length), mask) for length, mask in product(LENGTHS, MASKS)]

    codes = list(encoded(jobs))

    assert len(codes) == len(jobs) == 213 * 8
    for job, code in zip(jobs, codes, strict=True):
        assert code == expected(*job), f"{len(job[0])} bytes, mask {job[1]}"


def test_every_length_gets_the_mask_that_segno_chooses() -> None:
    jobs = [(text(length), None) for length in LENGTHS]

    codes = list(encoded(jobs))

    for job, code in zip(jobs, codes, strict=True):
        assert code == expected(*job), f"{len(job[0])} bytes"


def test_zxing_reads_every_length_with_every_mask() -> None:
    jobs = [(text(length), mask) for length, mask in product(LENGTHS, [None, *MASKS])]

    codes = list(encoded(jobs))

    assert len(codes) == 213 * 9
    for (content, mask), (_, size, modules) in zip(jobs, codes, strict=True):
        assert read(size, modules) == [(content, "M")], f"{len(content)} bytes, mask {mask}"


def read(size: int, modules: str) -> list[tuple[str, str]]:
    """What a reader sees: texts and their correction levels."""
    dark = np.array([module == "1" for module in modules]).reshape(size, size)
    image = np.where(np.pad(dark, 4), 0, 255).astype(np.uint8)
    enlarged = np.kron(image, np.ones((3, 3), np.uint8))
    found = zxingcpp.read_barcodes(enlarged, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [(one.text, one.ec_level) for one in found]
