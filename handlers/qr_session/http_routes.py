"""The HTTP API's entry: an event of payload format 2.0 in, an answer out, never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from qr_session import aws, http_actions, logs
from qr_session.http_actions import Request, Service
from qr_session.http_answers import Answer, answer, refusal
from qr_session.incoming import text
from qr_session.origin import demand_key
from qr_session.session import Refused

Action = Callable[[Service, Request], Answer]

ROUTES: Mapping[str, Mapping[str, Action]] = {
    "/sessions": {"POST": http_actions.create},
    "/sessions/{sessionId}": {"GET": http_actions.read, "DELETE": http_actions.cancel},
    "/sessions/{sessionId}/claim": {"POST": http_actions.claim},
    "/sessions/{sessionId}/uploads": {"POST": http_actions.request_upload},
    "/sessions/{sessionId}/uploads/{uploadId}": {"GET": http_actions.download},
}
_PATTERNS = {route: tuple(route.split("/")) for route in ROUTES}


class NotAllowed(Refused):
    """The path has other methods."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        super().__init__("method_not_allowed")
        self.allowed = _allowed(actions)


def respond(service: Service, event: object, request_id: str | None = None) -> Answer:
    """The answer to one event; every request leaves one line in the log."""
    method = text(event, "requestContext", "http", "method").upper()
    route, ids = _find(_path(event))
    result, code, error = _answered(service, event, method, route, ids)
    logs.write(
        "http",
        level="ERROR" if result["statusCode"] >= 500 else "INFO",
        route=f"{_known(method)} {route or 'unknown'}",
        status=result["statusCode"],
        code=code,
        session_id=ids.get("sessionId") or _begun(route, result),
        error=error,
        request_id=request_id,
    )
    return result | {"body": ""} if method == "HEAD" else result


def _begun(route: str | None, result: Answer) -> str | None:
    """The id of a session that this request has begun: its path names none yet."""
    if route != "/sessions" or result["statusCode"] != 201:
        return None
    begun: str = json.loads(result["body"])["sessionId"]
    return begun


def _answered(
    service: Service, event: object, method: str, route: str | None, ids: Mapping[str, str]
) -> tuple[Answer, str | None, Exception | None]:
    """The answer; for a refusal its code, and the error behind it if it is our fault."""
    try:
        return _respond(service, event, method, route, ids), None, None
    except NotAllowed as refused:
        return refusal(refused.code, {"allow": refused.allowed}), refused.code, None
    except Refused as refused:
        return refusal(refused.code), refused.code, None
    except aws.FAULTS as fault:
        return refusal("unavailable"), "unavailable", fault
    except Exception as fault:  # noqa: BLE001 - the last line: 500 without its text, and a log line
        return refusal("internal"), "internal", fault


def _respond(
    service: Service, event: object, method: str, route: str | None, ids: Mapping[str, str]
) -> Answer:
    demand_key(service.origin_keys, event)
    if method == "OPTIONS":
        return answer(204)
    if route is None:
        raise Refused("not_found")
    actions = ROUTES[route]
    action = actions.get("GET" if method == "HEAD" else method)
    if action is None:
        raise NotAllowed(actions)
    return action(service, Request(event, ids))


def _path(event: object) -> str:
    """The path within the API: a stage other than $default stands in front of it."""
    path, stage = text(event, "rawPath"), text(event, "requestContext", "stage")
    under_stage = stage not in {"", "$default"} and path.startswith(f"/{stage}/")
    return path[len(stage) + 1 :] if under_stage else path


def _find(path: str) -> tuple[str | None, dict[str, str]]:
    """The route of a path with the ids in it, or no route."""
    parts = path.split("/")
    for route, pattern in _PATTERNS.items():
        if len(parts) == len(pattern) and (ids := _ids(pattern, parts)) is not None:
            return route, ids
    return None, {}


def _ids(pattern: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """The parts that stand for the pattern's {names}, or None where the others differ."""
    ids = {}
    for want, have in zip(pattern, parts, strict=True):
        if want[:1] == "{" and have:
            ids[want[1:-1]] = have
        elif want != have:
            return None
    return ids


def _allowed(actions: Mapping[str, Action]) -> str:
    methods = [*actions, "OPTIONS"] + (["HEAD"] if "GET" in actions else [])
    return ", ".join(sorted(methods))


def _known(method: str) -> str:
    known = {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"}
    return method if method in known else "OTHER"
