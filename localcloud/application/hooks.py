"""Where the embedded AWS would start a function in a container by itself, ours takes over.

moto 5.2.5 sends a bucket's events and a stream's records to Docker, and `aws lambda invoke` too.
The first two are delivered by the S3 front and the stream readers; the third runs our processes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.s3 import notifications

from localcloud import completions

Invoke = Callable[[str, Any, bool], Any]
"""A function's name, an event, whether nobody waits -> the outcome, or None."""


@contextmanager
def functions_run_by(invoke: Invoke) -> Iterator[None]:
    """For as long as the block runs."""

    def invoked(function: Any, body: str, headers: Any, answer_headers: Any) -> Any:
        nobody_waits = headers.get("x-amz-invocation-type", "RequestResponse") == "Event"
        outcome = invoke(function.function_name, json.loads(body or "{}"), nobody_waits)
        if outcome is None:
            return ""
        answer_headers["x-amz-log-result"] = base64.b64encode(b"").decode()
        if outcome.failed:
            answer_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(outcome.error or outcome.value).encode()

    with (
        _replaced(completions.Function, "invoke", invoked),
        _replaced(LambdaBackend, "send_dynamodb_items", lambda *_: ""),
        _replaced(notifications, "_invoke_awslambda", lambda *_: None),
    ):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
