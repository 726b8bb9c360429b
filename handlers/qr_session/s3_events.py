"""What the bucket's events do: look at the object, settle the upload, tell the desktop.

Events come at least once, in any order and late. Everything here can be done twice.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from qr_session import images
from qr_session.bucket import Head, is_empty
from qr_session.event_service import Service
from qr_session.incoming import text
from qr_session.push import push
from qr_session.session import Session, Status, UploadStatus, ids_of_key, upload_key
from qr_session.store import Unchanged


class BadRecord(Exception):
    """A record that S3 doesn't send."""


def handle(service: Service, record: object) -> str | None:
    """What became of one record's upload, or None where it is no upload of ours.

    Raises where AWS failed; a repeat then heals it.
    """
    ids = _ids(record) if _is_ours(service, record) else None
    return _settle(service, *ids, etag=text(record, "s3", "object", "eTag")) if ids else None


def session_id(record: object) -> str | None:
    """The session that a record is about, if it is one of ours."""
    ids = _ids(record)
    return ids[0] if ids else None


def _ids(record: object) -> tuple[str, str] | None:
    return ids_of_key(unquote_plus(text(record, "s3", "object", "key")))


def _is_ours(service: Service, record: object) -> bool:
    name, version = text(record, "eventName"), text(record, "eventVersion")
    if not name or not version.startswith("2."):
        raise BadRecord
    if not name.removeprefix("s3:").startswith("ObjectCreated:"):
        return False
    bucket, key = text(record, "s3", "bucket", "name"), text(record, "s3", "object", "key")
    if not bucket or not key:
        raise BadRecord
    return bucket == service.bucket_name


def _settle(service: Service, session_id: str, upload_id: str, *, etag: str) -> str:
    head = _head(service, upload_key(session_id, upload_id), etag)
    if head is None:
        return "object_gone"
    try:
        session = service.sessions.finish(
            session_id, upload_id, head.content_type, _verdict(head), head.etag
        )
    except Unchanged as unchanged:
        if unchanged.old is None or not _settled_by(unchanged.old, upload_id, head):
            return "dropped"
        session = unchanged.old
    return push(session, service.sessions, service.pusher, service.clock())


def _head(service: Service, key: str, etag: str) -> Head | None:
    """How the object begins. S3 tells nothing of an empty one; its ETag is in the event."""
    try:
        return service.bucket.head(key)
    except ClientError as error:
        if not is_empty(error):
            raise
        return Head(None, etag, b"")


def _verdict(head: Head) -> UploadStatus:
    kind = head.content_type
    fine = kind is not None and images.acceptable(kind, head.first_bytes)
    return UploadStatus.STORED if fine else UploadStatus.REJECTED


def _settled_by(session: Session, upload_id: str, head: Head) -> bool:
    """Whether an earlier delivery of this event did the work, so that only the push may be due."""
    upload = session.upload(upload_id)
    cancelled = session.status is Status.CANCELLED
    return upload is not None and upload.etag == head.etag and not cancelled
