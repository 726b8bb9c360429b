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
        "uploadIds": upload_ids(*(upload.id for upload in session.uploads)),
        **{name: {"S": value} for name, value in optional.items() if value is not None},
    }


def session_of(item: Mapping[str, Any]) -> Session:
    """The session of an item; its uploads in the order in which they were asked for."""
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
        uploads=_uploads_of(item),
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


def upload_ids(*ids: str) -> dict[str, list[dict[str, str]]]:
    """The item's `uploadIds`: a map has no order, and seconds don't tell two uploads apart."""
    return {"L": [{"S": upload_id} for upload_id in ids]}


def number(value: int) -> dict[str, str]:
    """A number as DynamoDB writes it."""
    return {"N": str(value)}


def _uploads_of(item: Mapping[str, Any]) -> tuple[Upload, ...]:
    """The uploads in order. A session that began under a release without `uploadIds` lists only
    those that came after the update: the others are older, and are told apart by the second.
    """
    known = {key: _upload_of(key, value["M"]) for key, value in item["uploads"]["M"].items()}
    listed = [one["S"] for one in item.get("uploadIds", {"L": []})["L"]]
    unlisted = sorted(
        (upload for key, upload in known.items() if key not in listed),
        key=lambda upload: (upload.requested_at, upload.id),
    )
    return (*unlisted, *(known[key] for key in listed))


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
