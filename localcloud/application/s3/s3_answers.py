"""S3's answers: errors in its XML, CORS from a bucket's rules, the headers that all have."""

from __future__ import annotations

import fnmatch
import secrets
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from aiohttp import web
from multidict import CIMultiDict

from localcloud.application.blueprint import CorsRule
from localcloud.signatures import Refused

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def identified() -> CIMultiDict[str]:
    """What every answer of S3's carries."""
    return CIMultiDict(
        {
            "x-amz-request-id": secrets.token_hex(8).upper(),
            "x-amz-id-2": secrets.token_urlsafe(57),
            "Server": "AmazonS3",
        }
    )


def error(refused: Refused) -> web.Response:
    """An error as S3 writes it."""
    headers = identified()
    fields = {
        "Code": refused.code,
        "Message": refused.message,
        **refused.more,
        "RequestId": headers["x-amz-request-id"],
        "HostId": headers["x-amz-id-2"],
    }
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'
    return web.Response(
        status=refused.status, text=text, content_type="application/xml", headers=headers
    )


def no_such_key(key: str) -> Refused:
    """What is told to those who may list the bucket; others get AccessDenied."""
    return Refused("NoSuchKey", "The specified key does not exist.", 404, {"Key": key})


def preflight(rules: Sequence[CorsRule], headers: Mapping[str, str]) -> web.Response:
    """The answer to a browser that asks before it sends."""
    origin, method = headers.get("Origin"), headers.get("Access-Control-Request-Method")
    if not origin or not method:
        raise Refused("BadRequest", "Insufficient information. Origin request header needed.", 400)
    if not rules:
        raise Refused("AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    asked = headers.get("Access-Control-Request-Headers", "")
    names = [one.strip().lower() for one in asked.split(",") if one.strip()]
    rule = _rule(rules, origin, method, names)
    if rule is None:
        raise Refused(
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. The bucket's rules don't have this"
            " Origin, request method or one of these headers.",
        )
    answered = identified()
    answered.update(_allowed(rule, origin))
    if names:
        answered["Access-Control-Allow-Headers"] = ", ".join(names)
    return web.Response(status=200, headers=answered)


def cross_origin(
    rules: Sequence[CorsRule], method: str, headers: Mapping[str, str]
) -> dict[str, str]:
    """The headers that let a page read an answer; none if it may not, or didn't ask."""
    origin = headers.get("Origin")
    rule = _rule(rules, origin, method, []) if origin else None
    return _allowed(rule, origin) if rule and origin else {}


def _rule(
    rules: Sequence[CorsRule], origin: str, method: str, headers: Sequence[str]
) -> CorsRule | None:
    """The first rule that allows it."""
    for rule in rules:
        if (
            any(fnmatch.fnmatchcase(origin, one) for one in rule.origins)
            and method in rule.methods
            and all(any(fnmatch.fnmatchcase(name, one) for one in rule.headers) for name in headers)
        ):
            return rule
    return None


def _allowed(rule: CorsRule, origin: str) -> dict[str, str]:
    headers = {
        "Access-Control-Allow-Origin": "*" if rule.origins == ("*",) else origin,
        "Access-Control-Allow-Methods": ", ".join(rule.methods),
        "Vary": VARY,
    }
    if rule.origins != ("*",):
        headers["Access-Control-Allow-Credentials"] = "true"
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    if rule.max_age is not None:
        headers["Access-Control-Max-Age"] = str(rule.max_age)
    return headers
