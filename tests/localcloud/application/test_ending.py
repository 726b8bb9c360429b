"""Ending tasks, also those that did not hear it the first time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from localcloud.application.ending import ended


def test_a_task_that_swallowed_a_cancellation_is_cancelled_again() -> None:
    heard = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard.append("cancelled")
                if len(heard) > 1:
                    raise

    async def run() -> asyncio.Task[None]:
        task = asyncio.create_task(deaf_once())
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await ended([task])
        return task

    task = asyncio.run(run())

    assert task.cancelled()
    assert heard == ["cancelled", "cancelled"]


def test_what_a_task_failed_with_does_not_stop_the_others() -> None:
    async def fails() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        raise RuntimeError

    async def run() -> list[bool]:
        tasks = [asyncio.create_task(fails()), asyncio.create_task(asyncio.sleep(60))]
        await asyncio.sleep(0)
        await ended(tasks)
        return [task.done() for task in tasks]

    assert asyncio.run(run()) == [True, True]
