"""One process of a function: started from its unpacked zip, given one event at a time."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.application.access.identities import Identity
from localcloud.application.blueprint import Function

RUNNER = Path(__file__).with_name("runner.py")
LONGEST_ANSWER = 6 * 1024 * 1024 + 64 * 1024  # Lambda's 6 MB and what we put around them
START_SECONDS = 20  # Lambda gives an import ten; this machine may be busy
END_SECONDS = 2.0


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation: the function's value, or the error as Lambda tells it."""

    value: Any = None
    error: Mapping[str, Any] | None = None
    request_id: str = ""

    @property
    def failed(self) -> bool:
        """Did the function raise, end or take too long?"""
        return self.error is not None


def failure(kind: str, message: str, request_id: str = "") -> Outcome:
    """An error that isn't the function's own."""
    return Outcome(error={"errorType": kind, "errorMessage": message}, request_id=request_id)


@dataclass(eq=False)
class Sandbox:
    """A running process and what it says."""

    function: Function
    identity: Identity
    process: asyncio.subprocess.Process
    tell: Callable[[str, int | None], None]
    _log: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self._log = asyncio.create_task(self._follow())

    async def ready(self) -> Outcome | None:
        """Wait until the handler is loaded; what went wrong if it can't be."""
        try:
            said = await asyncio.wait_for(self._read(), START_SECONDS)
        except TimeoutError:
            await self.end()
            return failure("Sandbox.Timedout", "the import took too long")
        if said is None:
            await self.end()
            return failure("Runtime.ExitError", "Runtime exited during its start")
        if "failed" in said:
            await self.end()
            return Outcome(error=said["failed"])
        return None

    async def invoke(self, event: Any, trace: int | None) -> Outcome:
        """The function's answer to one event, within its timeout."""
        request_id = str(uuid.uuid4())
        self.identity.trace = trace
        try:
            return await asyncio.wait_for(
                self._call(event, request_id), self.function.timeout_seconds
            )
        except TimeoutError:
            await self.end()
            seconds = f"{self.function.timeout_seconds:.2f}"
            return failure(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {seconds} seconds",
                request_id,
            )

    @property
    def alive(self) -> bool:
        """Can it take another event?"""
        return self.process.returncode is None

    async def end(self) -> None:
        """Close its input, and kill it where that isn't enough or it is at work."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(self._log, END_SECONDS)

    async def _call(self, event: Any, request_id: str) -> Outcome:
        call = {
            "id": request_id,
            "arn": self.function.arn,
            "seconds": self.function.timeout_seconds,
            "event": event,
        }
        assert self.process.stdin is not None  # noqa: S101 - it was asked for
        try:
            self.process.stdin.write(json.dumps(call).encode() + b"\n")
            await self.process.stdin.drain()
            said = await self._read()
        except ConnectionError:
            said = None
        if said is None:
            await self.end()
            told = f"RequestId: {request_id} Error: Runtime exited"
            return failure("Runtime.ExitError", told, request_id)
        return Outcome(said.get("value"), said.get("error"), request_id)

    async def _read(self) -> dict[str, Any] | None:
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        said: dict[str, Any] = json.loads(line)
        return said

    async def _follow(self) -> None:
        """Hand on what the function prints."""
        assert self.process.stderr is not None  # noqa: S101 - it was asked for
        async for line in self.process.stderr:
            self.tell(line.decode(errors="replace").rstrip(), self.identity.trace)


async def start(
    function: Function,
    identity: Identity,
    folder: Path,
    variables: Mapping[str, str],
    tell: Callable[[str, int | None], None],
) -> Sandbox:
    """A new process with nothing but these variables, Lambda's own and its credentials."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-u", str(RUNNER)),
        env=dict(variables) | _lambda_variables(function, folder) | dict(identity.variables()),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_ANSWER,
    )
    return Sandbox(function, identity, process, tell)


def _lambda_variables(function: Function, folder: Path) -> dict[str, str]:
    region = function.arn.split(":")[3]
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{uuid.uuid4().hex}",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "LAMBDA_TASK_ROOT": str(folder),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
