"""News to the desktop's connection. A connection that is gone is forgotten; that is no failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from qr_session import aws
from qr_session.outgoing import encoded
from qr_session.session import Session, state
from qr_session.store import Unchanged
from qr_session.store_events import Sessions

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


GONE = 410


class Gone(Exception):
    """The connection was closed."""


class Pusher(Protocol):
    """Posts to connections."""

    def post(self, connection_id: str, message: bytes) -> None:
        """Sends it, or raises Gone."""


class GatewayPusher:
    """Posts through API Gateway's management API."""

    def __init__(self, client: ApiGatewayManagementApiClient) -> None:
        self._client = client

    def post(self, connection_id: str, message: bytes) -> None:
        """Sends it, or raises Gone."""
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=message)
        except ClientError as error:
            if _is_gone(error):
                raise Gone from None
            raise


def _is_gone(error: ClientError) -> bool:
    """Whether API Gateway says that the connection was closed.

    A 410 comes with the name in a header, with a name of another form, and without any: the status
    alone is what they share.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == GONE or aws.code(error) in {"GoneException", str(GONE)}


def push(session: Session, sessions: Sessions, pusher: Pusher, now: int) -> str:
    """Tells the session's desktop its state: pushed, unbound (it was gone) or nobody (no desktop).

    The unbinding is conditional, so a late Gone never forgets a newer connection.
    """
    if session.connection_id is None:
        return "nobody"
    try:
        pusher.post(session.connection_id, encoded(state(session, now)).encode())
    except Gone:
        _forget(session.id, session.connection_id, sessions)
        return "unbound"
    return "pushed"


def _forget(session_id: str, connection_id: str, sessions: Sessions) -> None:
    try:
        sessions.unbind(session_id, connection_id)
    except Unchanged:
        return
