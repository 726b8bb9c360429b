"""S3 as browsers and functions meet it, in front of the embedded one: every rule, then the store.

`PUT` and `GET` of objects at `/<bucket>/<key>`, presigned or signed in a header. Who may do what
is decided by the signature, the role's policies and the bucket's own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from botocore.exceptions import ClientError

from localcloud import signatures
from localcloud.application.access import policies
from localcloud.application.access.identities import Identities, Identity
from localcloud.application.blueprint import Blueprint, Bucket
from localcloud.application.conditions import Conditions
from localcloud.application.requests import incoming, raw_path, who
from localcloud.application.s3 import s3_answers, s3_events
from localcloud.signatures import Incoming, Refused

LARGEST = 5 * 1024**3
OVERRIDES = (
    "response-content-type", "response-content-language", "response-expires",
    "response-cache-control", "response-content-disposition", "response-content-encoding",
)  # fmt: skip
SHOWN = (
    ("ContentType", "Content-Type"), ("ETag", "ETag"), ("ContentRange", "Content-Range"),
    ("CacheControl", "Cache-Control"), ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("VersionId", "x-amz-version-id"), ("AcceptRanges", "Accept-Ranges"),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A request, understood: what of it is signed, and on which object."""

    request: web.Request
    incoming: Incoming
    bucket: Bucket
    key: str
    trace: int

    @property
    def method(self) -> str:
        """PUT, GET, HEAD or OPTIONS."""
        return self.request.method

    @property
    def arn(self) -> str:
        """The object's ARN."""
        return f"arn:aws:s3:::{self.bucket.name}/{self.key}"


