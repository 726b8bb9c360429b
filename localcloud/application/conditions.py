"""How this run goes: its log, its pace, its faults."""

from __future__ import annotations

from dataclasses import dataclass, field

from localcloud.application.chaos import Chaos
from localcloud.application.log import Log
from localcloud.application.pace import Pace


def _no_chaos() -> Chaos:
    return Chaos(None)


@dataclass(frozen=True)
class Conditions:
    """What the whole application shares; by itself it goes at AWS's pace and without faults."""

    log: Log
    pace: Pace = field(default_factory=Pace)
    chaos: Chaos = field(default_factory=_no_chaos)
