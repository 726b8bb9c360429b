"""Messages on their way through a mapping: in batches, some again, some to the failure queue."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.application.compute.functions import Functions, Throttled
from localcloud.application.compute.queues import QueueReader, shaped
from localcloud.application.compute.reported import failed_items
from localcloud.application.compute.sandbox import Outcome, failure
from localcloud.application.conditions import Conditions
from localcloud.application.pace import Pace
from localcloud.resources.base import Account
from tests.localcloud.application.things import ACCOUNT, REGION, Lines, asynchronous, queue

BAD = failure("Error", "no")
PATIENCE = 20.0


class Gone(Exception):
    """SQS's word for a queue that isn't there."""


class Held:
    """A queue as SQS's client shows it: what is handed out is hidden until it is told otherwise."""

    exceptions = SimpleNamespace(QueueDoesNotExist=Gone)

    def __init__(self, *bodies: str, tries: int = 1) -> None:
        self.bodies = {f"m{at}": body for at, body in enumerate(bodies)}
        self.visible = list(self.bodies)
        self.hidden: dict[str, int] = {}
        self.gone_for = 0
        self.tries = tries
        self.asked: list[int] = []

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def receive_message(self, **given: Any) -> dict[str, Any]:
        self.asked.append(given["MaxNumberOfMessages"])
        if self.gone_for:
            self.gone_for -= 1
            raise Gone
        names = self.visible[: given["MaxNumberOfMessages"]]
        del self.visible[: len(names)]
        return {"Messages": [self.message(name) for name in names]} if names else {}

    def message(self, name: str) -> dict[str, Any]:
        return {
            "MessageId": name,
            "ReceiptHandle": f"handle of {name}",
            "Body": self.bodies[name],
            "MD5OfBody": "5d41",
            "Attributes": {"ApproximateReceiveCount": str(self.tries)},
        }

    def delete_message_batch(self, **given: Any) -> None:
        assert len({entry["Id"] for entry in given["Entries"]}) == len(given["Entries"]) <= 10
        for entry in given["Entries"]:
            del self.bodies[entry["ReceiptHandle"].removeprefix("handle of ")]

    def change_message_visibility_batch(self, **given: Any) -> None:
        for entry in given["Entries"]:
            name = entry["ReceiptHandle"].removeprefix("handle of ")
            self.hidden[name] = entry["VisibilityTimeout"]


class Worker:
    """A function that answers as it is told to; `seen` are the ids of its batches.

    No event is done before so many were worked on at once.
    """

    def __init__(self, *results: Outcome | type[Throttled], together: int = 1) -> None:
        self.seen: list[list[str]] = []
        self.at_once = self.most_at_once = 0
        self._together, self._are_together = together, asyncio.Event()
        self._results = list(results)

    def __getitem__(self, name: str) -> Worker:
        assert name == "answerer"
        return self

    async def invoke(self, event: Any, trace: int | None, why: str) -> Outcome:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        if self.at_once >= self._together:
            self._are_together.set()
        await self._are_together.wait()
        await asyncio.sleep(0.01)
        self.at_once -= 1
        self.seen.append([record["messageId"] for record in event["Records"]])
        result = self._results.pop(0) if self._results else Outcome(None)
        if isinstance(result, type):
            raise result
        return result


class Reading:
    """A reader, run until something is so."""

    def __init__(self, held: Held, worker: Worker, *, scale: float = 1.0, **changed: Any) -> None:
        self.held, self.worker, self.lines = held, worker, Lines()
        self.queue = queue(**changed)
        self._pace = Pace(scale)

    async def until(self, reached: Callable[[], bool]) -> None:
        reader = QueueReader(
            lambda: self.queue,
            cast("Account", SimpleNamespace(client=lambda _: self.held)),
            cast("Functions", self.worker),
            Conditions(self.lines.log, self._pace),
        )
        end = time.monotonic() + PATIENCE
        try:
            while not reached():
                assert time.monotonic() < end, (self.held.bodies, self.worker.seen)
                await asyncio.sleep(0.01)
        finally:
            await reader.close()


def reported(*names: str) -> Outcome:
    return Outcome({"batchItemFailures": [{"itemIdentifier": name} for name in names]})


@asynchronous
async def test_messages_come_in_batches_and_are_deleted_when_all_went_well() -> None:
    reading = Reading(Held(*"abcdefg"), Worker(), batch=3)

    await reading.until(lambda: not reading.held.bodies)

    assert sorted(map(len, reading.worker.seen)) == [1, 3, 3]
    assert {name for batch in reading.worker.seen for name in batch} == {f"m{n}" for n in range(7)}


@asynchronous
async def test_only_the_messages_that_the_function_names_stay() -> None:
    reading = Reading(Held(*"abcd"), Worker(reported("m1", "m3")))

    await reading.until(lambda: bool(reading.lines.saying("2 of 2 again in 30.0 s")))

    assert list(reading.held.bodies) == ["m1", "m3"]


