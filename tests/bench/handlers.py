"""The functions' figures, in a process that finds the handlers' modules as the tests do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Result, Scale
from tests.bench.measure import Failed

ROOT = Path(__file__).resolve().parents[2]


def measure(scale: Scale) -> Result:
    """The figures, printed as they come."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "tests.bench.functions", str(told), str(scale.runs(15))]
        paths = os.pathsep.join([str(ROOT), str(ROOT / "handlers")])
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, check=False
        )
        if not told.exists():
            raise Failed(f"tests.bench.functions ended with {done.returncode} and no figures")
        return Result(json.loads(told.read_text()), done.returncode == 0)
