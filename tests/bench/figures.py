"""What benches have found: docs/benchmarks/figures.json, each with its day, load and machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline import files

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/benchmarks"
FILE = FOLDER / "figures.json"
PACKAGES = ("boto3", "cfn-guard-rs", "cfn-lint", "jinja2", "moto", "nox")


@dataclass(frozen=True)
class Scale:
    """How much is measured: `quick` is enough to see that everything works, and says so."""

    quick: bool = False

    def runs(self, usual: int) -> int:
        """So many runs, or one."""
        return 1 if self.quick else usual

    def sizes(self, usual: tuple[int, ...]) -> tuple[int, ...]:
        """These sizes, or the two smallest."""
        return usual[:2] if self.quick else usual


@dataclass(frozen=True)
class Result:
    """A bench's figures, and whether none of them misses its limit."""

    figures: dict[str, Any]
    fine: bool


Bench = Callable[[Scale], Result]


def read() -> dict[str, Any]:
    """All that was measured so far, by bench."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def keep(name: str, measured: Result, circumstances: dict[str, Any]) -> None:
    """Put a bench's figures in the place of its older ones."""
    known = read() | {name: {**circumstances, "fine": measured.fine, **measured.figures}}
    files.write(FILE, (json.dumps(dict(sorted(known.items())), indent=2) + "\n").encode())


def circumstances(scale: Scale) -> dict[str, Any]:
    """When and on what it is measured; no name and no path of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "taken": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "quick": scale.quick,
        "load_before": round(os.getloadavg()[0], 2),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }
