"""A viewer's request as a CloudFront Function gets it, and what its answer makes of the request.

After "CloudFront Functions event structure" in the CloudFront developer guide.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from localcloud.application.blueprint import Distribution
from localcloud.application.requests import raw_path

Values = dict[str, Any]


class Malformed(Exception):
    """The function's answer is neither a request nor a response."""


def event(distribution: Distribution, request: web.Request) -> Values:
    """The event of a viewer-request function; the host is the distribution's own name."""
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    told = [(name, value) for name, value in headers if name not in {"cookie", "host"}]
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain,
            "distributionId": distribution.id,
            "eventType": "viewer-request",
            "requestId": base64.b64encode(secrets.token_bytes(39)).decode(),
        },
        "viewer": {"ip": request.remote or ""},
        "request": {
            "method": request.method,
            "uri": raw_path(request),
            "querystring": _values(_pairs(request.rel_url.raw_query_string)),
            "headers": _values([("host", distribution.name), *told]),
            "cookies": _values(request.cookies.items()),
        },
    }


def query(request: web.Request) -> str | None:
    """The query as it was sent; None without a question mark."""
    _, mark, sent = request.raw_path.partition("?")
    return sent if mark else None


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(name, value) for name, _, value in parts]


def _values(pairs: Iterable[tuple[str, str]]) -> Values:
    """Each name with its value, and with all of them where it comes more than once."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {
        name: {"value": values[0]}
        | ({"multiValue": [{"value": one} for one in values]} if len(values) > 1 else {})
        for name, values in found.items()
    }


def response(value: Mapping[str, Any]) -> web.Response | None:
    """The response that a function made in the origin's place; None if it made a request."""
    if not isinstance(value, Mapping):
        raise Malformed("it returned nothing")
    if "statusCode" not in value:
        return None
    headers = {name: one["value"] for name, one in value.get("headers", {}).items()}
    body = value.get("body", "")
    text = body.get("data", "") if isinstance(body, Mapping) else body
    return web.Response(status=int(value["statusCode"]), headers=headers, text=str(text))


def path(value: Mapping[str, Any]) -> str:
    """The path of the request that a function returned."""
    uri = value.get("uri")
    if not isinstance(uri, str) or not uri.startswith("/"):
        raise Malformed(f"the uri {uri!r} is no path")
    return uri


def key(uri: str) -> str:
    """The object's key that a path asks a bucket for."""
    return unquote_plus(uri.replace("+", "%2B"))[1:]
