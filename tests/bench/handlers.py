"""The functions' figures, in a process that finds the handlers' modules as the tests do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Prints the figures; 1 where one misses its limit."""
    command = [sys.executable, "-m", "tests.bench.functions"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "handlers")])}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
