"""AWS errors in the form that the asking SDK reads: XML, or JSON with its header."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from localcloud.signatures import Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
_REST_JSON = {"apigateway", "execute-api", "lambda"}


def dialect(environ: WSGIEnvironment) -> Literal["s3", "query", "json"]:
    """How the service that a request is for tells its errors."""
    scope = _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    service = scope[1] if scope else ""
    kind = str(environ.get("CONTENT_TYPE", ""))
    if "HTTP_X_AMZ_TARGET" in environ or "json" in kind or service in _REST_JSON:
        return "json"
    return "query" if "form-urlencoded" in kind else "s3"


def answered(
    environ: WSGIEnvironment, start_response: StartResponse, refused: Refused
) -> Iterable[bytes]:
    """The whole answer."""
    kind, body = _body(environ, refused)
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-errortype", refused.code),
    ]
    start_response(f"{refused.status} {HTTPStatus(refused.status).phrase}", headers)
    return [body]


def _body(environ: WSGIEnvironment, refused: Refused) -> tuple[str, bytes]:
    if dialect(environ) == "json":
        told = {"__type": refused.code, "message": refused.message}
        return "application/json", json.dumps(told).encode()
    text = f"<Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>"
    return "text/xml", f"<ErrorResponse><Error>{text}</Error></ErrorResponse>".encode()
