"""A mistake in an environment file, and the finding that README.md shows for it.

`python -m tests.example_finding` writes what a run prints today into README; a test says whether
it stands there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline import files

ROOT = Path(__file__).resolve().parents[1]
PAGE = "README.md"
PARTS = ("environments", "handlers", "pipeline", "rules", "templates", "website")
ENVIRONMENT = "environments/prod.yaml"
RIGHT, WRONG = "  point_in_time_recovery: true\n", "  point_in_time_recovery: false\n"
BLOCK = re.compile(r"<!-- finding -->\n```\n(.*?)```\n<!-- end of finding -->", re.DOTALL)


def finding(root: Path, folder: Path) -> str:
    """What `guard prod` prints of the mistake; `folder` is empty and gets a copy of the project."""
    for part in PARTS:
        shutil.copytree(root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / ENVIRONMENT).read_text()
    if text.count(RIGHT) != 1:
        raise ValueError(f"{ENVIRONMENT} has {RIGHT.strip()} not once: choose another mistake")
    (folder / ENVIRONMENT).write_text(text.replace(RIGHT, WRONG))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "guard", "prod"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 1:
        raise ValueError(f"the mistake isn't found: {done.stdout}{done.stderr}")
    (mistake,) = [part for part in done.stdout.split("\n\n") if "  error " in part]
    return mistake + "\n"  # without what guard only notes, such as the end of a runtime


def shown(page: str) -> str:
    """The finding that stands on the page."""
    match = BLOCK.search(page)
    if not match:
        raise ValueError(f"{PAGE} has no place for the finding: <!-- finding --> …")
    return match[1]


def main() -> None:
    page = (ROOT / PAGE).read_text()
    with tempfile.TemporaryDirectory() as folder:
        fresh = page.replace(shown(page), finding(ROOT, Path(folder)))
    if files.write(ROOT / PAGE, fresh.encode()):
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
