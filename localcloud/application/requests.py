"""What of a request is needed as it came, byte by byte, and who sent it."""

from __future__ import annotations

from aiohttp import web

from localcloud.signatures import UNSIGNED, Incoming

_PHONES = ("Mobi", "Android", "iPhone", "iPad")


def raw_path(request: web.Request) -> str:
    """The path as it was sent: decoded and encoded again, a signature wouldn't fit."""
    return request.raw_path.partition("?")[0]


def incoming(request: web.Request, body_sha256: str = UNSIGNED) -> Incoming:
    """What of the request is signed."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.raw_path.partition("?")[2]
    return Incoming(request.method, raw_path(request), query, headers, body_sha256)


def who(request: web.Request) -> str:
    """phone, browser, function (an AWS SDK) or client, in a word for the log."""
    agent = request.headers.get("User-Agent", "")
    if "Botocore" in agent or "Boto3" in agent:
        return "function"
    if any(word in agent for word in _PHONES):
        return "phone"
    return "browser" if agent.startswith("Mozilla/") else "client"
