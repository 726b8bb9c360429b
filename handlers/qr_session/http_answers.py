"""Answers of the HTTP API: status, headers and JSON; the codes and their statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qr_session.outgoing import encoded
from qr_session.session import VERSION

Answer = dict[str, Any]

STATUS_OF = {
    "bad_body": 400,
    "bad_json": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "quota": 409,
    "already_stored": 409,
    "gone": 410,
    "too_large": 413,
    "unsupported_type": 415,
    "bad_size": 422,
    "bad_upload_id": 422,
    "bad_phone": 422,
    "bad_name": 422,
    "internal": 500,
    "unavailable": 503,
}


HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


def answer(status: int, value: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with that JSON, or with no body, and with these headers beside the usual ones."""
    return {
        "statusCode": status,
        "headers": {**HEADERS, **(headers or {})},
        "body": "" if value is None else encoded(value),
        "isBase64Encoded": False,
    }


def refusal(code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a refused request."""
    if code == "unauthorized":
        headers = {"www-authenticate": "Bearer"}
    return answer(STATUS_OF[code], {"v": VERSION, "error": code}, headers)
