"""A session as DynamoDB writes it, both ways; a stream's NewImage has the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qr_session.session import Session, Status, Upload, UploadStatus

Item = dict[str, Any]


def item_of(session: Session) -> Item:
    """The item to put; an absent value has no attribute, since an index key can't be NULL."""
    optional = {
        "phoneHash": session.phone_hash,
        "wsConnectionId": session.connection_id,
        "uploadKey": session.upload_key,
    }
    return {
        "sessionId": {"S": session.id},
        "status": {"S": str(session.status)},
        "createdAt": number(session.created_at),
        "expiresAt": number(session.expires_at),
        "rev": number(session.rev),
        "desktopHash": {"S": session.desktop_hash},
        "uploadHash": {"S": session.upload_hash},
        "uploads": {"M": {upload.id: upload_item(upload) for upload in session.uploads}},
        **{name: {"S": value} for name, value in optional.items() if value is not None},
    }


def session_of(item: Mapping[str, Any]) -> Session:
    """The session of an item; its uploads in the order in which they were asked for."""
    uploads = [
        _upload_of(upload_id, value["M"]) for upload_id, value in item["uploads"]["M"].items()
    ]
    return Session(
        id=item["sessionId"]["S"],
        status=Status(item["status"]["S"]),
        created_at=int(item["createdAt"]["N"]),
        expires_at=int(item["expiresAt"]["N"]),
        rev=int(item["rev"]["N"]),
        desktop_hash=item["desktopHash"]["S"],
        upload_hash=item["uploadHash"]["S"],
        phone_hash=_optional(item, "phoneHash"),
        connection_id=_optional(item, "wsConnectionId"),
        upload_key=_optional(item, "uploadKey"),
        uploads=tuple(sorted(uploads, key=lambda upload: (upload.requested_at, upload.id))),
    )


def upload_item(upload: Upload) -> Item:
    """One value of the item's `uploads`."""
    fields: Item = {
        "status": {"S": str(upload.status)},
        "contentType": {"S": upload.content_type},
        "size": number(upload.size),
        "requestedAt": number(upload.requested_at),
    }
    optional = {"etag": upload.etag, "name": upload.name}
    fields |= {name: {"S": value} for name, value in optional.items() if value is not None}
    return {"M": fields}


def number(value: int) -> dict[str, str]:
    """A number as DynamoDB writes it."""
    return {"N": str(value)}


def _upload_of(upload_id: str, item: Mapping[str, Any]) -> Upload:
    return Upload(
        id=upload_id,
        status=UploadStatus(item["status"]["S"]),
        content_type=item["contentType"]["S"],
        size=int(item["size"]["N"]),
        requested_at=int(item["requestedAt"]["N"]),
        etag=_optional(item, "etag"),
        name=_optional(item, "name"),
    )


def _optional(item: Mapping[str, Any], name: str) -> str | None:
    value = item.get(name)
    return None if value is None else str(value["S"])
