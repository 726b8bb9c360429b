"""Who may speak to the AWS endpoint: a program on this machine that has the keys of this run.

A web page can send requests to loopback as well, whatever site it came from; it could list uploads,
write into the website's bucket or update the stack. So a request has to name this endpoint's own
host (a foreign name that leads here is DNS rebinding), may carry no `Origin`, and must be signed.
No answer says that a page may read it.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localcloud import refusals, signatures
from localcloud.signatures import UNSIGNED, Find, Incoming, Refused, Signer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = "The keys of this run stand in the local cloud's ready line; each run has new ones."
# A fault of the signature: its code in S3, in the query protocol, and in JSON.
_CODES = {
    "AccessDenied": ("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationToken"),
    "InvalidAccessKeyId": (
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ),
    "SignatureDoesNotMatch": (
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    ),
}


def closed(
    application: WSGIApplication, hosts: Collection[str], find: Find[Signer]
) -> WSGIApplication:
    """The application for those who name one of the hosts and sign with keys that `find` knows."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            _check_place(environ, hosts)
            _check_signature(environ, find)
        except Refused as refused:
            return refusals.answered(environ, start_response, _in_its_dialect(refused, environ))
        return application(environ, _unshared(start_response))

    return answer


def _check_place(environ: WSGIEnvironment, hosts: Collection[str]) -> None:
    host = str(environ.get("HTTP_HOST", ""))
    if host.lower() not in hosts:
        named = f"{host!r} isn't this endpoint" if host else "the request names no host"
        raise Refused("MisdirectedRequest", f"{named}: use {', '.join(sorted(hosts))}.", 421)
    if origin := environ.get("HTTP_ORIGIN"):
        raise Refused("ForbiddenOrigin", f"No page may speak to this endpoint, nor {origin!r}.")


def _check_signature(environ: WSGIEnvironment, find: Find[Signer]) -> None:
    request = _incoming(environ)
    try:
        signatures.check(request, find, None, datetime.now(UTC))
    except Refused as refused:
        refused.message = f"{refused.message.rstrip('.')}. {_KEYS}"
        raise


def _incoming(environ: WSGIEnvironment) -> Incoming:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    sent = urlsplit(str(environ["REQUEST_URI"]))
    said = headers.get("x-amz-content-sha256", "")
    read = not said or _SHA256.fullmatch(said)  # else it comes unsigned, or in signed chunks
    sha256 = hashlib.sha256(_body(environ)).hexdigest() if read else UNSIGNED
    return Incoming(environ["REQUEST_METHOD"], sent.path, sent.query, headers, sha256)


def _body(environ: WSGIEnvironment) -> bytes:
    """The request's body, put back for who comes after."""
    body = bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _in_its_dialect(refused: Refused, environ: WSGIEnvironment) -> Refused:
    codes = _CODES.get(refused.code)
    if codes is None:
        return refused
    index = ("s3", "query", "json").index(refusals.dialect(environ))
    return Refused(codes[index], refused.message, refused.status)


def _unshared(start_response: StartResponse) -> StartResponse:
    """Without the headers that let a page read the answer."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        kept = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
        return start_response(status, kept, *more)

    return start
