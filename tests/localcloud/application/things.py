"""What the tests of the application are made of: parts of a stack, tiny functions, a clock."""

from __future__ import annotations

import asyncio
import functools
import io
import zipfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, ParamSpec

from localcloud.application.blueprint import (
    Api,
    Asynchronous,
    Blueprint,
    Function,
    Queue,
    Route,
    Stream,
    Throttle,
)
from localcloud.application.log import Log

P = ParamSpec("P")
REGION = "eu-central-1"
ACCOUNT = "123456789012"


def asynchronous(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that awaits."""

    async def awaited(*args: P.args, **kwargs: P.kwargs) -> None:
        await test(*args, **kwargs)
        await _cut_off()

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(awaited(*args, **kwargs))

    return run


async def _cut_off() -> None:
    """End the connections that a client closed with something still to send: nobody will send it
    when the event loop is gone, and a later test would be told that they were left open."""
    transports = getattr(asyncio.get_running_loop(), "_transports", {})  # not Windows'
    for transport in list(transports.values()):
        if transport.is_closing():
            transport.abort()
    await asyncio.sleep(0)


def zipped(source: str) -> bytes:
    """A function's zip of one module."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("lambda_function.py", source)
    return held.getvalue()


def function(source: str = "", **changed: Any) -> Function:
    """A function of these lines."""
    made = Function(
        logical_id="Answerer",
        name="answerer",
        arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:answerer",
        handler="lambda_function.lambda_handler",
        runtime="python3.11",
        timeout_seconds=60,
        memory_mb=256,
        variables={"COLOUR": "green"},
        code=zipped(source),
        log_group="/aws/lambda/answerer",
        reserved=None,
        asynchronous=Asynchronous(),
        role="answerer-role",
        policies=(),
    )
    return replace(made, **changed)


def api(*keys: str, **changed: Any) -> Api:
    """An HTTP API whose routes all lead to one function."""
    made = Api(
        logical_id="HttpApi",
        id="h1a2b3c4d5",
        host=f"h1a2b3c4d5.execute-api.{REGION}.amazonaws.com",
        stage="$default",
        routes=tuple(Route(key, "answerer", 30.0) for key in keys),
        throttle=Throttle(),
        route_throttles={},
    )
    return replace(made, **changed)


def stream(**changed: Any) -> Stream:
    """A mapping of the function's, as the template of this application has it."""
    made = Stream(
        logical_id="SessionsStream",
        function="answerer",
        arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/sessions/stream/now",
        from_the_start=True,
        batch=10,
        window_seconds=0,
        retries=3,
        max_age_seconds=300,
        bisect=True,
        reports_items=True,
        filters=(),
        on_failure=None,
    )
    return replace(made, **changed)


def queue(**changed: Any) -> Queue:
    """A mapping of the function's that reads a queue."""
    made = Queue(
        logical_id="JobsToAnswerer",
        function="answerer",
        arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs",
        batch=10,
        window_seconds=0,
        reports_items=True,
        filters=(),
        visibility_seconds=30,
        attempts=None,
        failures=None,
        at_once=None,
    )
    return replace(made, **changed)


def blueprint(**changed: Any) -> Blueprint:
    """A stack with nothing in it but what is given."""
    made = Blueprint(
        stack="app",
        region=REGION,
        account=ACCOUNT,
        outputs={},
        functions={},
        apis=(),
        buckets={},
        website=None,
        sources=(),
        resources=0,
    )
    return replace(made, **changed)


class Lines(list[str]):
    """A request log to look at."""

    @property
    def log(self) -> Log:
        return Log(self.append)

    def saying(self, text: str) -> list[str]:
        return [line for line in self if text in line]
