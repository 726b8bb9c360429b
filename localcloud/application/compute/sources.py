"""The readers of a stack's event sources, kept in step with what is deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from localcloud.application.blueprint import Blueprint, EventSource, Queue, Stream
from localcloud.application.compute.functions import Functions
from localcloud.application.compute.invocations import Failures
from localcloud.application.compute.queues import QueueReader
from localcloud.application.compute.streams import Batches, StreamReader
from localcloud.application.conditions import Conditions
from localcloud.resources.base import Account

Source = TypeVar("Source", bound=EventSource)


class Sources:
    """A reader for each mapping of the blueprint of now."""

    def __init__(
        self,
        blueprint: Callable[[], Blueprint],
        account: Account,
        functions: Functions,
        failures: Failures,
        conditions: Conditions,
    ) -> None:
        self._blueprint = blueprint
        self._account = account
        self._functions = functions
        self._failures = failures
        self._conditions = conditions
        self._readers: dict[tuple[str, str], StreamReader | QueueReader] = {}

    async def bring(self) -> None:
        """Read what is deployed now; another source of the same mapping is read again."""
        wanted = {(one.logical_id, one.arn): one for one in self._blueprint().sources}
        for name in self._readers.keys() - wanted.keys():
            await self._readers.pop(name).close()
        for name in wanted.keys() - self._readers.keys():
            self._readers[name] = self._reader(wanted[name])

    async def close(self) -> None:
        """Stop all readers."""
        for reader in self._readers.values():
            await reader.close()

    def _reader(self, source: EventSource) -> StreamReader | QueueReader:
        if isinstance(source, Queue):
            return QueueReader(self._now(source), self._account, self._functions, self._conditions)
        assert isinstance(source, Stream)  # noqa: S101  there is no third kind
        now = self._now(source)
        batches = Batches(now, self._functions, self._failures, self._conditions)
        return StreamReader(now, self._account, batches)

    def _now(self, source: Source) -> Callable[[], Source]:
        """What the mapping is now; what it last was, once it is gone and its reader isn't yet."""
        last: list[Any] = [source]

        def now() -> Source:
            name = (source.logical_id, source.arn)
            sources = self._blueprint().sources
            last.extend(one for one in sources if (one.logical_id, one.arn) == name)
            del last[:-1]
            latest: Source = last[0]
            return latest

        return now
