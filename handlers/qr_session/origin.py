"""Whether a request came through the distribution: its origin key says so.

CloudFront sends the key with everything that it asks of an API, in the place of whatever a viewer
sent by that name. It opens nothing but this door: a session still takes its own token.
"""

from __future__ import annotations

import hmac

from qr_session.incoming import header
from qr_session.session import Refused

HEADER = "x-origin-key"

Keys = tuple[bytes, ...] | None
"""The accepted keys. None asks for no key; an empty tuple lets nobody in."""


def demand_key(keys: Keys, event: object) -> None:
    """Refuse, as forbidden, an event without one of these keys.

    Each key is compared, in constant time: how long it takes doesn't tell which one came near.
    """
    if keys is None:
        return
    sent = header(event, HEADER).encode(errors="replace")
    if True not in [hmac.compare_digest(sent, key) for key in keys]:
        raise Refused("forbidden")
