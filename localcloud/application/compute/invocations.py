"""Asynchronous invocations: queued, retried and given up as Lambda does.

After "Invoking a Lambda function asynchronously" in the Lambda developer guide: an error is tried
again after one minute and then after two. Throttling, and a fault of Lambda's own before the
function began, after 1 s, 2 s, 4 s … up to five minutes, at the cost of no retry. Both only while
the event is young enough; then it goes to the failure destination.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.application.compute.functions import Functions, NotInvoked
from localcloud.application.compute.sandbox import Outcome, failure
from localcloud.application.conditions import Conditions
from localcloud.application.ending import ended
from localcloud.resources.base import Account

BETWEEN_TRIES = (60.0, 120.0)
LONGEST_DELAY = 300.0


class Failures:
    """Failure queues: what nobody tries any more."""

    def __init__(self, account: Account, conditions: Conditions) -> None:
        self._account = account
        self._log = conditions.log

    async def keep(self, queue_arn: str | None, record: dict[str, Any], trace: int | None) -> None:
        """Send a record to the queue, or say that it is lost where there is none."""
        why = record["requestContext"]["condition"]
        if queue_arn is None:
            self._log.line("failure", f"{why}: lost, there is no failure queue", trace)
            return
        await asyncio.to_thread(self._send, queue_arn, json.dumps(record))
        self._log.line("failure", f"{why}: now in {queue_arn.rsplit(':', 1)[1]}", trace)

    def _send(self, queue_arn: str, body: str) -> None:
        sqs = self._account.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body)


class Events:
    """What was accepted and isn't done yet."""

    def __init__(self, functions: Functions, failures: Failures, conditions: Conditions) -> None:
        self._functions = functions
        self._failures = failures
        self._log = conditions.log
        self._pace = conditions.pace
        self._chaos = conditions.chaos
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, function: str, event: dict[str, Any], trace: int) -> None:
        """Take an event; at least once is what is promised, so chaos makes two of one."""
        self._begin(function, event, trace)
        if self._chaos.strikes("event twice"):
            self._log.line("chaos", "delivers an event twice", trace)
            self._begin(function, event, trace)

    def _begin(self, function: str, event: dict[str, Any], trace: int) -> None:
        task = asyncio.create_task(self._deliver(function, event, trace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until everything that was accepted is done or given up."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Drop what isn't done, and say so."""
        if self._tasks:
            self._log.line("events", f"{len(self._tasks)} unfinished events are dropped")
        await ended(list(self._tasks))

    async def _deliver(self, function: str, event: dict[str, Any], trace: int) -> None:
        if late := self._chaos.delay():
            self._log.line("chaos", f"delivers an event {late:.1f} s late", trace)
            await asyncio.sleep(late)
        accepted = time.monotonic()
        delays, tries = 0, 0
        request_id = str(uuid.uuid4())
        while function in self._functions:
            rules = self._functions[function].function.asynchronous
            try:
                outcome = await self._functions[function].invoke(event, trace, "event")
                tries += 1
                wait = BETWEEN_TRIES[min(tries, len(BETWEEN_TRIES)) - 1]
            except NotInvoked as error:
                delays += 1
                outcome = failure(type(error).__name__, str(error))
                wait = min(2.0 ** (delays - 1), LONGEST_DELAY)
            if not outcome.failed:
                return
            age = (time.monotonic() - accepted) * self._pace.scale + wait
            condition = _given_up(tries, rules.retries, age, rules.max_age_seconds)
            if condition:
                record = self._record(function, event, outcome, condition, tries, request_id)
                await self._failures.keep(rules.on_failure, record, trace)
                return
            self._log.line("event", f"again in {self._pace.real(wait):.1f} s", trace)
            await self._pace.sleep(wait)

    def _record(
        self,
        function: str,
        event: dict[str, Any],
        outcome: Outcome,
        condition: str,
        tries: int,
        request_id: str,
    ) -> dict[str, Any]:
        """The invocation record of a destination, version 1.0."""
        return {
            "version": "1.0",
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"{self._functions[function].function.arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": tries,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": dict(outcome.error or {}),
        }


def _given_up(tries: int, retries: int, age: float, max_age: int) -> str:
    """Why there is no further try; empty if there is one."""
    if tries > retries:
        return "RetriesExhausted"
    return "EventAgeExceeded" if age > max_age else ""
