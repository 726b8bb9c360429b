"""`@connections`: how functions post to a WebSocket API's connections, look at and close them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web

from localcloud import signatures
from localcloud.application.access import policies
from localcloud.application.access.identities import Identities, Identity
from localcloud.application.blueprint import Api, Blueprint
from localcloud.application.conditions import Conditions
from localcloud.application.requests import incoming
from localcloud.application.websocket.connections import Connection, Connections
from localcloud.application.websocket.websocket_gateway import WebSocketGateway
from localcloud.signatures import Refused

LONGEST_MESSAGE = 128 * 1024


class Management:
    """The management side of one WebSocket API."""

    def __init__(
        self,
        api: Callable[[], Api | None],
        blueprint: Callable[[], Blueprint],
        gateway: WebSocketGateway,
        connections: Connections,
        identities: Identities,
        conditions: Conditions,
    ) -> None:
        self._api = api
        self._blueprint = blueprint
        self._gateway = gateway
        self._connections = connections
        self._identities = identities
        self._log = conditions.log
        self._chaos = conditions.chaos

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST, GET or DELETE of `/<stage>/@connections/<id>`, signed."""
        trace: int | None = None
        size = ""
        try:
            api = self._named(request)
            body = await request.read()
            size = f"{len(body)} bytes " if body else ""
            identity = await self._check(request, body)
            trace = identity.trace
            self._authorise(api, identity, request)
            answer = await self._act(api, request, body)
        except web.HTTPRequestEntityTooLarge:
            answer = _error(Refused("PayloadTooLargeException", "Payload too large", 413))
        except Refused as refused:
            answer = _error(refused)
        told = answer.headers.get("x-amzn-ErrorType", "")
        self._log.line("push", f"{request.method} {size}→ {answer.status} {told}".rstrip(), trace)
        return answer

    def _named(self, request: web.Request) -> Api:
        api = self._api()
        if api is None or request.match_info["stage"] != api.stage:
            raise Refused("ForbiddenException", "Forbidden")
        return api

    async def _check(self, request: web.Request, body: bytes) -> Identity:
        signed = incoming(request, hashlib.sha256(body).hexdigest())
        wanted = ("execute-api", self._blueprint().region)
        return signatures.check(signed, self._identities.find, wanted, datetime.now(UTC))

    def _authorise(self, api: Api, identity: Identity, request: web.Request) -> None:
        blueprint = self._blueprint()
        path = f"{api.stage}/{request.method}/@connections/{request.match_info['id']}"
        resource = f"arn:aws:execute-api:{blueprint.region}:{blueprint.account}:{api.id}/{path}"
        allowed = policies.verdict(
            identity.function.policies, "execute-api:ManageConnections", resource, {}
        )
        if allowed != "allow":
            self._log.line(
                "policy", f"ManageConnections is denied to {identity.function.logical_id}"
            )
            raise Refused("AccessDeniedException", "User is not authorized to perform this")

    async def _act(self, api: Api, request: web.Request, body: bytes) -> web.Response:
        connection = self._connections.find(api.logical_id, unquote(request.match_info["id"]))
        if connection is None:
            raise Refused("GoneException", "", 410)
        if request.method == "POST":
            return await self._post(connection, body)
        if request.method == "DELETE":
            await connection.close("Connection Closed Normally", 1000)
            return web.Response(status=204)
        return web.json_response(_told(connection))

    async def _post(self, connection: Connection, body: bytes) -> web.Response:
        if len(body) > LONGEST_MESSAGE:
            raise Refused("PayloadTooLargeException", "Payload too large", 413)
        if self._chaos.strikes("push fails"):
            raise Refused("InternalServerError", "chaos", 500)
        if self._chaos.strikes("connection is cut"):
            self._log.line("chaos", f"cuts a connection of {connection.who}")
            connection.cut()
        if not await self._gateway.post(connection, body):
            raise Refused("GoneException", "", 410)
        return web.Response(status=200)


def _told(connection: Connection) -> dict[str, object]:
    at = datetime.fromtimestamp(connection.connected_at, UTC)
    agent = connection.request.headers.get("User-Agent", "")
    return {
        "connectedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "identity": {"sourceIp": connection.address, "userAgent": agent},
        "lastActiveAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _error(refused: Refused) -> web.Response:
    return web.json_response(
        {"message": refused.message},
        status=refused.status,
        headers={"x-amzn-ErrorType": refused.code},
    )
