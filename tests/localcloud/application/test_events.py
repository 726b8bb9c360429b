"""Retries of events and of stream records, in AWS's order and to AWS's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from localcloud.application.blueprint import Asynchronous, Function
from localcloud.application.chaos import Chaos
from localcloud.application.compute.functions import Functions, NotInvoked, ServiceFault, Throttled
from localcloud.application.compute.invocations import Events, Failures
from localcloud.application.compute.sandbox import Outcome, failure
from localcloud.application.compute.streams import Batches, shaped
from localcloud.application.conditions import Conditions
from localcloud.application.pace import Pace
from tests.localcloud.application.things import Lines, asynchronous, function, stream

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:failures"


class Pools:
    """A function that does as it is told; `seen` are its events."""

    def __init__(self, made: Function, *results: Outcome | type[NotInvoked]) -> None:
        self.function = made
        self.seen: list[Any] = []
        self._results = list(results)

    def __getitem__(self, name: str) -> Pools:
        return self

    def __contains__(self, name: str) -> bool:
        return True

    async def invoke(self, event: Any, trace: int | None, why: str) -> Outcome:
        self.seen.append(event)
        result = self._results.pop(0) if self._results else Outcome("done")
        if isinstance(result, type):
            raise result
        return result


class Kept:
    """A failure queue to look at."""

    def __init__(self) -> None:
        self.records: list[tuple[str | None, dict[str, Any]]] = []

    async def keep(self, queue: str | None, record: dict[str, Any], trace: int | None) -> None:
        self.records.append((queue, record))


class Waits(list[float]):
    """A pace that waits for nothing and keeps how long AWS would have waited."""

    scale = 1.0

    def real(self, seconds: float) -> float:
        return seconds

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


BAD = failure("Error", "no")


class Delivery:
    """One event's way."""

    def __init__(self, *results: Outcome | type[NotInvoked], **rules: Any) -> None:
        made = function(asynchronous=Asynchronous(on_failure=QUEUE, **rules))
        self.pools, self.kept, self.waits = Pools(made, *results), Kept(), Waits()
        self.lines = Lines()

    async def run(self, chaos: Chaos | None = None) -> None:
        events = Events(
            cast("Functions", self.pools),
            cast("Failures", self.kept),
            Conditions(self.lines.log, cast("Pace", self.waits), chaos or Chaos(None)),
        )
        events.accept("answerer", {"n": 1}, 1)
        await events.settled()


@asynchronous
async def test_an_event_that_goes_well_is_delivered_once() -> None:
    delivery = Delivery()

    await delivery.run()

    assert delivery.pools.seen == [{"n": 1}]
    assert delivery.kept.records == []


@asynchronous
async def test_an_error_is_tried_again_after_one_minute_and_two() -> None:
    delivery = Delivery(BAD, BAD)

    await delivery.run()

    assert len(delivery.pools.seen) == 3
    assert delivery.waits == [60, 120]
    assert delivery.kept.records == []


@asynchronous
async def test_after_its_retries_an_event_is_in_the_failure_queue() -> None:
    delivery = Delivery(BAD, BAD, BAD)

    await delivery.run()

    (queue, record), *more = delivery.kept.records
    assert more == []
    assert queue == QUEUE
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"n": 1}
    assert record["responsePayload"]["errorMessage"] == "no"


@asynchronous
async def test_the_templates_number_of_retries_counts() -> None:
    delivery = Delivery(BAD, retries=0)

    await delivery.run()

    assert len(delivery.pools.seen) == 1
    assert len(delivery.kept.records) == 1


@asynchronous
async def test_an_event_that_gets_too_old_is_given_up() -> None:
    delivery = Delivery(BAD, max_age_seconds=59)

    await delivery.run()

    assert len(delivery.pools.seen) == 1
    assert delivery.kept.records[0][1]["requestContext"]["condition"] == "EventAgeExceeded"


@asynchronous
async def test_throttling_costs_no_retry_and_waits_longer_each_time() -> None:
    delivery = Delivery(Throttled, Throttled, Throttled, BAD, BAD)

    await delivery.run()

    assert delivery.waits == [1, 2, 4, 60, 120]
    assert delivery.kept.records == []


@asynchronous
async def test_what_lambda_never_began_is_tried_until_it_begins() -> None:
    delivery = Delivery(*[ServiceFault] * 5, BAD)

    await delivery.run()

    assert delivery.waits == [1, 2, 4, 8, 16, 60]
    assert delivery.kept.records == []


