"""Ctrl-C, and its equals: who is ended by SIGTERM says how things stand and tidies up as well.

A cancelled CI job and a stopped container send SIGTERM. What a shell starts in the background
ignores SIGINT from its beginning, so that Python installs no handler of its own.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

INTERRUPTED = 130
TERMINATED = 143

heeded: list[int] = []
"""The signals that have come."""


def heed() -> None:
    """Let both signals raise KeyboardInterrupt in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    heeded.clear()
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def exit_code() -> int:
    """What a station returns that one of them has ended."""
    return TERMINATED if signal.SIGTERM in heeded else INTERRUPTED


def interrupt(number: int, _: FrameType | None = None) -> None:
    """What Ctrl-C does, by either signal."""
    heeded.append(number)
    raise KeyboardInterrupt
