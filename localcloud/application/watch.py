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
    before = await asyncio.to_thread(_state, root)
    while True:
        await asyncio.sleep(BETWEEN_LOOKS)
        now = await asyncio.to_thread(_state, root)
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
        now = await asyncio.to_thread(_state, root)
        if now == seen:
            return now
        seen = now


def _state(root: Path) -> dict[str, tuple[int, int]]:
    states = {}
    for folder in WATCHED:
        for path in files.ours((root / folder).rglob("*"), root / folder):
            try:
                seen = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                states[path.relative_to(root).as_posix()] = (seen.st_mtime_ns, seen.st_size)
    return states
