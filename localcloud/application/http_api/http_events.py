"""Payload format 2.0: a request as the function gets it, the function's answer as it goes out.

After "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from localcloud.application.blueprint import Api
from localcloud.application.http_api.routes import Match
from localcloud.application.requests import raw_path

TEXT = ("text/", "application/json", "application/javascript", "application/xml")
LONGEST_ANSWER = 6 * 1024 * 1024
# What belongs to one connection, or is API Gateway's own to write.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "upgrade", "trailer"}


class Malformed(Exception):
    """The function answered something that no HTTP answer can be made of."""


def event(account: str, match: Match, request: web.Request, body: bytes) -> dict[str, Any]:
    """What the function gets."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": raw_path(request),
        "rawQueryString": request.rel_url.raw_query_string,
        "headers": _headers(match.api, request),
        "requestContext": _context(account, match, request),
        "isBase64Encoded": False,
    }
    made |= _query(request)
    if cookies := request.headers.getall("Cookie", []):
        made["cookies"] = [one.strip() for line in cookies for one in line.split(";")]
    if match.parameters:
        made["pathParameters"] = match.parameters
    if body:
        made |= _body(request, body)
    return made


def _query(request: web.Request) -> dict[str, Any]:
    names = list(dict.fromkeys(request.query))
    joined = {name: ",".join(request.query.getall(name)) for name in names}
    return {"queryStringParameters": joined} if names else {}


def _headers(api: Api, request: web.Request) -> dict[str, str]:
    """Names in lower case, several of a name joined by commas, and those that AWS adds."""
    names = dict.fromkeys(name.lower() for name in request.headers)
    kept = {
        name: ",".join(request.headers.getall(name))
        for name in sorted(names)
        if name not in NOT_PASSED_ON | {"cookie"}
    }
    return (
        {"content-length": "0"}
        | kept
        | {
            "host": api.host,
            "x-amzn-trace-id": trace_id(),
            "x-forwarded-for": forwarded_for(request),
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        }
    )


def forwarded_for(request: web.Request) -> str:
    """Whom each one before us had the request from, and last whom we have it from."""
    return ", ".join([*request.headers.getall("X-Forwarded-For", []), request.remote or ""])


def trace_id() -> str:
    """An X-Ray trace header."""
    return f"Root=1-{int(datetime.now(UTC).timestamp()):08x}-{secrets.token_hex(12)}"


def request_id() -> str:
    """API Gateway's request ids look so."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def clock_time(now: datetime) -> str:
    """The time in the form of common logs."""
    return f"{now:%d/%b/%Y:%H:%M:%S +0000}"


def _context(account: str, match: Match, request: web.Request) -> dict[str, Any]:
    api = match.api
    now = datetime.now(UTC)
    return {
        "accountId": account,
        "apiId": api.id,
        "domainName": api.host,
        "domainPrefix": api.host.split(".")[0],
        "http": {
            "method": request.method,
            "path": raw_path(request),
            "protocol": "HTTP/1.1",
            "sourceIp": request.remote or "",
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": request_id(),
        "routeKey": match.route.key,
        "stage": api.stage,
        "time": clock_time(now),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _body(request: web.Request, body: bytes) -> dict[str, Any]:
    """Text as it is, everything else in base64."""
    kind = request.headers.get("Content-Type", "").lower()
    try:
        text = body.decode() if kind.startswith(TEXT) else None
    except UnicodeDecodeError:
        text = None
    if text is not None:
        return {"body": text, "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def answer(value: Any) -> web.Response:
    """The HTTP answer that a function's value is; without a statusCode it is a body of JSON."""
    if not isinstance(value, Mapping) or "statusCode" not in value:
        text = value if isinstance(value, str) else json.dumps(value)
        return web.Response(text=text, content_type="application/json")
    headers = _answer_headers(value)
    data = _answer_body(value)
    if len(data) > LONGEST_ANSWER:
        raise Malformed("the answer is longer than 6 MB")
    try:
        return web.Response(status=int(value["statusCode"]), headers=headers, body=data)
    except (TypeError, ValueError) as error:
        raise Malformed(f"the answer can't be sent: {type(error).__name__}") from error


def _answer_headers(value: Mapping[str, Any]) -> CIMultiDict[str]:
    headers = CIMultiDict({name: str(one) for name, one in (value.get("headers") or {}).items()})
    for name in [one for one in headers if one.lower() in NOT_PASSED_ON | {"content-length"}]:
        del headers[name]
    if "Content-Type" not in headers:
        headers["Content-Type"] = "text/plain;charset=utf-8"
    for cookie in value.get("cookies") or []:
        headers.add("Set-Cookie", str(cookie))
    return headers


def _answer_body(value: Mapping[str, Any]) -> bytes:
    body = value.get("body") or ""
    if not isinstance(body, str):
        raise Malformed("the body isn't text")
    if not value.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Malformed("the body isn't base64") from error
