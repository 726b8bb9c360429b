"""One JSON object a line to stdout, with fixed fields; a session only as a hash of its id."""

from __future__ import annotations

import sys
import traceback
from hashlib import sha256
from pathlib import PurePath

from qr_session import aws
from qr_session.outgoing import encoded


def write(
    what: str,
    *,
    level: str = "INFO",
    route: str | None = None,
    status: int | None = None,
    code: str | None = None,
    session_id: str | None = None,
    error: BaseException | None = None,
    request_id: str | None = None,
) -> None:
    """Writes one line. There is no field for anything else: no text from outside gets in."""
    fields = {
        "level": level,
        "what": what,
        "route": route,
        "status": status,
        "code": code,
        "session": session_id and _hashed(session_id),
        "error": error and aws.code(error),
        "at": error and _place(error),
        "requestId": request_id,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    sys.stdout.write(encoded(kept) + "\n")


def _hashed(session_id: str) -> str:
    """A path may hold anything in a session id's place, even what has no UTF-8."""
    return sha256(session_id.encode(errors="backslashreplace")).hexdigest()[:16]


def _place(error: BaseException) -> list[str]:
    """Where it was raised, innermost last; an exception's text may quote what it was given."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames]
