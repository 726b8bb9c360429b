"""What the HTTP function does to sessions; each method is one call to DynamoDB."""

from __future__ import annotations

from typing import Protocol

from botocore.exceptions import ClientError

from qr_session.items import item_of, number, session_of, upload_ids, upload_item
from qr_session.session import Session, Status, Upload
from qr_session.store import Table, unchanged


class Sessions(Protocol):
    """Sessions as the HTTP function needs them. Writes raise Unchanged where they may not be."""

    def create(self, session: Session) -> None:
        """Keeps a new session, unless its id is taken."""

    def read(self, session_id: str) -> Session | None:
        """The session as it is now, not as it was a moment ago."""

    def claim(self, session_id: str, upload_hash: str, phone_hash: str, now: int) -> Session:
        """Gives the session to the first phone."""

    def request_upload(
        self, session_id: str, phone_hash: str, upload: Upload, limit: int
    ) -> Session:
        """Adds an upload of an id not yet known, `limit` of them at most."""

    def cancel(self, session_id: str, desktop_hash: str) -> Session:
        """Ends the session."""


class DynamoSessions(Table):
    """Sessions in DynamoDB."""

    def create(self, session: Session) -> None:
        """Keeps a new session, unless its id is taken."""
        try:
            self.client.put_item(
                TableName=self.name,
                Item=item_of(session),
                ConditionExpression="attribute_not_exists(sessionId)",
            )
        except ClientError as error:
            raise unchanged(error) from None

    def read(self, session_id: str) -> Session | None:
        """The session as it is now, not as it was a moment ago."""
        answer = self.client.get_item(
            TableName=self.name, Key={"sessionId": {"S": session_id}}, ConsistentRead=True
        )
        item = answer.get("Item")
        return session_of(item) if item else None

    def claim(self, session_id: str, upload_hash: str, phone_hash: str, now: int) -> Session:
        """AWAITING_SCAN to SCANNED."""
        return self.arrow(
            session_id,
            "SET #status = :scanned, phoneHash = :phone",
            "#status = :awaiting AND uploadHash = :upload AND expiresAt > :now",
            names={"#status": "status"},
            values={
                ":scanned": {"S": Status.SCANNED.value},
                ":awaiting": {"S": Status.AWAITING_SCAN.value},
                ":phone": {"S": phone_hash},
                ":upload": {"S": upload_hash},
                ":now": number(now),
            },
        )

    def request_upload(
        self, session_id: str, phone_hash: str, upload: Upload, limit: int
    ) -> Session:
        """SCANNED, UPLOAD_REQUESTED or COMPLETED to UPLOAD_REQUESTED."""
        return self.arrow(
            session_id,
            "SET #status = :requested, uploads.#upload = :new,"
            " uploadIds = list_append(if_not_exists(uploadIds, :none), :ids)",
            "phoneHash = :phone AND expiresAt > :now AND size(uploads) < :limit"
            " AND attribute_not_exists(uploads.#upload)"
            " AND #status IN (:scanned, :requested, :completed)",
            names={"#status": "status", "#upload": upload.id},
            values={
                ":new": upload_item(upload),
                ":ids": upload_ids(upload.id),
                ":none": upload_ids(),
                ":phone": {"S": phone_hash},
                ":now": number(upload.requested_at),
                ":limit": number(limit),
                ":scanned": {"S": Status.SCANNED.value},
                ":requested": {"S": Status.UPLOAD_REQUESTED.value},
                ":completed": {"S": Status.COMPLETED.value},
            },
        )

    def cancel(self, session_id: str, desktop_hash: str) -> Session:
        """Any status but CANCELLED to CANCELLED."""
        return self.arrow(
            session_id,
            "SET #status = :cancelled",
            "desktopHash = :desktop AND #status <> :cancelled",
            names={"#status": "status"},
            values={":cancelled": {"S": Status.CANCELLED.value}, ":desktop": {"S": desktop_hash}},
        )
