"""Signature Version 4, checked as AWS does: recomputed from the request that came.

After "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference; written here
and not taken from botocore, so that two implementations have to agree.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
SAFE = "-_.~"
WEEK = 604_800
SKEW = timedelta(minutes=15)
PARAMETERS = (
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)  # fmt: skip
HEADER = re.compile(
    rf"{ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})"
)


class Signer(Protocol):
    """Somebody's keys."""

    @property
    def access_key(self) -> str: ...

    @property
    def secret(self) -> str: ...

    @property
    def token(self) -> str | None: ...


S = TypeVar("S", bound=Signer)
Find = Callable[[str], S | None]
"""Whose an access key is; None if it was never given out."""


class Refused(Exception):
    """The request isn't what was signed, or not by whom it says, or too late."""

    def __init__(
        self, code: str, message: str, status: int = 403, more: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.more = more or {}


@dataclass(frozen=True)
class Incoming:
    """What of a request is signed. `path` and `query` are as they were sent; header names lower."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body_sha256: str = UNSIGNED

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's pairs, decoded."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def presigned(self) -> bool:
        """Does the signature stand in the query?"""
        return "X-Amz-Signature" in dict(self.parameters)


@dataclass(frozen=True)
class Claim:
    """What a request says of its own signature."""

    access_key: str
    scope: tuple[str, str, str]
    signed_at: str
    headers: tuple[str, ...]
    signature: str
    token: str | None
    payload: str


def access_key(request: Incoming) -> str:
    """Whose key stands in the Authorization header, unchecked; empty if there is none."""
    match = HEADER.fullmatch(request.headers.get("authorization", ""))
    return match[1].partition("/")[0] if match else ""


def check(request: Incoming, find: Find[S], wanted: tuple[str, str] | None, now: datetime) -> S:
    """Who signed the request; `Refused` says why it isn't accepted.

    `wanted` are the service and region that it has to be signed for, None for any.
    """
    claim = _presigned(request) if request.presigned else _in_header(request)
    date, claimed_region, claimed_service = claim.scope
    if wanted not in {None, (claimed_service, claimed_region)}:
        raise Refused(
            "AuthorizationQueryParametersError",
            f"Error parsing the X-Amz-Credential parameter; expecting {wanted}",
            400,
        )
    signer = find(claim.access_key)
    if signer is None:
        raise Refused(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            more={"AWSAccessKeyId": claim.access_key},
        )
    if claim.token != signer.token:
        raise Refused("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    _check_time(request, claim, now)
    _check_signature(request, claim, signer, f"{date}/{claimed_region}/{claimed_service}")
    _check_unsigned(request, claim)
    return signer


def _presigned(request: Incoming) -> Claim:
    given = dict(request.parameters)
    if any(name not in given for name in PARAMETERS):
        raise Refused(
            "AuthorizationQueryParametersError",
            f"Query-string authentication version 4 requires the {', '.join(PARAMETERS)}"
            " parameters.",
            400,
        )
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise Refused(
            "AuthorizationQueryParametersError", f'X-Amz-Algorithm only supports "{ALGORITHM}"', 400
        )
    access_key, scope = _credential(given["X-Amz-Credential"])
    return Claim(
        access_key,
        scope,
        given["X-Amz-Date"],
        tuple(given["X-Amz-SignedHeaders"].split(";")),
        given["X-Amz-Signature"],
        given.get("X-Amz-Security-Token"),
        UNSIGNED if scope[2] == "s3" else request.body_sha256,
    )


def _in_header(request: Incoming) -> Claim:
    match = HEADER.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise Refused("AccessDenied", "Access Denied")
    access_key, scope = _credential(match[1])
    said = request.headers.get("x-amz-content-sha256", request.body_sha256)
    if said not in {UNSIGNED, request.body_sha256} and request.body_sha256 != UNSIGNED:
        raise Refused(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
        )
    return Claim(
        access_key,
        scope,
        request.headers.get("x-amz-date", ""),
        tuple(match[2].split(";")),
        match[3],
        request.headers.get("x-amz-security-token"),
        said,
    )


def _credential(text: str) -> tuple[str, tuple[str, str, str]]:
    parts = text.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise Refused(
            "AuthorizationQueryParametersError",
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed",
            400,
        )
    return parts[0], (parts[1], parts[2], parts[3])


def _check_time(request: Incoming, claim: Claim, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(claim.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refused("AccessDenied", "X-Amz-Date must be formatted as ISO 8601", 403) from None
    if not request.presigned:
        if abs(now - signed_at) > SKEW:
            raise Refused(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
        return
    expires = dict(request.parameters)["X-Amz-Expires"]
    if not expires.isdigit() or not 0 < int(expires) <= WEEK:
        raise Refused(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds) and greater than 0",
            400,
        )
    end = signed_at + timedelta(seconds=int(expires))
    if signed_at - now > SKEW:
        raise Refused("AccessDenied", "Request is not valid yet")
    if now > end:
        raise Refused(
            "AccessDenied",
            "Request has expired",
            more={
                "X-Amz-Expires": expires,
                "Expires": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                "ServerTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            },
        )


def _check_signature(request: Incoming, claim: Claim, signer: Signer, scope: str) -> None:
    canonical = canonical_request(request, claim)
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.signed_at}\n{scope}/aws4_request\n{hashed}"
    expected = signature(signer.secret, scope, to_sign)
    if not hmac.compare_digest(expected, claim.signature):
        raise Refused(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided."
            " Check your key and signing method.",
            more={
                "AWSAccessKeyId": claim.access_key,
                "StringToSign": to_sign,
                "SignatureProvided": claim.signature,
                "CanonicalRequest": canonical,
            },
        )


def _check_unsigned(request: Incoming, claim: Claim) -> None:
    """Every x-amz- header that came has to be signed; others may be added by a browser."""
    unsigned = [
        name for name in request.headers if name.startswith("x-amz-") and name not in claim.headers
    ]
    if unsigned or "host" not in claim.headers:
        raise Refused(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            more={"HeadersNotSigned": ", ".join(unsigned or ["host"])},
        )


def canonical_request(request: Incoming, claim: Claim) -> str:
    """The text whose hash is signed."""
    service = claim.scope[2]
    path = unquote(request.path) if service == "s3" else _normalised(request.path)
    pairs = sorted(
        (quote(name, safe=SAFE), quote(value, safe=SAFE))
        for name, value in request.parameters
        if name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in claim.headers
    )
    return "\n".join(
        [
            request.method,
            quote(path, safe=f"/{SAFE}"),
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            ";".join(claim.headers),
            claim.payload,
        ]
    )


def _normalised(path: str) -> str:
    """A path without empty and dotted segments; only S3's keys may have them."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    end = "/" if parts and path.endswith("/") else ""
    return f"/{'/'.join(parts)}{end}"


def signature(secret: str, scope: str, to_sign: str) -> str:
    """The signature of a text with the key derived for day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), "aws4_request"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
