"""What the routes of the WebSocket/Event function work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qr_session.bucket import Bucket
from qr_session.origin import Keys
from qr_session.push import Pusher
from qr_session.store_events import Sessions


@dataclass(frozen=True, slots=True)
class Service:
    """The collaborators, and what the environment says."""

    sessions: Sessions
    bucket: Bucket
    pusher: Pusher
    clock: Callable[[], int]
    bucket_name: str
    origins: frozenset[str]
    origin_keys: Keys = field(repr=False)
