"""What goes wrong on purpose, the same for the same seed.

The n-th decision of a kind depends on the seed, the kind and n alone, so that a run can be repeated
as far as its requests come in the same order.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

LIKELIHOODS: Mapping[str, float] = MappingProxyType(
    {
        "event twice": 0.25,
        "event late": 0.4,
        "invocation never begins": 0.1,
        "invocation's answer is lost": 0.1,
        "push fails": 0.15,
        "connection is cut": 0.05,
        "table throttles": 0.1,
    }
)
LATEST_SECONDS = 2.0


class Chaos:
    """Decides what goes wrong; without a seed nothing does."""

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self._counts: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def strikes(self, kind: str) -> bool:
        """Does it go wrong this time?"""
        return self.seed is not None and self._draw(kind) < LIKELIHOODS[kind]

    def delay(self) -> float:
        """Seconds by which an event is late; different delays put events out of order."""
        return self._draw("delay") * LATEST_SECONDS if self.strikes("event late") else 0.0

    def _draw(self, kind: str) -> float:
        with self._lock:
            self._counts[kind] += 1
            number = self._counts[kind]
        return random.Random(f"{self.seed} {kind} {number}").random()  # noqa: S311 - a dice
