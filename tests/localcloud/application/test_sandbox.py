"""A function's process: what it gets, what it gives back, and how it may end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.application.access.identities import Identities
from localcloud.application.blueprint import Function
from localcloud.application.chaos import Chaos
from localcloud.application.compute.functions import Pool, ServiceFault, Throttled
from localcloud.application.compute.log_groups import LogGroups
from localcloud.application.conditions import Conditions
from tests.localcloud.application.things import Lines, asynchronous, function

PATIENCE = 60.0
ECHO = """
import os
def lambda_handler(event, context):
    print("seen", event["n"])
    return {
        "event": event,
        "colour": os.environ["COLOUR"],
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(),
        "region": os.environ["AWS_REGION"],
        "foreign": os.environ.get("HOME"),
        "pid": os.getpid(),
    }
"""


class Logs:
    """CloudWatch Logs with one group, that of the functions here."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def create_log_stream(self, **_: str) -> None:
        """It may be made."""

    def put_log_events(self, logEvents: list[dict[str, Any]], **_: str) -> None:  # noqa: N803
        self.messages += [event["message"] for event in logEvents]


@asynccontextmanager
async def pool(
    made: Function,
    lines: Lines | None = None,
    chaos: Chaos | None = None,
    logs: Logs | None = None,
) -> AsyncIterator[Pool]:
    log = (lines if lines is not None else Lines()).log
    conditions = Conditions(log, chaos=chaos or Chaos(None))
    account: Any = SimpleNamespace(client=lambda _: logs or Logs())
    groups = LogGroups(account)
    opened = Pool(made, made.variables, Identities(), conditions, groups)
    try:
        yield opened
    finally:
        await opened.close()
        await groups.close()


@asynchronous
async def test_what_it_prints_and_how_it_ended_is_in_its_log_group() -> None:
    logs = Logs()
    code = """
def lambda_handler(event, context):
    print('{"level":"INFO","what":"hello"}')
    raise ValueError("no")
"""

    async with pool(function(code), logs=logs) as opened:
        outcome = await opened.invoke({}, None, "test")

    values = [json.loads(message) for message in logs.messages]
    said = {"level": "INFO", "what": "hello"}
    assert said in values
    raised, report = (value for value in values if value != said)
    assert (raised["level"], raised["errorType"]) == ("ERROR", "ValueError")
    assert report["type"] == "platform.report"
    assert report["record"]["status"] == "error"
    assert report["record"]["requestId"] == raised["requestId"] == outcome.request_id


# Begins, and goes on when it is let go: both are files.
HELD = """
import time
from pathlib import Path
def lambda_handler(folder, context):
    Path(folder, "begun").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    return "done"
"""


async def begun(folder: Path) -> None:
    """Wait until the function is at work."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if (folder / "begun").exists():
                return
            await asyncio.sleep(0.01)


async def answer(made: Function, event: Any = None) -> Any:
    async with pool(made) as opened:
        return await opened.invoke(event, None, "test")


@asynchronous
async def test_it_gets_the_event_its_variables_and_nothing_of_ours() -> None:
    outcome = await answer(function(ECHO), {"n": 1, "é": "ü"})

    assert not outcome.failed
    assert outcome.value["event"] == {"n": 1, "é": "ü"}
    assert outcome.value["colour"] == "green"
    assert outcome.value["function"] == "answerer"
    assert outcome.value["memory"] == "256"
    assert 50_000 < outcome.value["left"] <= 60_000
    assert outcome.value["region"] == "eu-central-1"
    assert outcome.value["foreign"] is None


@asynchronous
async def test_a_process_is_used_again_and_what_it_prints_is_logged() -> None:
    lines = Lines()
    async with pool(function(ECHO), lines) as opened:
        first = await opened.invoke({"n": 1}, 7, "test")
        second = await opened.invoke({"n": 2}, 8, "test")

    assert first.value["pid"] == second.value["pid"]
    assert len(lines.saying("cold start")) == 1
    assert "#7" in lines.saying("says: seen 1")[0]


@asynchronous
async def test_what_it_raises_is_told_as_lambda_tells_it() -> None:
    outcome = await answer(function("def lambda_handler(event, context): event['missing']"), {})

    assert outcome.error is not None
    assert outcome.error["errorType"] == "KeyError"
    assert outcome.error["errorMessage"] == "'missing'"
    assert "lambda_function.py" in outcome.error["stackTrace"][-1]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import nothing_like_this", "ModuleNotFoundError"),
        ("def other(): pass", "AttributeError"),
        ("import os; os._exit(3)", "Runtime.ExitError"),
        ("def lambda_handler(e, c): import os; os._exit(3)", "Runtime.ExitError"),
        ("def lambda_handler(e, c): return object()", "TypeError"),
        ("def lambda_handler(e, c): return bytearray(300 << 20) and 1", "MemoryError"),
        ("import sys\ndef lambda_handler(e, c): sys.exit(0)", "SystemExit"),
    ],
)
@asynchronous
async def test_every_bad_end_is_an_error_with_its_name(source: str, error: str) -> None:
    outcome = await answer(function(source), {})

    assert outcome.error is not None
    assert outcome.error["errorType"] == error


@asynchronous
async def test_after_its_timeout_it_is_ended_and_the_next_event_gets_another_process() -> None:
    slow = "import os, time\ndef lambda_handler(e, c):\n  time.sleep(e)\n  return os.getpid()"
    async with pool(function(slow, timeout_seconds=1)) as opened:
        first = await opened.invoke(0, None, "test")
        late = await opened.invoke(30, None, "test")
        again = await opened.invoke(0, None, "test")

    assert late.error is not None
    assert late.error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert again.value != first.value


@asynchronous
async def test_reserved_concurrency_throttles_what_is_above_it(tmp_path: Path) -> None:
    async with pool(function(HELD, reserved=1)) as opened:
        first = asyncio.create_task(opened.invoke(str(tmp_path), None, "test"))
        await begun(tmp_path)

        with pytest.raises(Throttled):
            await opened.invoke(str(tmp_path), None, "test")

        (tmp_path / "go").touch()
        assert not (await first).failed


@asynchronous
async def test_chaos_may_keep_an_invocation_from_beginning() -> None:
    class Never(Chaos):
        def strikes(self, kind: str) -> bool:
            return kind == "invocation never begins"

    lines = Lines()
    async with pool(function("raise SystemExit"), lines, Never(1)) as opened:
        with pytest.raises(ServiceFault):
            await opened.invoke({}, None, "test")

    assert lines.saying("never began")


@asynchronous
async def test_a_pool_that_retires_lets_its_event_finish(tmp_path: Path) -> None:
    async with pool(function(HELD)) as opened:
        work = asyncio.create_task(opened.invoke(str(tmp_path), None, "test"))
        await begun(tmp_path)

        retiring = asyncio.create_task(opened.retire())
        await asyncio.sleep(0.05)  # it could close
        (tmp_path / "go").touch()
        await retiring

        assert (await work).value == "done"
