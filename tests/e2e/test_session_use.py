"""What docs/scaling.md and the costs rest on is what the pages ask of AWS."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser

from tests.e2e.session_use import GOLDEN, PHOTOS, count, unlike


@pytest.mark.parametrize("photos", PHOTOS)
def test_a_session_asks_what_was_counted(browser: Browser, photos: int) -> None:
    golden = json.loads(GOLDEN.read_text())[str(photos)]

    counts = count(browser, photos)

    assert unlike(counts, golden, photos) == [], "run: python -m tests.e2e.session_use"


def test_only_looks_for_a_photo_may_differ() -> None:
    golden = json.loads(GOLDEN.read_text())["3"]
    more = {**golden, "stream_records": 11}

    assert unlike(golden, golden, 3) == []
    assert unlike(more, golden, 3) == ["stream_records: 11, not 10"]
