"""Bearer tokens: made here, kept only as SHA-256 in hex, compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

TOKEN_BYTES = 24
LONGEST_TOKEN = 256


def new_token() -> str:
    """192 random bits, as text that fits a URL fragment and a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What the table holds of a token."""
    return sha256(token.encode()).hexdigest()


def phone_token(upload_token: str, session_id: str, nonce: str) -> str:
    """The phone's token: the same for the same nonce, so it needs no storing.

    base64url without padding of HMAC-SHA256 over the UTF-8 of both, keyed with the token's text.
    """
    message = f"{session_id}{nonce}".encode()
    key = upload_token.encode()
    digest = hmac.new(key, message, sha256).digest()  # half of what hmac.digest takes when cold
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def same(mine: str | None, theirs: str) -> bool:
    """Whether two hashes are equal; None, an absent one, equals nothing."""
    return mine is not None and hmac.compare_digest(mine, theirs)
