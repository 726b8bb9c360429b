"""What the table's stream does: tell the desktop what the phone did, from the record alone."""

from __future__ import annotations

from collections.abc import Mapping

from qr_session import logs
from qr_session.event_service import Service
from qr_session.incoming import field, text
from qr_session.items import session_of
from qr_session.push import push

# A finished upload is pushed by the bucket's event; the others have nobody else to tell them.
PUSHED = {"SCANNED", "UPLOAD_REQUESTED", "CANCELLED"}


class BadRecord(Exception):
    """A record that a stream of this table doesn't send."""


def handle(service: Service, record: object) -> None:
    """Pushes one record's news. Raises where it has to come again."""
    if text(record, "eventName") != "MODIFY":
        return
    new, old = field(record, "dynamodb", "NewImage"), field(record, "dynamodb", "OldImage")
    if not isinstance(new, Mapping) or not isinstance(old, Mapping):
        raise BadRecord
    if text(new, "status", "S") not in PUSHED or not _is_news(new, old):
        return
    session = session_of(new)
    outcome = push(session, service.sessions, service.pusher, service.clock())
    logs.write("stream", code=outcome, session_id=session.id)


def _is_news(new: Mapping[str, object], old: Mapping[str, object]) -> bool:
    """Binding and unbinding change neither: they are no news, and pushing them would never end."""
    return any(new.get(name) != old.get(name) for name in ("status", "uploads"))
