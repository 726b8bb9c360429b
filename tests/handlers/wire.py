"""A client whose requests never leave: a script answers them, in AWS's own bytes."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.handlers import aws

Reply = tuple[int, dict[str, str], bytes] | Exception


class _Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


class Wire:
    """Answers a client's requests from a script, and keeps what was sent."""

    def __init__(self, client: Any, *replies: Reply) -> None:
        self.sent: list[Any] = []
        self._replies = list(replies)
        client.meta.events.unregister("before-send.*", unique_id="wire")
        client.meta.events.register("before-send.*", self._reply, unique_id="wire")

    def _reply(self, request: Any, **_: Any) -> AWSResponse:
        self.sent.append(request)
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        status, headers, body = reply
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(body))


def dynamodb_error(code: str, status: int = 400) -> Reply:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "secret text"}
    return status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body).encode()


@cache
def shared_client(service: str, **options: str) -> Any:
    """One client for all tests: making it takes longer than using it."""
    return aws.client(service, **options)
