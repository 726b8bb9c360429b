"""What the WebSocket/Event function does to sessions; each method is one call to DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qr_session.session import Session, Status, UploadStatus, upload_key
from qr_session.store import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Sessions(Protocol):
    """Sessions as the event function needs them. Writes raise Unchanged where they may not be."""

    def bind(self, session_id: str, desktop_hash: str, connection_id: str) -> Session:
        """Makes this the desktop's connection, instead of any other."""

    def unbind(self, session_id: str, connection_id: str) -> Session:
        """Forgets this connection, never another."""

    def bound_to(self, connection_id: str) -> list[str]:
        """The ids of the connection's sessions; a session bound a moment ago may be missing."""

    def finish(
        self,
        session_id: str,
        upload_id: str,
        content_type: str | None,
        status: UploadStatus,
        etag: str,
    ) -> Session:
        """Settles an upload that was asked for, unless the session was cancelled.

        Where the type isn't known, any declared type will do.
        """


class DynamoSessions(Table):
    """Sessions in DynamoDB."""

    def __init__(self, client: DynamoDBClient, name: str, index: str) -> None:
        super().__init__(client, name)
        self.index = index

    def bind(self, session_id: str, desktop_hash: str, connection_id: str) -> Session:
        """Any status; the newest connection wins."""
        return self.arrow(
            session_id,
            "SET wsConnectionId = :connection",
            "desktopHash = :desktop",
            values={":connection": {"S": connection_id}, ":desktop": {"S": desktop_hash}},
        )

    def unbind(self, session_id: str, connection_id: str) -> Session:
        """Any status; only where this connection is still the one."""
        return self.arrow(
            session_id,
            "REMOVE wsConnectionId",
            "wsConnectionId = :connection",
            values={":connection": {"S": connection_id}},
        )

    def bound_to(self, connection_id: str) -> list[str]:
        """One Query on the index: a connection has one session, or a few, never a page of them."""
        answer = self.client.query(
            TableName=self.name,
            IndexName=self.index,
            KeyConditionExpression="wsConnectionId = :connection",
            ExpressionAttributeValues={":connection": {"S": connection_id}},
        )
        return [item["sessionId"]["S"] for item in answer["Items"]]

    def finish(
        self,
        session_id: str,
        upload_id: str,
        content_type: str | None,
        status: UploadStatus,
        etag: str,
    ) -> Session:
        """REQUESTED to STORED, and the session to COMPLETED; or REQUESTED to REJECTED."""
        stored = status is UploadStatus.STORED
        change = "SET uploads.#upload.#status = :to, uploads.#upload.etag = :etag"
        values = {
            ":to": {"S": status.value},
            ":etag": {"S": etag},
            ":requested": {"S": UploadStatus.REQUESTED.value},
            ":cancelled": {"S": Status.CANCELLED.value},
        }
        condition = "uploads.#upload.#status = :requested AND #status <> :cancelled"
        if content_type is not None:
            condition += " AND uploads.#upload.contentType = :type"
            values[":type"] = {"S": content_type}
        if stored:
            change += ", #status = :completed, uploadKey = :key"
            values[":completed"] = {"S": Status.COMPLETED.value}
            values[":key"] = {"S": upload_key(session_id, upload_id)}
        return self.arrow(
            session_id,
            change,
            condition,
            names={"#status": "status", "#upload": upload_id},
            values=values,
        )
