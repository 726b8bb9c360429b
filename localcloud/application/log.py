"""The request log: one line a hop, for a person who follows a picture from phone to desktop.

No token, no presigned query and no whole session id ever stands in it, whoever wrote the text.
"""

from __future__ import annotations

import itertools
import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime

_SECRETS = (
    (re.compile(r"\?[^\s\"']*X-Amz-[^\s\"']*"), "?…"),
    (re.compile(r"\b([0-9a-f]{4})[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), r"\1…"),
    (re.compile(r"(?i)\b(bearer\s+)\S+"), r"\1…"),
    (
        re.compile(
            r"(?<![A-Za-z0-9_-])(?!(?:[A-Z][a-z]+)+(?![A-Za-z0-9_-]))"  # no ErrorNamesLikeThis
            r"([A-Za-z0-9_]{4})[A-Za-z0-9_-]{27,}(?![A-Za-z0-9_-])"
        ),
        r"\1…",
    ),
)


def safe(text: str) -> str:
    """The text without what could be used: ids keep four characters, to be told apart."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Log:
    """Lines of `time  who  what`; `trace` joins the hops of one request."""

    def __init__(self, write: Callable[[str], None] = _to_stderr) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._traces = itertools.count(1)

    def trace(self) -> int:
        """A new request's number."""
        with self._lock:
            return next(self._traces)

    def line(self, who: str, what: str, trace: int | None = None) -> None:
        """One hop."""
        number = f"#{trace}" if trace else ""
        now = datetime.now().astimezone()
        text = f"{now:%H:%M:%S}.{now.microsecond // 1000:03}  {who:<9}{number:>6}  {safe(what)}"
        with self._lock:
            self._write(text)
