"""What stands in for AWS: a dict of sessions, a dict of objects, a list of pushes, a clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from qr_session.bucket import Head
from qr_session.push import Gone
from qr_session.session import Session, Status, Upload, UploadStatus, upload_key
from qr_session.store import Unchanged

NOW = 1_773_119_783


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Ids:
    """Ids and tokens that count up."""

    made: int = 0

    def session_id(self) -> str:
        self.made += 1
        return f"3f1c7a52-9d0e-4b6a-8c11-{self.made:012x}"

    def token(self) -> str:
        self.made += 1
        return f"token-{self.made:026d}"


@dataclass
class DictSessions:
    """Sessions in a dict: both functions' store, written from the contract's table of arrows."""

    items: dict[str, Session] = field(default_factory=dict)

    def create(self, session: Session) -> None:
        if session.id in self.items:
            raise Unchanged(self.items[session.id])
        self.items[session.id] = session

    def read(self, session_id: str) -> Session | None:
        return self.items.get(session_id)

    def claim(self, session_id: str, upload_hash: str, phone_hash: str, now: int) -> Session:
        old = self._item(session_id)
        free = old.status is Status.AWAITING_SCAN and old.expires_at > now
        if not free or old.upload_hash != upload_hash:
            raise Unchanged(old)
        return self._write(replace(old, status=Status.SCANNED, phone_hash=phone_hash))

    def request_upload(
        self, session_id: str, phone_hash: str, upload: Upload, limit: int
    ) -> Session:
        old = self._item(session_id)
        takes_uploads = {Status.SCANNED, Status.UPLOAD_REQUESTED, Status.COMPLETED}
        if (
            old.phone_hash != phone_hash
            or old.status not in takes_uploads
            or old.expires_at <= upload.requested_at
            or len(old.uploads) >= limit
            or old.upload(upload.id)
        ):
            raise Unchanged(old)
        uploads = (*old.uploads, upload)
        return self._write(replace(old, status=Status.UPLOAD_REQUESTED, uploads=uploads))

    def cancel(self, session_id: str, desktop_hash: str) -> Session:
        old = self._item(session_id)
        if old.desktop_hash != desktop_hash or old.status is Status.CANCELLED:
            raise Unchanged(old)
        return self._write(replace(old, status=Status.CANCELLED))

    def bind(self, session_id: str, desktop_hash: str, connection_id: str) -> Session:
        old = self._item(session_id)
        if old.desktop_hash != desktop_hash:
            raise Unchanged(old)
        return self._write(replace(old, connection_id=connection_id))

    def unbind(self, session_id: str, connection_id: str) -> Session:
        old = self._item(session_id)
        if old.connection_id != connection_id:
            raise Unchanged(old)
        return self._write(replace(old, connection_id=None))

    def bound_to(self, connection_id: str) -> list[str]:
        return [one.id for one in self.items.values() if one.connection_id == connection_id]

    def finish(
        self,
        session_id: str,
        upload_id: str,
        content_type: str | None,
        status: UploadStatus,
        etag: str,
    ) -> Session:
        old = self._item(session_id)
        upload = old.upload(upload_id)
        if (
            upload is None
            or upload.status is not UploadStatus.REQUESTED
            or content_type not in {None, upload.content_type}
            or old.status is Status.CANCELLED
        ):
            raise Unchanged(old)
        done = replace(upload, status=status, etag=etag)
        new = replace(
            old, uploads=tuple(done if one.id == upload_id else one for one in old.uploads)
        )
        if status is UploadStatus.STORED:
            key = upload_key(session_id, upload_id)
            new = replace(new, status=Status.COMPLETED, upload_key=key)
        return self._write(new)

    def _item(self, session_id: str) -> Session:
        if session_id not in self.items:
            raise Unchanged(None)
        return self.items[session_id]

    def _write(self, session: Session) -> Session:
        self.items[session.id] = replace(session, rev=session.rev + 1)
        return self.items[session.id]


@dataclass
class DictBucket:
    """Objects in a dict."""

    objects: dict[str, Head] = field(default_factory=dict)

    def head(self, key: str) -> Head | None:
        return self.objects.get(key)


@dataclass
class ListPusher:
    """Pushes in a list; connections in `gone` are closed."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def post(self, connection_id: str, message: bytes) -> None:
        if connection_id in self.gone:
            raise Gone
        self.sent.append((connection_id, message))


class PlainUploads:
    """URLs that say what they allow."""

    def put_url(self, key: str, content_type: str, size: int, seconds: int) -> str:
        return f"https://uploads.example/{key}?put={content_type}&size={size}&seconds={seconds}"

    def get_url(self, key: str, content_type: str, seconds: int) -> str:
        return f"https://uploads.example/{key}?get={content_type}&seconds={seconds}"
