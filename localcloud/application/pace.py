"""How fast AWS's own waits pass here: retries, idle limits, durations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """`scale` 60 makes a minute of AWS's pass in a second; work itself takes what it takes."""

    scale: float = 1.0

    def real(self, seconds: float) -> float:
        """AWS's seconds in seconds of this machine."""
        return seconds / self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait as long as AWS would."""
        await asyncio.sleep(self.real(seconds))
