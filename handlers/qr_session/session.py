"""What a session is: its fields, what it shows, and the answers to a change that did not happen.

Pure: no clock, no AWS, nothing of ours. Times are Unix seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

VERSION = 1
TTL_SECONDS = 1800
NAME_BYTES = 120  # a hundred of them leave a pushed state below 32 KiB
UPLOAD_PREFIX = "session-uploads/"
CONTENT_TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/avif",
)

_SESSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UPLOAD_ID = re.compile(r"[0-9A-Fa-f]{32}")
# A name costs as many bytes in JSON as in UTF-8, and could be a file's name anywhere.
_NAME = re.compile(r"""[^\x00-\x1f\x7f-\x9f"/\\]+""")


class Status(StrEnum):
    """A session's status. `EXPIRED` is shown, never stored."""

    AWAITING_SCAN = "AWAITING_SCAN"
    SCANNED = "SCANNED"
    UPLOAD_REQUESTED = "UPLOAD_REQUESTED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class UploadStatus(StrEnum):
    """An upload's status; the last two are final."""

    REQUESTED = "REQUESTED"
    STORED = "STORED"
    REJECTED = "REJECTED"


class Refused(Exception):
    """A request that gets an answer with one of the contract's codes."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Upload:
    """One image of a session; `etag` is S3's, known once the object was seen.

    `name` is what the phone calls the image; only the desktop reads it.
    """

    id: str
    status: UploadStatus
    content_type: str
    size: int
    requested_at: int
    etag: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One item of the table; `None` stands for an absent attribute."""

    id: str
    status: Status
    created_at: int
    expires_at: int
    rev: int
    desktop_hash: str
    upload_hash: str
    phone_hash: str | None = None
    connection_id: str | None = None
    upload_key: str | None = None
    uploads: tuple[Upload, ...] = ()

    def upload(self, upload_id: str) -> Upload | None:
        """The upload of that id."""
        return next((upload for upload in self.uploads if upload.id == upload_id), None)


def is_session_id(text: object) -> bool:
    """Whether it is a UUID4 as we write them."""
    return isinstance(text, str) and _SESSION_ID.fullmatch(text) is not None


def is_upload_id(text: object) -> bool:
    """Whether it is 32 hex characters."""
    return isinstance(text, str) and _UPLOAD_ID.fullmatch(text) is not None


def is_name(text: object) -> bool:
    """Whether it may be an image's name."""
    return (
        isinstance(text, str)
        and _NAME.fullmatch(text) is not None
        and len(text.encode()) <= NAME_BYTES
    )


def upload_key(session_id: str, upload_id: str) -> str:
    """Where S3 keeps an upload."""
    return f"{UPLOAD_PREFIX}{session_id}/{upload_id}"


def ids_of_key(key: str) -> tuple[str, str] | None:
    """Session and upload of an S3 key, or None where the key is not one of ours."""
    session_id, slash, upload_id = key.removeprefix(UPLOAD_PREFIX).partition("/")
    ours = key.startswith(UPLOAD_PREFIX) and slash
    if ours and is_session_id(session_id) and is_upload_id(upload_id):
        return session_id, upload_id
    return None


def shown_status(session: Session, now: int) -> Status:
    """The status that clients see. DynamoDB deletes late, so expiry is told by the clock."""
    if session.status in {Status.CANCELLED, Status.COMPLETED}:
        return session.status
    return Status.EXPIRED if session.expires_at <= now else session.status


def is_over(session: Session, now: int) -> bool:
    """Whether claiming and uploading have ended."""
    return session.status is Status.CANCELLED or session.expires_at <= now


def match_code(phone_hash: str) -> str:
    """The two digits that both screens show."""
    return f"{int(phone_hash[:8], 16) % 100:02d}"


def etag(session: Session, now: int) -> str:
    """What a poller sends back in If-None-Match."""
    return f'"{session.rev}-{shown_status(session, now)}"'


def state(session: Session, now: int, *, names: bool = True) -> dict[str, object]:
    """The one message shape of GET, subscribe answer and push; names are the desktop's alone."""
    message: dict[str, object] = {
        "v": VERSION,
        "type": "state",
        "sessionId": session.id,
        "rev": session.rev,
        "status": shown_status(session, now),
        "expiresAt": session.expires_at,
        "now": now,
        "uploads": [_shown(upload, names=names) for upload in session.uploads],
    }
    if session.phone_hash is not None:
        message["matchCode"] = match_code(session.phone_hash)
    return message


def _shown(upload: Upload, *, names: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": upload.id,
        "status": upload.status,
        "contentType": upload.content_type,
        "size": upload.size,
    }
    return {**shown, "name": upload.name} if names and upload.name is not None else shown
