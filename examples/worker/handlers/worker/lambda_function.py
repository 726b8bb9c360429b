"""The queue's jobs -> the table of results. What fails is told to Lambda, message by message."""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import Any

import boto3

log = logging.getLogger()
log.setLevel(logging.INFO)


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One batch of the queue; only the messages that are named in the answer come again."""
    failed = [message["messageId"] for message in event["Records"] if not _work(message)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@cache
def _table() -> Any:
    """Made once for all invocations of this process."""
    return boto3.resource("dynamodb").Table(os.environ["RESULTS_TABLE_NAME"])


def _work(message: dict[str, Any]) -> bool:
    """Do a job and keep its result; False if it has to be tried again."""
    try:
        job = json.loads(message["body"])
        _table().put_item(Item={"jobId": job["id"], "result": done(job)})
    except Exception:
        log.exception("job of message %s failed", message["messageId"])
        return False
    log.info("job %s is done", job["id"])
    return True


def done(job: dict[str, Any]) -> str:
    """The result of a job: here its text in capital letters."""
    text: str = job["text"]
    return text.upper()
