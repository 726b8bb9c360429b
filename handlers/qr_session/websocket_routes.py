"""The WebSocket API's entry: connect, disconnect and messages; it answers and never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qr_session import aws, capabilities, logs
from qr_session.event_service import Service
from qr_session.incoming import header, json_object, text
from qr_session.origin import demand_key
from qr_session.outgoing import encoded
from qr_session.session import VERSION, Refused, is_session_id, state
from qr_session.store import Unchanged

Answer = dict[str, Any]


def respond(service: Service, event: object, request_id: str | None = None) -> Answer:
    """The answer to one event of the WebSocket API."""
    key = text(event, "requestContext", "routeKey")
    route = key if key in ROUTES else "$default"
    code: str | None = None
    error: Exception | None = None
    try:
        result = ROUTES[route](service, event)
    except Refused as refused:
        code, result = refused.code, _failed(route, refused.code)
    except aws.FAULTS as fault:
        code, error, result = "unavailable", fault, _failed(route, "unavailable")
    except Exception as fault:  # noqa: BLE001 - the last line: a code without its text
        code, error, result = "internal", fault, _failed(route, "internal")
    logs.write(
        "websocket",
        level="ERROR" if error else "INFO",
        route=route,
        status=result["statusCode"],
        code=code,
        session_id=_subject(event) if route == "subscribe" else None,
        error=error,
        request_id=request_id,
    )
    return result


def _connect(service: Service, event: object) -> Answer:
    """Whether the page may open a socket; browsers let no page forge its Origin.

    The handshake alone has headers, so that only here the distribution's key can be asked for.
    """
    demand_key(service.origin_keys, event)
    allowed = header(event, "origin").lower() in service.origins
    return {"statusCode": 200 if allowed else 403}


def _disconnect(service: Service, event: object) -> Answer:
    """Forgets the connection where it is still bound; nothing depends on its happening."""
    connection_id = text(event, "requestContext", "connectionId")
    bound = service.sessions.bound_to(connection_id) if connection_id else []
    for session_id in bound:
        try:
            service.sessions.unbind(session_id, connection_id)
        except Unchanged:
            continue
    return {"statusCode": 200}


def _subscribe(service: Service, event: object) -> Answer:
    """Binds the connection and answers with the full state."""
    session_id, token = _credentials(json_object(event))
    connection_id = text(event, "requestContext", "connectionId")
    if not connection_id:
        raise Refused("bad_body")
    if not is_session_id(session_id):
        raise Refused("not_found")
    token_hash = capabilities.token_hash(token)
    try:
        session = service.sessions.bind(session_id, token_hash, connection_id)
    except Unchanged:
        raise Refused("not_found") from None
    return _message(state(session, service.clock()))


def _credentials(body: Mapping[str, object]) -> tuple[str, str]:
    version, session_id, token = body.get("v"), body.get("sessionId"), body.get("token")
    if version != VERSION or isinstance(version, bool | float) or not isinstance(session_id, str):
        raise Refused("bad_body")
    if not isinstance(token, str) or not 0 < len(token) <= capabilities.LONGEST_TOKEN:
        raise Refused("unauthorized")
    return session_id, token


def _ping(service: Service, event: object) -> Answer:  # noqa: ARG001 - a route's signature
    return _message({"v": VERSION, "type": "pong"})


def _default(service: Service, event: object) -> Answer:  # noqa: ARG001 - a route's signature
    json_object(event)
    raise Refused("unknown_action")


def _message(value: object) -> Answer:
    return {"statusCode": 200, "body": encoded(value)}


def _failed(route: str, code: str) -> Answer:
    """A message, not a failed integration: the socket stays open and the page reads the code."""
    if route == "$connect":
        return {"statusCode": 403}
    if route == "$disconnect":
        return {"statusCode": 200}
    return _message({"v": VERSION, "type": "error", "error": code})


def _subject(event: object) -> str | None:
    """The session of a subscription, for the log."""
    try:
        session_id = json_object(event).get("sessionId")
    except Refused:
        return None
    return session_id if isinstance(session_id, str) and is_session_id(session_id) else None


ROUTES: Mapping[str, Callable[[Service, object], Answer]] = {
    "$connect": _connect,
    "$disconnect": _disconnect,
    "$default": _default,
    "subscribe": _subscribe,
    "ping": _ping,
}
