"""Open WebSocket connections, by the ids under which API Gateway knows them."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web

from localcloud.application.http_api.http_events import request_id

GOING_AWAY = 1001


def connection_id() -> str:
    """API Gateway's connection ids look so."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


@dataclass
class Connection:
    """One connection. It can be posted to from the moment that `$connect` was accepted."""

    api: str
    request: web.Request
    socket: web.WebSocketResponse
    who: str
    id: str = field(default_factory=connection_id)
    handshake_id: str = field(default_factory=request_id)
    connected_at: float = field(default_factory=time.time)
    opened: float = field(default_factory=time.monotonic)
    last_active: float = field(default_factory=time.monotonic)
    ended: tuple[int, str] = (1005, "Client-side close frame status not set")

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self.request.remote or ""

    def touch(self) -> None:
        """Something came or went: the idle limit starts again."""
        self.last_active = time.monotonic()

    async def close(self, reason: str, code: int = GOING_AWAY) -> None:
        """End it as API Gateway does."""
        self.ended = (code, reason)
        await self.socket.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """End it as a lost network does: without a word."""
        self.ended = (1006, "Connection closed abnormally")
        if self.request.transport is not None:
            self.request.transport.abort()


class Connections:
    """The open ones of all APIs."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """It is open from now on."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """It is gone from now on."""
        self._open.pop(connection.id, None)

    def find(self, api: str, id_: str) -> Connection | None:
        """An API's open connection; None where API Gateway says Gone."""
        connection = self._open.get(id_)
        return (
            connection
            if connection and connection.api == api and not connection.socket.closed
            else None
        )

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(one.close("Going away") for one in self))
