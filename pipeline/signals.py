"""Ctrl-C, and its equals: after SIGTERM or SIGHUP too it is said how things stand, and tidied up.

A cancelled CI job and a stopped container send SIGTERM, a closed terminal SIGHUP. What a shell
starts in the background ignores SIGINT from its beginning, so that Python installs no handler of
its own.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
_OUTSIDE = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
ALL = (signal.SIGINT, *_OUTSIDE)

heeded: list[int] = []
"""The signals that have come."""


def heed() -> None:
    """Let these signals raise KeyboardInterrupt in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    heeded.clear()
    for number in _OUTSIDE:
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def came_from_outside() -> bool:
    """Was it another one than Ctrl-C?"""
    return any(number in heeded for number in _OUTSIDE)


def exit_code() -> int:
    """What a station returns that one of them has ended."""
    return next((128 + number for number in heeded if number in _OUTSIDE), INTERRUPTED)


def tell() -> int:
    """Say on standard error that one of them came; the exit code."""
    said = "Ended from outside." if came_from_outside() else "Interrupted."
    print(said, file=sys.stderr, flush=True)
    return exit_code()


def interrupt(number: int, _: FrameType | None = None) -> None:
    """What Ctrl-C does, by any of the signals."""
    heeded.append(number)
    raise KeyboardInterrupt
