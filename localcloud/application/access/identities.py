"""Who signed a request: each process of a function has credentials of its own, as on Lambda."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from localcloud.application.blueprint import Function
from localcloud.keys import random_id


@dataclass
class Identity:
    """One process's credentials, the function whose role they carry, and what it works on now."""

    function: Function
    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    trace: int | None = None

    def variables(self) -> Iterator[tuple[str, str]]:
        """The environment variables with which an SDK signs."""
        yield "AWS_ACCESS_KEY_ID", self.access_key
        yield "AWS_SECRET_ACCESS_KEY", self.secret
        if self.token is not None:
            yield "AWS_SESSION_TOKEN", self.token


class Identities:
    """All credentials that were ever given out: a presigned URL outlives the process."""

    def __init__(self) -> None:
        self._known: dict[str, Identity] = {}
        self._lock = threading.Lock()

    def issue(self, function: Function) -> Identity:
        """New credentials of a function's role."""
        key = random_id("ASIA")
        identity = Identity(function, key, secrets.token_urlsafe(30), secrets.token_urlsafe(96))
        with self._lock:
            self._known[key] = identity
        return identity

    def find(self, access_key: str) -> Identity | None:
        """Whose key it is; None if it was never given out."""
        with self._lock:
            return self._known.get(access_key)