@asynchronous
async def test_a_function_that_fails_keeps_the_whole_batch() -> None:
    reading = Reading(Held(*"abc"), Worker(BAD))

    await reading.until(lambda: bool(reading.lines.saying("3 of 3 again")))

    assert len(reading.held.bodies) == 3


@asynchronous
async def test_a_function_without_a_free_place_keeps_the_whole_batch() -> None:
    reading = Reading(Held(*"abc"), Worker(Throttled))

    await reading.until(lambda: bool(reading.lines.saying("3 of 3 again")))

    assert len(reading.held.bodies) == 3


@asynchronous
async def test_without_reports_in_the_mapping_the_functions_word_is_not_heard() -> None:
    reading = Reading(Held(*"ab"), Worker(reported("m1")), reports_items=False)

    await reading.until(lambda: not reading.held.bodies)


@asynchronous
async def test_what_fails_is_hidden_as_long_as_the_pace_says() -> None:
    reading = Reading(Held(*"ab"), Worker(BAD), scale=10, visibility_seconds=180)

    await reading.until(lambda: len(reading.held.hidden) == 2)

    assert reading.held.hidden == {"m0": 18, "m1": 18}


@asynchronous
async def test_the_log_says_when_a_message_goes_to_the_failure_queue() -> None:
    failures = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
    reading = Reading(Held("a", tries=3), Worker(BAD), attempts=3, failures=failures)

    await reading.until(lambda: bool(reading.lines.saying("failed 3 times: in 30.0 s in failed")))

    assert not reading.lines.saying("again in")


@asynchronous
async def test_what_no_filter_wants_is_deleted_unseen() -> None:
    bodies = [json.dumps({"kind": kind}) for kind in ("tea", "milk", "tea")]
    wanted = {"body": {"kind": ["tea"]}}
    reading = Reading(Held(*bodies, "tea"), Worker(), filters=(wanted,))

    await reading.until(lambda: not reading.held.bodies)

    assert reading.worker.seen == [["m0", "m2"]]


@asynchronous
async def test_a_filter_may_be_about_a_plain_text() -> None:
    reading = Reading(Held("tea", "milk"), Worker(), filters=({"body": ["milk"]},))

    await reading.until(lambda: not reading.held.bodies)

    assert reading.worker.seen == [["m1"]]


@asynchronous
async def test_within_its_window_a_batch_grows_beyond_one_request() -> None:
    reading = Reading(Held(*map(str, range(25))), Worker(), batch=23, window_seconds=60)

    await reading.until(lambda: bool(reading.worker.seen))

    assert [len(batch) for batch in reading.worker.seen] == [23]
    assert reading.held.asked[:3] == [10, 10, 3]


@asynchronous
async def test_a_window_that_has_passed_ends_a_batch() -> None:
    reading = Reading(Held(*"abc"), Worker(), batch=100, window_seconds=60, scale=600)

    await reading.until(lambda: bool(reading.worker.seen))

    assert reading.worker.seen == [["m0", "m1", "m2"]]


@pytest.mark.parametrize(("at_once", "most"), [(2, 2), (None, 5), (40, 5)])
def test_as_many_batches_are_worked_on_as_the_mapping_lets_and_no_more(
    at_once: int | None, most: int
) -> None:
    worker = Worker(together=most)
    reading = Reading(Held(*map(str, range(40))), worker, batch=1, at_once=at_once)

    asyncio.run(reading.until(lambda: not reading.held.bodies))

    assert reading.worker.most_at_once == most


@asynchronous
async def test_a_queue_that_a_deployment_replaces_is_read_again() -> None:
    held = Held("a")
    held.gone_for = 2
    reading = Reading(held, Worker())

    await reading.until(lambda: not held.bodies)

    assert reading.worker.seen == [["m0"]]


def test_a_message_has_the_shape_of_lambdas_documentation() -> None:
    message: Mapping[str, Any] = {
        "MessageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "ReceiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "Body": "Test message.",
        "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "MessageAttributes": {
            "text": {"StringValue": "100", "DataType": "Number"},
            "blob": {"BinaryValue": b"\x00\x01", "DataType": "Binary"},
        },
    }

    record = shaped(message, queue(arn="arn:aws:sqs:us-east-2:123456789012:my-queue"))

    assert record == {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "body": "Test message.",
        "attributes": message["Attributes"],
        "messageAttributes": {
            "text": {
                "stringValue": "100",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Number",
            },
            "blob": {
                "binaryValue": "AAE=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
        "awsRegion": "us-east-2",
    }


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"id": "b"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "c"}]}, {"a", "b"}),
        ({"batchItemFailures": ["b"]}, {"a", "b"}),
        ({"batchItemFailures": "b"}, {"a", "b"}),
    ],
)
def test_an_answer_that_lambda_does_not_understand_fails_the_whole_batch(
    answer: Any, failed: set[str]
) -> None:
    assert failed_items(Outcome(answer), ["a", "b"], reports=True) == failed
