"""What the worker does with a batch of messages."""

from __future__ import annotations

import json
from typing import Any

from worker.lambda_function import lambda_handler


def batch(*bodies: str) -> dict[str, Any]:
    """The queue's event; each message is called by its number."""
    return {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}


def job(name: str, text: str) -> str:
    return json.dumps({"id": name, "text": text})


def test_a_job_leaves_its_result(table: Any) -> None:
    answer = lambda_handler(batch(job("a", "tea")), None)

    assert table.get_item(Key={"jobId": "a"})["Item"]["result"] == "TEA"
    assert answer == {"batchItemFailures": []}


def test_only_the_job_that_failed_comes_again(table: Any) -> None:
    answer = lambda_handler(batch(job("a", "tea"), "this is no job", job("c", "milk")), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert {item["jobId"] for item in table.scan()["Items"]} == {"a", "c"}


def test_a_job_that_comes_twice_leaves_one_result(table: Any) -> None:
    for _ in range(2):
        lambda_handler(batch(job("a", "tea")), None)

    assert table.scan()["Count"] == 1
