"""What is derived in examples/worker/: refreshed with this repository, for no one runs it there.

`python -m tests.example_worker` writes it; a test says whether it is current.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline import files, pattern
from pipeline.stations import new

ROOT = Path(__file__).resolve().parents[1]


def fresh(folder: Path) -> dict[str, bytes]:
    """Each file of the example as a refresh leaves it, by its path; `folder` gets a copy."""
    new.write(folder, new.NAME)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "refresh"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ValueError(f"the example can't be refreshed: {done.stdout}{done.stderr}")
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    own = [name for name in found if not name.startswith(("build/", *new.TAKEN))]
    return {name: (folder / name).read_bytes() for name in own if "__pycache__" not in name}


def stale() -> dict[str, bytes]:
    """The files of the example that a refresh would change, and what they should hold."""
    with tempfile.TemporaryDirectory() as folder:
        expected = fresh(Path(folder) / "copy")
    example = pattern.path(pattern.EXAMPLE)
    return {
        f"{pattern.EXAMPLE}/{name}": data
        for name, data in expected.items()
        if not (example / name).is_file() or (example / name).read_bytes() != data
    }


def main() -> None:
    for name, data in stale().items():
        files.write(ROOT / name, data)
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
