"""What a person asks of the local cloud."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`port` 0 takes free ones; `seed` None is without chaos."""

    environment: str
    root: Path
    port: int = 0
    lan: bool = False
    seed: int | None = None
    watch: bool = False
    time_scale: float = 1.0
    as_json: bool = False
    quiet: bool = False
