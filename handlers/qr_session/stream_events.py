"""What the table's stream does: tell the desktop what the phone did, from the record alone."""

from __future__ import annotations

from collections.abc import Mapping

from qr_session.event_service import Service
from qr_session.incoming import field, text
from qr_session.items import session_of
from qr_session.push import push

# A finished upload is pushed by the bucket's event; the others have nobody else to tell them.
PUSHED = {"SCANNED", "UPLOAD_REQUESTED", "CANCELLED"}


class BadRecord(Exception):
    """A record that a stream of this table doesn't send."""


def handle(service: Service, record: object) -> str | None:
    """What became of one record's news, or None where it has none.

    Raises where it has to come again.
    """
    if text(record, "eventName") != "MODIFY":
        return None
    new, old = field(record, "dynamodb", "NewImage"), field(record, "dynamodb", "OldImage")
    if not isinstance(new, Mapping) or not isinstance(old, Mapping):
        raise BadRecord
    if text(new, "status", "S") not in PUSHED or not _is_news(new, old):
        return None
    return push(session_of(new), service.sessions, service.pusher, service.clock())


def session_id(record: object) -> str | None:
    """The session that a record is about."""
    return text(record, "dynamodb", "Keys", "sessionId", "S") or None


def _is_news(new: Mapping[str, object], old: Mapping[str, object]) -> bool:
    """Binding and unbinding change neither: they are no news, and pushing them would never end."""
    return any(new.get(name) != old.get(name) for name in ("status", "uploads"))
