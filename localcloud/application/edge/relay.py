"""A WebSocket through the distribution: to the API's own port, and frames both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp import WSMsgType, web

from localcloud.application.pace import Pace

# "WebSocket: a connection without data from the origin for 10 minutes is closed", in CloudFront's
# quotas: what the viewer sends doesn't keep it open.
IDLE_SECONDS = 600
Frames = aiohttp.ClientWebSocketResponse | web.WebSocketResponse
_OF_THE_HANDSHAKE = "sec-websocket-"
_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}
LOST = 1006


def is_handshake(request: web.Request) -> bool:
    """Does the viewer ask for a WebSocket?"""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def relayed(
    request: web.Request,
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    pace: Pace,
) -> web.StreamResponse:
    """The whole life of a connection; the origin's refusal of it comes without its body."""
    sent = {k: v for k, v in headers.items() if not k.lower().startswith(_OF_THE_HANDSHAKE)}
    try:
        origin = await session.ws_connect(url, headers=sent, max_msg_size=0, autoping=False)
    except aiohttp.WSServerHandshakeError as refused:
        return web.Response(status=refused.status)
    viewer = web.WebSocketResponse(max_msg_size=0, autoping=False)
    try:
        await viewer.prepare(request)
        await _both_ways(viewer, origin, pace.real(IDLE_SECONDS))
    finally:
        await origin.close()
    if origin.close_code in {None, LOST} and request.transport is not None:
        request.transport.abort()
    return viewer


async def _both_ways(
    viewer: web.WebSocketResponse, origin: aiohttp.ClientWebSocketResponse, idle_seconds: float
) -> None:
    down = asyncio.create_task(_pump(origin, viewer, idle_seconds))
    up = asyncio.create_task(_pump(viewer, origin, None))
    await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
    for task in (down, up):
        task.cancel()
    await asyncio.gather(down, up, return_exceptions=True)


async def _pump(source: Frames, target: Frames, idle_seconds: float | None) -> None:
    """Pass frames on until one side ends, and then end the other one with the same code."""
    while True:
        try:
            received = await source.receive(timeout=idle_seconds)
        except TimeoutError:
            await source.close()
            return
        if received.type in _ENDS:
            code = source.close_code
            if code not in {None, LOST}:
                reason = received.extra or ""
                await target.close(code=code or 1000, message=str(reason).encode())
            return
        await _pass_on(received, target)


async def _pass_on(received: aiohttp.WSMessage, target: Frames) -> None:
    if received.type == WSMsgType.TEXT:
        await target.send_str(received.data)
    elif received.type == WSMsgType.BINARY:
        await target.send_bytes(received.data)
    elif received.type == WSMsgType.PING:
        await target.ping(received.data)
    elif received.type == WSMsgType.PONG:
        await target.pong(received.data)
