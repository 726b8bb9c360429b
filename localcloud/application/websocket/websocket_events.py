"""A WebSocket API's events as the function gets them.

After "Working with WebSocket APIs" and "$context variables" in the API Gateway developer guide.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.application.blueprint import Api
from localcloud.application.http_api.http_events import (
    clock_time,
    forwarded_for,
    request_id,
    trace_id,
)
from localcloud.application.websocket.connections import Connection

# Of the handshake itself, and not passed on.
_OWN = {"connection", "upgrade", "content-length", "transfer-encoding"}


def connect(api: Api, connection: Connection) -> dict[str, Any]:
    """A handshake."""
    headers = _handshake_headers(api, connection)
    made: dict[str, Any] = {
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "requestContext": _context(api, connection, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }
    query = connection.request.query
    if query:
        made["queryStringParameters"] = {name: query.getall(name)[-1] for name in query}
        made["multiValueQueryStringParameters"] = {name: query.getall(name) for name in query}
    return made


def message(api: Api, connection: Connection, route: str, body: str) -> dict[str, Any]:
    """A message; it carries no headers."""
    context = _context(api, connection, route, "MESSAGE") | {"messageId": request_id()}
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect(api: Api, connection: Connection) -> dict[str, Any]:
    """The end, when it was noticed."""
    headers = {"Host": api.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    code, reason = connection.ended
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": _context(api, connection, "$disconnect", "DISCONNECT")
        | {"disconnectStatusCode": code, "disconnectReason": reason},
        "isBase64Encoded": False,
    }


def _handshake_headers(api: Api, connection: Connection) -> dict[str, list[str]]:
    request = connection.request
    kept = {name: request.headers.getall(name) for name in request.headers}
    passed = {name: values for name, values in kept.items() if name.lower() not in _OWN}
    return passed | {
        "Host": [api.host],
        "X-Amzn-Trace-Id": [trace_id()],
        "X-Forwarded-For": [forwarded_for(request)],
        "X-Forwarded-Port": ["443"],
        "X-Forwarded-Proto": ["https"],
    }


def _context(api: Api, connection: Connection, route: str, kind: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id(),
        "requestTime": clock_time(now),
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": int(connection.connected_at * 1000),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "identity": {
            "sourceIp": connection.address,
            "userAgent": connection.request.headers.get("User-Agent", ""),
        },
        "requestId": request_id(),
        "domainName": api.host,
        "connectionId": connection.id,
        "apiId": api.id,
    }