class S3Front:
    """One port for all buckets of the stack."""

    def __init__(
        self,
        blueprint: Callable[[], Blueprint],
        identities: Identities,
        s3: Any,
        notify: Callable[[str, dict[str, Any], int], None],
        conditions: Conditions,
    ) -> None:
        self._blueprint = blueprint
        self._identities = identities
        self._s3 = s3
        self._notify = notify
        self._log = conditions.log
        self._writing: set[tuple[str, str]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The answer to anything that comes."""
        trace = self._trace(request)
        bucket: Bucket | None = None
        shown = unquote(raw_path(request))
        try:
            bucket, key = self._place(request)
            shown = f"{bucket.logical_id}/{key}"
            asked = Asked(request, incoming(request), bucket, key, trace)
            answer = await self._answers(asked)
        except Refused as refused:
            answer = s3_answers.error(refused)
            told = f"{refused.status} {refused.code}"
        else:
            told = str(answer.status)
        if bucket is not None and request.method != "OPTIONS":
            answer.headers.update(
                s3_answers.cross_origin(bucket.cors, request.method, request.headers)
            )
        self._log.line(who(request), f"S3 {request.method} {shown} → {told}", trace)
        return answer

    def _trace(self, request: web.Request) -> int:
        """A new number, or that of the event on which a function is at work."""
        identity = self._identities.find(signatures.access_key(incoming(request)))
        return identity.trace if identity and identity.trace else self._log.trace()

    def _place(self, request: web.Request) -> tuple[Bucket, str]:
        name, _, key = raw_path(request).lstrip("/").partition("/")
        bucket = self._blueprint().buckets.get(name)
        if bucket is None:
            raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
        if not key:
            raise Refused("AccessDenied", "Access Denied")
        return bucket, unquote(key)

    async def _answers(self, asked: Asked) -> web.Response:
        if asked.method == "OPTIONS":
            return s3_answers.preflight(asked.bucket.cors, asked.request.headers)
        actions: Mapping[str, tuple[str, Callable[[Asked, Identity], Awaitable[web.Response]]]] = {
            "PUT": ("s3:PutObject", self._put),
            "GET": ("s3:GetObject", self._get),
            "HEAD": ("s3:GetObject", self._get),
        }
        identity = self._check(asked)  # first: a signature for another method is no signature
        if asked.method not in actions:
            raise Refused(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                405,
                more={"Method": asked.method},
            )
        action, act = actions[asked.method]
        self._authorise(asked, identity, action)
        return await act(asked, identity)

    def _check(self, asked: Asked) -> Identity:
        wanted = ("s3", self._blueprint().region)
        return signatures.check(asked.incoming, self._identities.find, wanted, datetime.now(UTC))

    def _authorise(self, asked: Asked, identity: Identity, action: str) -> None:
        """Neither the role nor the bucket may deny it, and one of them has to allow it."""
        bucket = [asked.bucket.policy] if asked.bucket.policy else []
        context = _context(asked, identity)
        verdicts = (
            policies.verdict(identity.function.policies, action, asked.arn, context),
            policies.verdict(bucket, action, asked.arn, context),
        )
        if "deny" in verdicts or "allow" not in verdicts:
            role = f"{identity.function.logical_id}'s role"
            self._log.line("policy", f"{action} is denied to {role}", asked.trace)
            raise Refused("AccessDenied", "Access Denied")

    async def _put(self, asked: Asked, identity: Identity) -> web.Response:
        place = (asked.bucket.name, asked.key)
        if place in self._writing:
            raise Refused(
                "ConditionalRequestConflict",
                "The conditional request cannot succeed due to a conflicting operation against"
                " this resource.",
                409,
                more={"Key": asked.key},
            )
        self._writing.add(place)
        try:
            return await self._write(asked, identity)
        finally:
            self._writing.discard(place)

    async def _write(self, asked: Asked, identity: Identity) -> web.Response:
        headers = asked.request.headers
        only_new = headers.get("If-None-Match")
        if only_new not in {None, "*"}:
            raise Refused(
                "NotImplemented", "A header you provided implies functionality that isn't here", 501
            )
        _check_length(asked.request)
        if only_new and await self._exists(asked):
            raise Refused(
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
                412,
                more={"Condition": "If-None-Match"},
            )
        body = await _body(asked.request)
        _check_digest(headers.get("Content-MD5"), body)
        kind = headers.get("Content-Type", "binary/octet-stream")
        stored = await asyncio.to_thread(
            self._s3.put_object,
            Bucket=asked.bucket.name,
            Key=asked.key,
            Body=body,
            ContentType=kind,
        )
        written = s3_events.Written(asked.key, len(body), stored["ETag"].strip('"'))
        self._announce(asked, identity, written)
        answered = s3_answers.identified()
        answered["ETag"] = stored["ETag"]
        answered["x-amz-server-side-encryption"] = stored.get("ServerSideEncryption", "AES256")
        return web.Response(status=200, headers=answered)

    def _announce(self, asked: Asked, identity: Identity, written: s3_events.Written) -> None:
        for notification in asked.bucket.notifications:
            if s3_events.concerns(notification, "s3:ObjectCreated:Put", asked.key):
                event = s3_events.event(
                    self._blueprint(),
                    asked.bucket,
                    notification,
                    written,
                    identity,
                    asked.request.remote,
                )
                self._notify(notification.function, event, asked.trace)

    async def _exists(self, asked: Asked) -> bool:
        try:
            await asyncio.to_thread(self._s3.head_object, Bucket=asked.bucket.name, Key=asked.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    async def _get(self, asked: Asked, identity: Identity) -> web.Response:
        arguments: dict[str, Any] = {"Bucket": asked.bucket.name, "Key": asked.key}
        if wanted := asked.request.headers.get("Range"):
            arguments["Range"] = wanted
        try:
            stored, body = await asyncio.to_thread(self._read, arguments)
        except ClientError as error:
            raise self._not_read(error, asked, identity) from error
        headers = s3_answers.identified()
        headers.update(
            {header: str(stored[name]) for name, header in SHOWN if stored.get(name) is not None}
        )
        headers["Last-Modified"] = f"{stored['LastModified']:%a, %d %b %Y %H:%M:%S GMT}"
        parameters = dict(asked.incoming.parameters)
        for name in OVERRIDES:
            if name in parameters:
                headers[name.removeprefix("response-")] = parameters[name]
        return web.Response(
            status=206 if "ContentRange" in stored else 200, body=body, headers=headers
        )

    def _read(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        stored = self._s3.get_object(**arguments)
        return stored, stored["Body"].read()

    def _not_read(self, error: ClientError, asked: Asked, identity: Identity) -> Refused:
        """A missing object is told only to those who may list the bucket."""
        code = error.response["Error"]["Code"]
        if code == "InvalidRange":
            return Refused(code, "The requested range is not satisfiable", 416)
        if code not in {"NoSuchKey", "404"}:
            return Refused("InternalError", "We encountered an internal error.", 500)
        arn = f"arn:aws:s3:::{asked.bucket.name}"
        listing = policies.verdict(
            identity.function.policies, "s3:ListBucket", arn, _context(asked, identity)
        )
        if listing == "allow":
            return s3_answers.no_such_key(asked.key)
        return Refused("AccessDenied", "Access Denied")


def _check_length(request: web.Request) -> None:
    if request.content_length is None:
        raise Refused(
            "MissingContentLength", "You must provide the Content-Length HTTP header.", 411
        )
    if request.content_length > LARGEST:
        raise Refused(
            "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.", 400
        )


def _check_digest(said: str | None, body: bytes) -> None:
    if said is None:
        return
    try:
        wanted = base64.b64decode(said, validate=True)
    except ValueError:
        wanted = b""
    if len(wanted) != 16:
        raise Refused("InvalidDigest", "The Content-MD5 you specified is not valid.", 400)
    if hashlib.md5(body, usedforsecurity=False).digest() != wanted:
        raise Refused(
            "BadDigest", "The Content-MD5 you specified did not match what we received.", 400
        )


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (web.HTTPRequestEntityTooLarge, asyncio.IncompleteReadError, ConnectionError):
        raise Refused(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
            400,
        ) from None


def _context(asked: Asked, identity: Identity) -> dict[str, str]:
    """What policies may ask of the request. This address stands for S3's, which is TLS only."""
    account = identity.function.arn.split(":")[4]
    context = {"aws:SecureTransport": "true", "aws:PrincipalAccount": account}
    if "If-None-Match" in asked.request.headers:
        context["s3:if-none-match"] = asked.request.headers["If-None-Match"]
    if asked.request.remote:
        context["aws:SourceIp"] = asked.request.remote
    return context
