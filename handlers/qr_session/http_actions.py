"""The six routes: what each asks of the store, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from qr_session import capabilities, incoming
from qr_session.http_answers import Answer, answer
from qr_session.origin import Keys
from qr_session.session import (
    CONTENT_TYPES,
    TTL_SECONDS,
    VERSION,
    Refused,
    Session,
    Status,
    Upload,
    UploadStatus,
    etag,
    is_name,
    is_over,
    is_session_id,
    is_upload_id,
    match_code,
    shown_status,
    state,
    upload_key,
)
from qr_session.store import Unchanged
from qr_session.store_http import Sessions
from qr_session.uploads import Uploads, put_headers

PUT_SECONDS = 300
GET_SECONDS = 60
NONCE_CHARACTERS = range(16, 129)
ID_ATTEMPTS = 3

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


class Ids(Protocol):
    """Where new ids and tokens come from."""

    def session_id(self) -> str:
        """A new UUID4."""

    def token(self) -> str:
        """A new bearer token."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with."""

    sessions: Sessions
    uploads: Uploads
    clock: Callable[[], int]
    ids: Ids
    max_upload_bytes: int
    max_uploads: int
    origin_keys: Keys = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """An event together with the ids in its path."""

    event: object
    ids: Mapping[str, str]

    @property
    def session_id(self) -> str:
        """The session's id, or not_found: an id of another form was never given to anybody."""
        if not is_session_id(self.ids["sessionId"]):
            raise Refused("not_found")
        return self.ids["sessionId"]

    def token(self) -> str:
        """The bearer token, or unauthorized where there is none."""
        match = _BEARER.fullmatch(incoming.header(self.event, "authorization").strip(" \t"))
        if match is None or len(match[1]) > capabilities.LONGEST_TOKEN:
            raise Refused("unauthorized")
        return match[1]

    def token_hash(self) -> str:
        """The bearer token's hash."""
        return capabilities.token_hash(self.token())


def create(service: Service, request: Request) -> Answer:
    """POST /sessions"""
    if incoming.has_body(request.event):
        incoming.json_object(request.event)
    now = service.clock()
    desktop, upload = service.ids.token(), service.ids.token()
    session = _create(
        service, now, capabilities.token_hash(desktop), capabilities.token_hash(upload)
    )
    return answer(
        201,
        {
            "v": VERSION,
            "sessionId": session.id,
            "status": session.status,
            "rev": session.rev,
            "createdAt": session.created_at,
            "expiresAt": session.expires_at,
            "maxUploads": service.max_uploads,
            "desktopToken": desktop,
            "uploadToken": upload,
        },
    )


def _create(service: Service, now: int, desktop_hash: str, upload_hash: str) -> Session:
    for _ in range(ID_ATTEMPTS):
        session = Session(
            id=service.ids.session_id(),
            status=Status.AWAITING_SCAN,
            created_at=now,
            expires_at=now + TTL_SECONDS,
            rev=1,
            desktop_hash=desktop_hash,
            upload_hash=upload_hash,
        )
        try:
            service.sessions.create(session)
        except Unchanged:
            continue
        return session
    raise Refused("unavailable")


def read(service: Service, request: Request) -> Answer:
    """GET /sessions/{sessionId}"""
    token = request.token_hash()
    session = service.sessions.read(request.session_id)
    if session is None or not _may_read(session, token):
        raise Refused("not_found")
    now = service.clock()
    tag = etag(session, now)
    if _matches(incoming.header(request.event, "if-none-match"), tag):
        return answer(304, headers={"etag": tag})
    names = capabilities.same(session.desktop_hash, token)
    return answer(200, state(session, now, names=names), {"etag": tag})


def _may_read(session: Session, token: str) -> bool:
    desktop = capabilities.same(session.desktop_hash, token)
    return capabilities.same(session.phone_hash, token) or desktop


def _matches(if_none_match: str, tag: str) -> bool:
    seen = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in seen or seen == ["*"]


def claim(service: Service, request: Request) -> Answer:
    """POST /sessions/{sessionId}/claim"""
    token = request.token()
    nonce = incoming.json_object(request.event).get("phone")
    if not isinstance(nonce, str) or len(nonce) not in NONCE_CHARACTERS:
        raise Refused("bad_phone")
    session_id = request.session_id
    phone_token = capabilities.phone_token(token, session_id, nonce)
    phone_hash = capabilities.token_hash(phone_token)
    session = _claim(service, session_id, capabilities.token_hash(token), phone_hash)
    return answer(
        200,
        {
            "v": VERSION,
            "phoneToken": phone_token,
            "status": shown_status(session, service.clock()),
            "rev": session.rev,
            "matchCode": match_code(phone_hash),
            "maxBytes": service.max_upload_bytes,
            "maxUploads": service.max_uploads,
            "types": CONTENT_TYPES,
        },
    )


