"""A WebSocket API: handshakes, messages by route, limits, in front of the functions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from localcloud.application.blueprint import Api, Route
from localcloud.application.compute.functions import Functions, NotInvoked
from localcloud.application.compute.sandbox import Outcome, failure
from localcloud.application.conditions import Conditions
from localcloud.application.http_api.http_events import request_id
from localcloud.application.http_api.throttles import Throttles
from localcloud.application.requests import raw_path, who
from localcloud.application.websocket import websocket_events
from localcloud.application.websocket.connections import Connection, Connections

# "Quotas for configuring and running a WebSocket API in API Gateway". A browser sends a message
# as one frame, so the frame's limit is the message's.
LONGEST_FRAME = 32 * 1024
IDLE_SECONDS = 600
LONGEST_SECONDS = 7200
CLOSING_SECONDS = 1.0  # for the other side to say goodbye too
BAD_GATEWAY = 502
NOT_TEXT = 1003


class WebSocketGateway:
    """One API on one port. `api` gives what is deployed now; None once it is gone."""

    def __init__(
        self,
        api: Callable[[], Api | None],
        functions: Functions,
        connections: Connections,
        conditions: Conditions,
    ) -> None:
        self._api = api
        self._functions = functions
        self._connections = connections
        self._log = conditions.log
        self._pace = conditions.pace
        self._chaos = conditions.chaos
        self._throttled: tuple[Api, Throttles] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A handshake, and the whole life of the connection that it opens."""
        api, trace = self._api(), self._log.trace()
        if api is None or raw_path(request).rstrip("/") != f"/{api.stage}":
            return web.json_response({"message": "Forbidden"}, status=403)
        socket = web.WebSocketResponse(timeout=CLOSING_SECONDS, max_msg_size=LONGEST_FRAME)
        if not socket.can_prepare(request).ok:
            return web.json_response({"message": "Forbidden"}, status=403)
        connection = Connection(api.logical_id, request, socket, who(request))
        status = await self._accept(api, connection, trace)
        self._log.line(connection.who, f"WebSocket opens → {status}", trace)
        if status != 200:
            return web.json_response({"message": _MESSAGES.get(status, "")}, status=status)
        try:
            await socket.prepare(request)
            self._connections.add(connection)
            await self._live(connection)
        except ConnectionError:  # gone while $connect was deciding
            connection.ended = (1006, "Connection closed abnormally")
        finally:
            self._connections.remove(connection)
            await self._leave(connection)
        return socket

    async def _accept(self, api: Api, connection: Connection, trace: int) -> int:
        """What `$connect` says; without such a route everybody may come in."""
        route = _route(api, "$connect")
        if not self._throttles(api).take("$connect"):
            return 429
        if route is None:
            return 200
        outcome = await self._invoke(route, websocket_events.connect(api, connection), trace)
        if outcome.failed or not isinstance(outcome.value, dict):
            return BAD_GATEWAY
        status = int(outcome.value.get("statusCode", BAD_GATEWAY))
        return 200 if 200 <= status < 300 else status

    async def _live(self, connection: Connection) -> None:
        """Take messages until the connection ends or is at a limit."""
        work: set[asyncio.Task[None]] = set()
        while (left := self._left(connection)) > 0:
            try:
                received = await connection.socket.receive(timeout=left)
            except TimeoutError:
                continue
            if received.type in _ENDS:
                break
            if received.type == WSMsgType.BINARY:
                self._log.line("gateway", f"closes a connection of {connection.who}: binary frame")
                await connection.close("Unsupported data", NOT_TEXT)
                break
            connection.touch()
            task = asyncio.create_task(self._message(connection, received.data))
            work.add(task)
            task.add_done_callback(work.discard)
        else:
            self._log.line("gateway", f"closes a connection of {connection.who}: at its limit")
            await connection.close("Going away")
        await asyncio.gather(*work, return_exceptions=True)

    def _left(self, connection: Connection) -> float:
        """Seconds until it has been idle for ten minutes, or open for two hours."""
        idle = connection.last_active + self._pace.real(IDLE_SECONDS)
        longest = connection.opened + self._pace.real(LONGEST_SECONDS)
        return min(idle, longest) - time.monotonic()

    async def _message(self, connection: Connection, body: str) -> None:
        api, trace = self._api(), self._log.trace()
        if api is None:
            return
        if self._chaos.strikes("connection is cut"):
            self._log.line("chaos", f"cuts a connection of {connection.who}", trace)
            connection.cut()
            return
        key = _selected(api, body)
        route = _route(api, key) or _route(api, "$default")
        self._log.line(connection.who, f"WebSocket message {key}", trace)
        if route is None:
            await self._say(connection, "Forbidden")
        elif not self._throttles(api).take(route.key):
            await self._say(connection, "Too Many Requests")
        else:
            await self._answer(api, connection, route, body, trace)

    async def _answer(
        self, api: Api, connection: Connection, route: Route, body: str, trace: int
    ) -> None:
        event = websocket_events.message(api, connection, route.key, body)
        outcome = await self._invoke(route, event, trace)
        if outcome.failed:
            await self._say(connection, "Internal server error")
        elif route.answers and (text := _body(outcome.value)):
            await self.post(connection, text.encode())

    async def post(self, connection: Connection, data: bytes) -> bool:
        """Send a message; False if the connection is gone."""
        if connection.socket.closed:
            return False
        try:
            await connection.socket.send_str(data.decode(errors="replace"))
        except ConnectionError:
            return False
        connection.touch()
        return True

    async def _leave(self, connection: Connection) -> None:
        """`$disconnect`, as well as it can be: nothing waits for it."""
        trace = self._log.trace()
        if connection.ended[0] == 1005 and connection.socket.close_code is not None:
            connection.ended = (connection.socket.close_code, "")
        self._log.line(connection.who, f"WebSocket closed ({connection.ended[0]})", trace)
        api = self._api()
        route = _route(api, "$disconnect") if api else None
        if api is not None and route is not None:
            await self._invoke(route, websocket_events.disconnect(api, connection), trace)

    async def _invoke(self, route: Route, event: dict[str, Any], trace: int) -> Outcome:
        pool = self._functions[route.function]
        invocation = asyncio.ensure_future(pool.invoke(event, trace, f"WebSocket {route.key}"))
        try:
            return await asyncio.wait_for(asyncio.shield(invocation), route.timeout_seconds)
        except TimeoutError:
            return failure("Timeout", "API Gateway stopped waiting")
        except NotInvoked as error:
            return failure(type(error).__name__, str(error))

    async def _say(self, connection: Connection, text: str) -> None:
        """API Gateway's own message, in the place of the function's."""
        told = {"message": text, "connectionId": connection.id, "requestId": request_id()}
        await self.post(connection, json.dumps(told).encode())

    def _throttles(self, api: Api) -> Throttles:
        if self._throttled is None or self._throttled[0] != api:
            self._throttled = (api, Throttles(api))
        return self._throttled[1]


_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}
_MESSAGES = {403: "Forbidden", 429: "Too Many Requests", BAD_GATEWAY: "Internal server error"}


def _route(api: Api, key: str) -> Route | None:
    return next((one for one in api.routes if one.key == key), None)


def _selected(api: Api, body: str) -> str:
    """The route that the message's body names; `$default` where it names none of the API's."""
    try:
        value = json.loads(body)
        for name in api.selection:
            value = value[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "$default"
    known = [one.key for one in api.routes if not one.key.startswith("$")]
    return value if value in known else "$default"


def _body(value: Any) -> str:
    body = value.get("body") if isinstance(value, dict) else None
    return body if isinstance(body, str) else ""
