"""Tasks that end when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

BETWEEN_TRIES = 0.2


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel these tasks until each has ended.

    Once is not enough: up to Python 3.11 `asyncio.wait_for` swallows a cancellation that comes in
    the moment in which what it waits for is done (fixed in 3.12), and a loop then goes on.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=BETWEEN_TRIES)
    await asyncio.gather(*tasks, return_exceptions=True)
