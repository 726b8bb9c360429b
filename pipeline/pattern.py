"""Where the pattern's own files are: beside the engine in a checkout, within it once installed."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = "examples/worker"

_HERE = Path(__file__).parent
_CARRIED = _HERE / "_pattern"  # pyproject.toml says what a wheel holds

ROOT = _CARRIED if _CARRIED.is_dir() else _HERE.parent


def path(part: str) -> Path:
    """A file or folder of the pattern, by its path in a checkout."""
    return _HERE if part == _HERE.name else ROOT / part
