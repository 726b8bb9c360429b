"""A queue, read for the function as an event source mapping reads it.

Batches at once and in no order; what fails is hidden for the queue's visibility timeout and comes
again, and what was received too often goes to the failure queue, as the queue's redrive policy says
(the queue does both). After "Using Lambda with Amazon SQS" in the Lambda developer guide.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from localcloud.application.blueprint import Queue
from localcloud.application.compute.filters import matches
from localcloud.application.compute.functions import Functions, NotInvoked
from localcloud.application.compute.reported import failed_items
from localcloud.application.compute.sandbox import Outcome, failure
from localcloud.application.conditions import Conditions
from localcloud.application.ending import ended
from localcloud.resources.base import Account

POLL_SECONDS = 0.25
AT_ONCE = 5  # batches that Lambda begins with; more than a machine has processes for
MOST_MESSAGES = 10  # that SQS hands out, and deletes, in one request

Message = Mapping[str, Any]


class QueueReader:
    """Reads one mapping's queue until it is closed."""

    def __init__(
        self,
        queue: Callable[[], Queue],
        account: Account,
        functions: Functions,
        conditions: Conditions,
    ) -> None:
        self._queue = queue
        self._client = account.client("sqs")
        self._functions = functions
        self._log = conditions.log
        self._pace = conditions.pace
        self._places = asyncio.Semaphore(min(AT_ONCE, queue().at_once or AT_ONCE))
        self._batches: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Stop reading; what is being worked on is dropped, and comes again on AWS."""
        await ended([self._task])
        await ended(list(self._batches))

    async def _read(self) -> None:
        url = await self._url()
        while True:
            await self._places.acquire()
            messages: list[Message] = []
            try:
                with suppress(self._client.exceptions.QueueDoesNotExist):  # a deployment is at it
                    messages = await self._gathered(url)
            finally:
                if not messages:
                    self._places.release()
            if messages:
                self._begin(url, messages)
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def _url(self) -> str:
        name = self._queue().arn.rsplit(":", 1)[1]
        answer = await asyncio.to_thread(self._client.get_queue_url, QueueName=name)
        return str(answer["QueueUrl"])

    async def _gathered(self, url: str) -> list[Message]:
        """One batch: the messages that are there, or that come within the batching window."""
        queue = self._queue()
        gathered: list[Message] = []
        end: float | None = None
        while len(gathered) < queue.batch:
            received = await asyncio.to_thread(
                self._client.receive_message,
                QueueUrl=url,
                MaxNumberOfMessages=min(MOST_MESSAGES, queue.batch - len(gathered)),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            gathered += received.get("Messages", [])
            if end is None:
                end = time.monotonic() + self._pace.real(queue.window_seconds)
            if not gathered or time.monotonic() >= end:
                break
            await asyncio.sleep(POLL_SECONDS)
        return gathered

    def _begin(self, url: str, messages: Sequence[Message]) -> None:
        task = asyncio.create_task(self._batch(url, messages))
        self._batches.add(task)

        def over(_: object) -> None:
            self._batches.discard(task)
            self._places.release()

        task.add_done_callback(over)

    async def _batch(self, url: str, messages: Sequence[Message]) -> None:
        """One batch: messages that were processed, and those that no filter wants, are deleted."""
        queue = self._queue()
        records = [shaped(message, queue) for message in messages]
        wanted = [record for record in records if _is_wanted(record, queue)]
        outcome = await self._invoke(queue, wanted) if wanted else Outcome()
        names = [record["messageId"] for record in wanted]
        failed = failed_items(outcome, names, reports=queue.reports_items)
        handles = {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        for some in _parts([name for name in handles if name not in failed]):
            entries = [{"Id": str(at), "ReceiptHandle": handles[name]} for at, name in some]
            await asyncio.to_thread(
                self._client.delete_message_batch, QueueUrl=url, Entries=entries
            )
        if failed:
            again = [message for message in messages if message["MessageId"] in failed]
            await self._leave(url, queue, again)

    async def _invoke(self, queue: Queue, records: Sequence[Message]) -> Outcome:
        why = f"queue, {len(records)} message{'s' if len(records) > 1 else ''}"
        event = {"Records": list(records)}
        try:
            return await self._functions[queue.function].invoke(event, self._log.trace(), why)
        except NotInvoked as error:
            return failure(type(error).__name__, str(error))

    async def _leave(self, url: str, queue: Queue, messages: Sequence[Message]) -> None:
        """Messages that failed: the queue has them again after the visibility timeout."""
        wait = self._pace.real(queue.visibility_seconds)
        if self._pace.scale != 1:
            entries = [
                {
                    "Id": str(at),
                    "ReceiptHandle": message["ReceiptHandle"],
                    "VisibilityTimeout": int(wait),
                }
                for at, message in enumerate(messages)
            ]
            for at in range(0, len(entries), MOST_MESSAGES):
                await asyncio.to_thread(
                    self._client.change_message_visibility_batch,
                    QueueUrl=url,
                    Entries=entries[at : at + MOST_MESSAGES],
                )
        over = [one for one in messages if queue.attempts and _tries(one) >= queue.attempts]
        if len(over) < len(messages):
            count = len(messages) - len(over)
            self._log.line("queue", f"{count} of {len(messages)} again in {wait:.1f} s")
        if over:
            target = str(queue.failures).rsplit(":", 1)[1]
            self._log.line(
                "failure", f"{len(over)} failed {queue.attempts} times: in {wait:.1f} s in {target}"
            )


def _tries(message: Message) -> int:
    return int(message["Attributes"]["ApproximateReceiveCount"])


def _parts(names: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    numbered = list(enumerate(names))
    for at in range(0, len(numbered), MOST_MESSAGES):
        yield numbered[at : at + MOST_MESSAGES]


def _is_wanted(record: Message, queue: Queue) -> bool:
    """Does any filter let it through? A body that is JSON is looked into."""
    if not queue.filters:
        return True
    body: Any = record["body"]
    with suppress(ValueError):
        parsed = json.loads(body)
        body = parsed if isinstance(parsed, dict) else body
    return any(matches(pattern, {**record, "body": body}) for pattern in queue.filters)


def shaped(message: Message, queue: Queue) -> dict[str, Any]:
    """A message as the function gets it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": queue.arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        made["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        made["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return {**made, "dataType": value["DataType"]}
