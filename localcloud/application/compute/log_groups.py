"""What functions print reaches their log groups too, as Lambda sends it: in batches, a bit later.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.application.compute.sandbox import Outcome
from localcloud.application.ending import ended
from localcloud.resources.base import Account

EVERY = 0.5  # seconds between two batches
MOST = 1000  # events of one batch; CloudWatch takes 10,000, or a megabyte


class LogGroups:
    """The lines that wait for the next batch, by log group; one stream in each for this run."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._streams: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def put(self, group: str, message: str) -> None:
        """One line, now."""
        now = round(time.time() * 1000)
        self._waiting[group].append({"timestamp": now, "message": message})
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_soon())

    def ended(self, group: str, outcome: Outcome, seconds: float) -> None:
        """Lambda's own lines about an invocation."""
        about = {"requestId": outcome.request_id}
        if outcome.error is not None:
            self.put(group, json.dumps({"level": "ERROR", **outcome.error, **about}))
        record = {
            **about,
            "status": "error" if outcome.failed else "success",
            "metrics": {"durationMs": round(seconds * 1000, 3)},
        }
        line = {"time": datetime.now(UTC).isoformat(), "type": "platform.report", "record": record}
        self.put(group, json.dumps(line))

    async def close(self) -> None:
        """Send what waits, and end."""
        if self._task is not None:
            await ended([self._task])
        await asyncio.to_thread(self._send)

    async def _send_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(self._send)

    def _send(self) -> None:
        """A group that the template doesn't make has no lines here, as without the right to it."""
        logs = self._account.client("logs")
        for group in list(self._waiting):
            events = self._waiting.pop(group)
            for start in range(0, len(events), MOST):
                self._send_batch(logs, group, events[start : start + MOST])

    def _send_batch(self, logs: Any, group: str, events: list[dict[str, Any]]) -> None:
        where = {"logGroupName": group, "logStreamName": self._stream}
        try:
            if group not in self._streams:
                logs.create_log_stream(**where)
                self._streams.add(group)
            logs.put_log_events(**where, logEvents=events)
        except (BotoCoreError, ClientError):  # the group is gone, or the embedded AWS ends
            self._streams.discard(group)
