"""Which files of the project have changed, for `--watch`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from pipeline import files

WATCHED = ("environments", "handlers", "rules", "templates", "website")
BETWEEN_LOOKS = 0.3


async def changes(root: Path) -> AsyncIterator[list[str]]:
    """Changed, new and removed files, relative to the root, when they have come to rest."""
    before = await asyncio.to_thread(files.states, root, WATCHED)
    while True:
        await asyncio.sleep(BETWEEN_LOOKS)
        now = await asyncio.to_thread(files.states, root, WATCHED)
        if now == before:
            continue
        now = await _settled(root, now)
        paths = sorted(
            path for path in now.keys() | before.keys() if now.get(path) != before.get(path)
        )
        before = now
        yield paths


async def _settled(root: Path, seen: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """The state once nothing changes any more: an editor writes several files in a row."""
    while True:
        await asyncio.sleep(BETWEEN_LOOKS)
        now = await asyncio.to_thread(files.states, root, WATCHED)
        if now == seen:
            return now
        seen = now
