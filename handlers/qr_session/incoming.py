"""What comes from outside, made safe: fields of an event, headers, the JSON body."""

from __future__ import annotations

import json
from base64 import b64decode

from qr_session.session import Refused

BODY_CAP_BYTES = 8 * 1024


def _no_constant(name: str) -> object:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def field(value: object, *path: str) -> object:
    """The value under nested keys, or None where a key or a mapping is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: object, *path: str) -> str:
    """The string under nested keys; anything else is the empty string."""
    found = field(value, *path)
    return found if isinstance(found, str) else ""


def header(event: object, name: str) -> str:
    """A header's value whatever the case of its name, or the empty string.

    HTTP APIs send names in lower case, WebSocket APIs as the client wrote them.
    """
    headers = field(event, "headers")
    if not isinstance(headers, dict):
        return ""
    value = headers.get(name)
    if value is None:
        others = (key for key in headers if isinstance(key, str) and key.lower() == name)
        value = headers.get(next(others, None))
    return value if isinstance(value, str) else ""


def json_object(event: object) -> dict[str, object]:
    """The body's JSON object.

    Raises Refused: too_large, bad_body (not text, absent) or bad_json (not a JSON object).
    """
    raw = field(event, "body")
    if _absent(raw):
        raise Refused("bad_body")
    return _parsed(_decoded(raw, in_base64=bool(field(event, "isBase64Encoded"))))


def has_body(event: object) -> bool:
    """Whether the event carries a body at all."""
    return not _absent(field(event, "body"))


def _absent(raw: object) -> bool:
    return raw is None or raw == ""


def _decoded(raw: object, *, in_base64: bool) -> str:
    if not isinstance(raw, str):
        raise Refused("bad_body")
    if len(raw) > BODY_CAP_BYTES * (2 if in_base64 else 1):
        raise Refused("too_large")
    try:
        data = b64decode(raw, validate=True) if in_base64 else raw.encode()
        if len(data) <= BODY_CAP_BYTES:
            return data.decode()
    except ValueError:
        raise Refused("bad_body") from None
    raise Refused("too_large")


def _parsed(body: str) -> dict[str, object]:
    try:
        value = _decode(body)
        if "\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError):
        raise Refused("bad_json") from None
    if not isinstance(value, dict):
        raise Refused("bad_json")
    return value