def _claim(service: Service, session_id: str, upload_hash: str, phone_hash: str) -> Session:
    now = service.clock()
    try:
        return service.sessions.claim(session_id, upload_hash, phone_hash, now)
    except Unchanged as unchanged:
        old = unchanged.old
    if old is None or not capabilities.same(old.upload_hash, upload_hash):
        raise Refused("not_found")
    if is_over(old, now):
        raise Refused("gone")
    if not capabilities.same(old.phone_hash, phone_hash):
        raise Refused("conflict")
    return old


def request_upload(service: Service, request: Request) -> Answer:
    """POST /sessions/{sessionId}/uploads"""
    token = request.token_hash()
    upload = _wanted(service, incoming.json_object(request.event))
    status, session = _request_upload(service, request.session_id, token, upload)
    seconds = min(PUT_SECONDS, session.expires_at - upload.requested_at)
    key = upload_key(session.id, upload.id)
    return answer(
        status,
        {
            "v": VERSION,
            "uploadId": upload.id,
            "method": "PUT",
            "url": service.uploads.put_url(key, upload.content_type, upload.size, seconds),
            "headers": put_headers(upload.content_type),
            "expiresAt": upload.requested_at + seconds,
        },
    )


def _wanted(service: Service, body: Mapping[str, object]) -> Upload:
    upload_id, content_type, size = (body.get(name) for name in ("uploadId", "contentType", "size"))
    if not isinstance(upload_id, str) or not is_upload_id(upload_id):
        raise Refused("bad_upload_id")
    if not isinstance(content_type, str) or content_type not in CONTENT_TYPES:
        raise Refused("unsupported_type")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise Refused("bad_size")
    if size > service.max_upload_bytes:
        raise Refused("too_large")
    name = _name(body)
    now = service.clock()
    return Upload(upload_id, UploadStatus.REQUESTED, content_type, size, now, name=name)


def _name(body: Mapping[str, object]) -> str | None:
    """What the phone calls the image, which it needn't tell."""
    name = body.get("name")
    if name is None:
        return None
    if not isinstance(name, str) or not is_name(name):
        raise Refused("bad_name")
    return name


def _request_upload(
    service: Service, session_id: str, token: str, upload: Upload
) -> tuple[int, Session]:
    try:
        limit = service.max_uploads
        return 201, service.sessions.request_upload(session_id, token, upload, limit)
    except Unchanged as unchanged:
        old = unchanged.old
    if old is None or not capabilities.same(old.phone_hash, token):
        raise Refused("not_found")
    if is_over(old, upload.requested_at):
        raise Refused("gone")
    known = old.upload(upload.id)
    if known is None:
        raise Refused("quota")
    if known.status is UploadStatus.STORED:
        raise Refused("already_stored")
    wanted = (upload.status, upload.content_type, upload.size)
    if (known.status, known.content_type, known.size) != wanted:
        raise Refused("conflict")
    return 200, old


def download(service: Service, request: Request) -> Answer:
    """GET /sessions/{sessionId}/uploads/{uploadId}"""
    token = request.token_hash()
    session = service.sessions.read(request.session_id)
    if session is None or not capabilities.same(session.desktop_hash, token):
        raise Refused("not_found")
    upload = session.upload(request.ids["uploadId"])
    if upload is None or upload.status is not UploadStatus.STORED:
        raise Refused("not_found")
    key = upload_key(session.id, upload.id)
    url = service.uploads.get_url(key, upload.content_type, GET_SECONDS)
    return answer(200, {"v": VERSION, "url": url})


def cancel(service: Service, request: Request) -> Answer:
    """DELETE /sessions/{sessionId}"""
    token = request.token_hash()
    try:
        session = service.sessions.cancel(request.session_id, token)
    except Unchanged as unchanged:
        if unchanged.old is None or not capabilities.same(unchanged.old.desktop_hash, token):
            raise Refused("not_found") from None
        session = unchanged.old
    return answer(200, state(session, service.clock()))
