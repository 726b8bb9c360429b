"""A table's stream, read for the function as an event source mapping reads it.

One shard in order: a batch that fails holds up what is behind it until it succeeds, is given up or
is too old. What Lambda couldn't even begin is tried until the records are too old. After "Using
AWS Lambda with Amazon DynamoDB" in the Lambda developer guide.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.application.blueprint import Stream
from localcloud.application.compute.filters import matches
from localcloud.application.compute.functions import Functions, NotInvoked
from localcloud.application.compute.invocations import Failures
from localcloud.application.compute.reported import failed_items
from localcloud.application.compute.sandbox import Outcome
from localcloud.application.conditions import Conditions
from localcloud.application.ending import ended
from localcloud.resources.base import Account

POLL_SECONDS = 0.25  # Lambda looks four times a second
MOST_RECORDS = 1000
LONGEST_WAIT = 60.0

Record = dict[str, Any]


class StreamReader:
    """Reads one mapping's stream until it is closed."""

    def __init__(self, stream: Callable[[], Stream], account: Account, batches: Batches) -> None:
        self._stream = stream
        self._account = account
        self._batches = batches
        self._task = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Stop reading."""
        await ended([self._task])

    async def _read(self) -> None:
        client = self._account.client("dynamodbstreams")
        iterator = await asyncio.to_thread(self._iterator, client)
        while True:
            answer = await asyncio.to_thread(
                client.get_records, ShardIterator=iterator, Limit=MOST_RECORDS
            )
            iterator = answer["NextShardIterator"]
            await self._batches.handle([shaped(one, self._stream()) for one in answer["Records"]])
            if not answer["Records"]:
                await asyncio.sleep(POLL_SECONDS)

    def _iterator(self, client: Any) -> str:
        stream = self._stream()
        described = client.describe_stream(StreamArn=stream.arn)["StreamDescription"]
        answer = client.get_shard_iterator(
            StreamArn=stream.arn,
            ShardId=described["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON" if stream.from_the_start else "LATEST",
        )
        return str(answer["ShardIterator"])


class Batches:
    """Records on their way to the function: filtered, in batches, tried again, given up."""

    def __init__(
        self,
        stream: Callable[[], Stream],
        functions: Functions,
        failures: Failures,
        conditions: Conditions,
    ) -> None:
        self._stream = stream
        self._functions = functions
        self._failures = failures
        self._log = conditions.log
        self._pace = conditions.pace

    async def handle(self, records: Sequence[Record]) -> None:
        """See these records through, one batch after the other."""
        stream = self._stream()
        wanted = [
            record
            for record in records
            if not stream.filters or any(matches(pattern, record) for pattern in stream.filters)
        ]
        for first in range(0, len(wanted), stream.batch):
            await self._batch(wanted[first : first + stream.batch])

    async def _batch(self, records: Sequence[Record]) -> None:
        """One batch to its end."""
        tries = 0
        while records:
            records, outcome = await self._invoked(records)
            records = self._left(records, outcome)
            if not records:
                return
            tries += 1
            stream = self._stream()
            if 0 <= stream.retries < tries:
                await self._give_up(records, outcome, tries)
                return
            wait = min(2.0 ** (tries - 1), LONGEST_WAIT)
            self._log.line("stream", f"{len(records)} records again, try {tries + 1}")
            await self._pace.sleep(wait)
            if stream.bisect and outcome.failed and len(records) > 1:
                middle = len(records) // 2
                await self._batch(records[:middle])
                records = records[middle:]

    async def _invoked(self, records: Sequence[Record]) -> tuple[Sequence[Record], Outcome]:
        """Those that were young enough when the function began, and what it made of them."""
        delays = 0
        while records := self._young(records):
            pool = self._functions[self._stream().function]
            why = f"stream, {len(records)} record{'s' if len(records) > 1 else ''}"
            try:
                outcome = await pool.invoke({"Records": list(records)}, self._log.trace(), why)
            except NotInvoked:
                delays += 1
                await self._pace.sleep(min(2.0 ** (delays - 1), LONGEST_WAIT))
            else:
                return records, outcome
        return [], Outcome()

    def _left(self, records: Sequence[Record], outcome: Outcome) -> Sequence[Record]:
        """What has to be tried again: all, nothing, or from the first that was reported."""
        numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
        failed = failed_items(outcome, numbers, reports=self._stream().reports_items)
        return next((records[at:] for at, one in enumerate(numbers) if one in failed), [])

    def _young(self, records: Sequence[Record]) -> Sequence[Record]:
        oldest = self._stream().max_age_seconds
        if oldest < 0:
            return records
        born = time.time() - self._pace.real(oldest)
        kept = [one for one in records if one["dynamodb"]["ApproximateCreationDateTime"] > born - 1]
        if len(kept) < len(records):
            self._log.line("stream", f"{len(records) - len(kept)} records are too old: dropped")
        return kept

    async def _give_up(self, records: Sequence[Record], outcome: Outcome, tries: int) -> None:
        stream = self._stream()
        numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
        record = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._functions[stream.function].function.arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": tries,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-local",
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(records),
                "streamArn": stream.arn,
            },
        }
        told = (outcome.error or {}).get("errorType", "reported items")
        self._log.line("stream", f"gives up {len(records)} records: {told}")
        await self._failures.keep(stream.on_failure, record, None)


def shaped(record: Record, stream: Stream) -> Record:
    """A record as the function gets it: with its source, and times as numbers."""
    dynamodb = dict(record["dynamodb"])
    born = dynamodb["ApproximateCreationDateTime"]
    dynamodb["ApproximateCreationDateTime"] = float(int(born.timestamp()))
    return {
        "eventID": record["eventID"].replace("-", ""),
        "eventName": record["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.arn.split(":")[3],
        "dynamodb": dynamodb,
        "eventSourceARN": stream.arn,
    }