@asynchronous
async def test_what_lambda_never_began_is_given_up_when_it_is_too_old() -> None:
    delivery = Delivery(*[ServiceFault] * 3, max_age_seconds=3)

    await delivery.run()

    ((_, record),) = delivery.kept.records
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0


@asynchronous
async def test_chaos_delivers_twice() -> None:
    class Twice(Chaos):
        def strikes(self, kind: str) -> bool:
            return kind == "event twice"

    delivery = Delivery()

    await delivery.run(Twice(1))

    assert delivery.pools.seen == [{"n": 1}, {"n": 1}]


# ---- streams


class Reading:
    """Records on their way through a mapping."""

    def __init__(self, *results: Outcome | type[NotInvoked], **changed: Any) -> None:
        self.pools, self.kept, self.lines = Pools(function(), *results), Kept(), Lines()
        self.stream = stream(on_failure=QUEUE, **changed)

    async def run(self, count: int, *, make: Callable[[int], dict[str, Any]] | None = None) -> None:
        records = [(make or record)(number) for number in range(count)]
        batches = Batches(
            lambda: self.stream,
            cast("Functions", self.pools),
            cast("Failures", self.kept),
            Conditions(self.lines.log, cast("Pace", Waits())),  # records age at AWS's own pace
        )
        await batches.handle([shaped(one, self.stream) for one in records])

    @property
    def batches(self) -> list[list[int]]:
        return [
            [int(one["dynamodb"]["SequenceNumber"]) for one in event["Records"]]
            for event in self.pools.seen
        ]


def record(number: int, name: str = "MODIFY") -> dict[str, Any]:
    return {
        "eventID": "e",
        "eventName": name,
        "dynamodb": {
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": datetime.now(UTC),
        },
    }


def reported(*numbers: int) -> Outcome:
    return Outcome({"batchItemFailures": [{"itemIdentifier": str(one)} for one in numbers]})


@asynchronous
async def test_records_come_in_order_and_in_batches() -> None:
    reading = Reading(batch=2)

    await reading.run(5)

    assert reading.batches == [[0, 1], [2, 3], [4]]


@asynchronous
async def test_only_records_that_pass_a_filter_come() -> None:
    reading = Reading(filters=({"eventName": ["MODIFY"]},))

    await reading.run(4, make=lambda n: record(n, "MODIFY" if n % 2 else "INSERT"))

    assert reading.batches == [[1, 3]]


@asynchronous
async def test_reported_items_are_tried_again_from_the_first_of_them() -> None:
    reading = Reading(reported(2, 3))

    await reading.run(5)

    assert reading.batches == [[0, 1, 2, 3, 4], [2, 3, 4]]


@asynchronous
async def test_an_identifier_that_is_not_there_fails_the_whole_batch() -> None:
    reading = Reading(reported(9))

    await reading.run(2)

    assert reading.batches == [[0, 1], [0, 1]]


@asynchronous
async def test_a_batch_that_raises_is_halved_and_the_halves_stay_in_order() -> None:
    reading = Reading(BAD)

    await reading.run(4)

    assert reading.batches == [[0, 1, 2, 3], [0, 1], [2, 3]]


@asynchronous
async def test_after_its_retries_a_batch_is_given_up_and_the_next_comes() -> None:
    reading = Reading(BAD, BAD, BAD, batch=1, retries=2)

    await reading.run(2)

    assert reading.batches == [[0], [0], [0], [1]]
    ((queue, kept),) = reading.kept.records
    assert queue == QUEUE
    assert kept["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert kept["DDBStreamBatchInfo"]["startSequenceNumber"] == "0"


@asynchronous
async def test_a_batch_that_lambda_never_began_keeps_its_retries_and_is_not_halved() -> None:
    reading = Reading(ServiceFault, Throttled, ServiceFault, batch=2, retries=1)

    await reading.run(2)

    assert reading.batches == [[0, 1]] * 4
    assert reading.kept.records == []


@asynchronous
async def test_records_that_are_too_old_are_dropped() -> None:
    def old(number: int) -> dict[str, Any]:
        made = record(number)
        made["dynamodb"]["ApproximateCreationDateTime"] = datetime(2020, 1, 1, tzinfo=UTC)
        return made

    reading = Reading()

    await reading.run(2, make=old)

    assert reading.batches == []
    assert reading.lines.saying("too old")
