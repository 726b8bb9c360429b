"""A function's process: loads the handler as Lambda does, then takes events one by one.

It runs alone, with the standard library and the function's own code. In: a JSON object a line on
standard input. Out: a JSON object a line on what was standard output; everything that the function
prints goes to standard error, which is its log. It ends when its input does.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

Answers = TextIO
MEBIBYTE = 1024 * 1024


class Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, call: dict[str, Any]) -> None:
        self.aws_request_id = call["id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = call["arn"]
        self.identity = None
        self.client_context = None
        self._ends = time.monotonic() + call["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        left: float = self._ends - time.monotonic()
        return max(0, round(left * 1000))


def main() -> int:
    """Load, say so, and answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent acts
    answers = _answers()
    _limit_memory()
    try:
        handler = _handler(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 - whatever the function's import raises
        _say(answers, {"failed": _told(error)})
        return 1
    _say(answers, {"ready": True})
    for line in sys.stdin:
        _say(answers, _answer(handler, json.loads(line)))
    return 0


def _answers() -> Answers:
    """Standard output for us alone; the function's own goes to the log, line by line."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1, closefd=False)
    return answers


def _limit_memory() -> None:
    size = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _handler(name: str) -> Callable[[Any, Context], Any]:
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    module, _, function = name.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(
        importlib.import_module(module.replace("/", ".")), function
    )
    return handler


def _answer(handler: Callable[[Any, Context], Any], call: dict[str, Any]) -> dict[str, Any]:
    try:
        value = handler(call["event"], Context(call))
        json.dumps(value)
    except BaseException as error:  # noqa: BLE001 - a function may raise anything; Lambda tells it
        return {"error": _told(error)}
    return {"value": value}


def _told(error: BaseException) -> dict[str, Any]:
    trace = traceback.format_tb(error.__traceback__)
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": trace,
    }


def _say(answers: Answers, value: dict[str, Any]) -> None:
    sys.stdout.flush()
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
