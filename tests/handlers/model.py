"""A session as the contract tells it, in plain values: the oracle of the stateful test.

It knows no conditions of DynamoDB, only who may do what when. Each method is one event of the
contract, applied at the moment of its one write, and gives the answer that the client must see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OVER = {"EXPIRED", "CANCELLED"}


@dataclass
class Model:
    """One session, until TTL deletes it."""

    expires_at: int
    limit: int
    rev: int = 1
    exists: bool = True
    cancelled: bool = False
    phone: str | None = None
    connection: str | None = None
    last_news: str = "AWAITING_SCAN"
    uploads: dict[str, list[Any]] = field(default_factory=dict)

    def over(self, now: int) -> bool:
        """Whether claiming and uploading have ended."""
        return self.cancelled or now >= self.expires_at

    def shown(self, now: int) -> str:
        """The status that clients see."""
        if self.cancelled:
            return "CANCELLED"
        if self.last_news == "COMPLETED":
            return "COMPLETED"
        return "EXPIRED" if now >= self.expires_at else self.last_news

    def news(self) -> tuple[Any, ...]:
        """What a desktop must have heard of, whenever it was."""
        uploads = sorted((key, value[2]) for key, value in self.uploads.items())
        return self.phone is not None, self.cancelled, tuple(uploads)

    def claim(self, phone: str, now: int) -> tuple[int, str | None]:
        if not self.exists:
            return 404, "not_found"
        if self.over(now):
            return 410, "gone"
        if self.phone is None:
            self.phone, self.last_news = phone, "SCANNED"
            self.rev += 1
        return (200, None) if self.phone == phone else (409, "conflict")

    def request(
        self, phone: str, upload: str, kind: str, size: int, now: int
    ) -> tuple[int, str | None]:
        if not self.exists or self.phone != phone:
            return 404, "not_found"
        if self.over(now):
            return 410, "gone"
        known = self.uploads.get(upload)
        if known is None:
            return self._new_upload(upload, kind, size)
        if known[2] == "STORED":
            return 409, "already_stored"
        return (200, None) if known == [kind, size, "REQUESTED"] else (409, "conflict")

    def _new_upload(self, upload: str, kind: str, size: int) -> tuple[int, str | None]:
        if len(self.uploads) == self.limit:
            return 409, "quota"
        self.uploads[upload] = [kind, size, "REQUESTED"]
        self.last_news = "UPLOAD_REQUESTED"
        self.rev += 1
        return 201, None

    def cancel(self) -> tuple[int, str | None]:
        if not self.exists:
            return 404, "not_found"
        if not self.cancelled:
            self.cancelled = True
            self.rev += 1
        return 200, None

    def read(self) -> tuple[int, str | None]:
        return (200, None) if self.exists else (404, "not_found")

    def bind(self, connection: str) -> tuple[int, str | None]:
        if not self.exists:
            return 200, "not_found"
        self.connection = connection
        self.rev += 1
        return 200, None

    def unbind(self, connection: str) -> None:
        if self.exists and self.connection == connection:
            self.connection = None
            self.rev += 1

    def finish(self, upload: str, *, good: bool) -> None:
        known = self.uploads.get(upload)
        if not self.exists or self.cancelled or known is None or known[2] != "REQUESTED":
            return
        known[2] = "STORED" if good else "REJECTED"
        self.rev += 1
        if good:
            self.last_news = "COMPLETED"

    def delete(self) -> None:
        """TTL: nothing may bring it back."""
        self.exists = False
