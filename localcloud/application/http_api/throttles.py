"""API Gateway's throttling: a token bucket for a stage, and one for each route with its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from localcloud.application.blueprint import Api, Throttle


class TokenBucket:
    """`burst` requests at once, then `rate` a second."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float]) -> None:
        self._rate = throttle.rate
        self._burst = throttle.burst
        self._clock = clock
        self._held = float(throttle.burst or 0)
        self._at = clock()

    def take(self) -> bool:
        """May one more request pass?"""
        if self._rate is None or self._burst is None:
            return True
        now = self._clock()
        self._held = min(float(self._burst), self._held + (now - self._at) * self._rate)
        self._at = now
        if self._held < 1:
            return False
        self._held -= 1
        return True


class Throttles:
    """An API's buckets. A route's own settings take the place of the stage's."""

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage = TokenBucket(api.throttle, clock)
        self._routes = {
            key: TokenBucket(throttle, clock) for key, throttle in api.route_throttles.items()
        }

    def take(self, route: str) -> bool:
        """May one more request of this route pass?"""
        return self._routes.get(route, self._stage).take()
