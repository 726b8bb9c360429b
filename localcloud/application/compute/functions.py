"""The functions of a stack, each with its processes; who invokes them waits for a free one."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.application.access.identities import Identities
from localcloud.application.blueprint import Function
from localcloud.application.compute import sandbox
from localcloud.application.compute.log_groups import LogGroups
from localcloud.application.compute.sandbox import Outcome, Sandbox
from localcloud.application.conditions import Conditions
from localcloud.application.ending import ended

AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""Processes of one function, where AWS's account would give it a thousand."""


class NotInvoked(Exception):
    """Lambda didn't get as far as the function: nothing ran, and nothing counts as a try."""


class Throttled(NotInvoked):
    """The function's reserved concurrency is used up."""


class ServiceFault(NotInvoked):
    """Lambda itself failed before it began."""


class Pool:
    """One function's processes."""

    def __init__(
        self,
        function: Function,
        variables: Mapping[str, str],
        identities: Identities,
        conditions: Conditions,
        groups: LogGroups,
    ) -> None:
        self.function = function
        self._groups = groups
        self._variables = variables
        self._identities = identities
        self._log = conditions.log
        self._chaos = conditions.chaos
        self._unpacked = tempfile.TemporaryDirectory(prefix=f"{function.name}.")
        self._folder = Path(self._unpacked.name)
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(self._folder)
        self._idle: list[Sandbox] = []
        self._busy: set[Sandbox] = set()
        self._places = asyncio.Semaphore(min(function.reserved or AT_ONCE, AT_ONCE))
        self._at_work = 0
        self._calm = asyncio.Event()

    async def warm(self) -> Outcome | None:
        """Have one process ready ahead; what went wrong if its handler can't be loaded."""
        if self._idle or self._busy:
            return None
        async with self._places:
            started = await self._start()
            if isinstance(started, Outcome):
                return started
            self._idle.append(started)
            return None

    async def invoke(self, event: Any, trace: int | None, why: str) -> Outcome:
        """The outcome of one event; `why` names its source in the log."""
        reserved = self.function.reserved
        if reserved is not None and self._at_work >= reserved:
            self._tell(f"{why} → throttled: {reserved} at once are reserved", trace)
            raise Throttled(f"{reserved} at once are reserved")
        if self._chaos.strikes("invocation never begins"):
            self._tell(f"{why} → chaos: the invocation never began", trace)
            raise ServiceFault("chaos: the invocation never began")
        self._at_work += 1
        try:
            async with self._places:
                return await self._invoke(event, trace, why)
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._calm.set()

    async def retire(self) -> None:
        """Let everything finish that has begun, then close."""
        try:
            while self._at_work:
                self._calm.clear()
                await self._calm.wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """End every process, and forget the unpacked code."""
        everyone = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(one.end() for one in everyone))
        self._unpacked.cleanup()

    async def _invoke(self, event: Any, trace: int | None, why: str) -> Outcome:
        began = time.monotonic()
        outcome = await self._run(event, trace)
        seconds = time.monotonic() - began
        self._groups.ended(self.function.log_group, outcome, seconds)
        self._tell(f"{why} → {_told(outcome)}  {seconds * 1000:.0f} ms", trace)
        return outcome

    async def _run(self, event: Any, trace: int | None) -> Outcome:
        outcome = await self._answered(event, trace)
        if self._chaos.strikes("invocation's answer is lost"):
            return sandbox.failure("Chaos", "chaos: it ran, and its answer was lost")
        return outcome

    async def _answered(self, event: Any, trace: int | None) -> Outcome:
        free = self._idle.pop() if self._idle else await self._start()
        if isinstance(free, Outcome):
            return free
        self._busy.add(free)
        try:
            return await free.invoke(event, trace)
        finally:
            self._busy.discard(free)
            if free.alive:
                self._idle.append(free)

    async def _start(self) -> Sandbox | Outcome:
        began = time.monotonic()
        identity = self._identities.issue(self.function)
        started = await sandbox.start(
            self.function, identity, self._folder, self._variables, self._says
        )
        problem = await started.ready()
        if problem is not None:
            return problem
        self._tell(f"cold start  {(time.monotonic() - began) * 1000:.0f} ms", None)
        return started

    def _says(self, line: str, trace: int | None) -> None:
        """What the function prints: of a line of JSON the values, which say enough."""
        self._groups.put(self.function.log_group, line)
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if isinstance(said, dict):
            ours = {name: one for name, one in said.items() if (name, one) != ("level", "INFO")}
            line = " ".join(str(one) for name, one in ours.items() if name != "requestId")
        self._tell(f"says: {line}", trace)

    def _tell(self, line: str, trace: int | None) -> None:
        self._log.line("function", f"{self.function.logical_id}  {line}", trace)


def _told(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"{outcome.error['errorType']}: {outcome.error['errorMessage']}"
    if isinstance(outcome.value, dict) and "statusCode" in outcome.value:
        return str(outcome.value["statusCode"])
    return "done"


class Functions:
    """All pools; a changed function is replaced, the others keep their warm processes."""

    def __init__(self, make: Callable[[Function], Pool]) -> None:
        self._make = make
        self._pools: dict[str, Pool] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> Pool:
        return self._pools[name]

    def __contains__(self, name: str) -> bool:
        return name in self._pools

    def bring(self, wanted: Mapping[str, Function]) -> None:
        """Serve these functions and no others."""
        old = dict(self._pools)
        for name, function in wanted.items():
            if name in old and old[name].function == function:
                del old[name]
            else:
                self._pools[name] = self._make(function)
        for name in set(self._pools) - set(wanted):
            del self._pools[name]
        for pool in old.values():
            task = asyncio.create_task(pool.retire())
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def warm(self) -> list[str]:
        """Start a process of each; a line on each function that can't be loaded."""
        names = list(self._pools)
        problems = await asyncio.gather(*(self._pools[name].warm() for name in names))
        return [f"{name}: {_told(one)}" for name, one in zip(names, problems, strict=True) if one]

    async def close(self) -> None:
        """End every process."""
        await ended(list(self._retiring))
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._pools.clear()
