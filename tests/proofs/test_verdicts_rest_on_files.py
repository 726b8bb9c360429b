"""A verdict is kept only as long as each file that the station opened is as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import verdict_cache
from pipeline.verdict_cache import Cache

# Runs the station with a hook of its own, and says what was opened below the working folder.
SPY = """
import json, os, sys
opened = set()
def see(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        opened.add(os.path.abspath(arguments[0]))
sys.addaudithook(see)
from pipeline.__main__ import main
code = main(["check"])
mine = {path for path in opened if path.startswith(os.getcwd() + os.sep)}
print(json.dumps([code, sorted(path for path in mine if os.path.isfile(path))]))
"""
ROOT = Path(__file__).parents[2]


@contextmanager
def changed(path: Path) -> Iterator[None]:
    """A byte more in a file, and in the end the same file with the same time as before."""
    data, about = path.read_bytes(), path.stat()
    path.write_bytes(data + b" ")
    try:
        yield
    finally:
        path.write_bytes(data)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def test_no_file_that_the_station_opens_can_change_behind_a_verdict(project: Path) -> None:
    days = {verdict_cache.today().isoformat()}  # there may be a midnight until it is judged
    spied = subprocess.run(
        [sys.executable, "-c", SPY], cwd=project, capture_output=True, text=True, check=True,
        # a compiled schema.py beside the environments would be a change while they are judged
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    code, opened = json.loads(spied.stdout.splitlines()[-1])
    inputs = [Path(path) for path in opened if "/.verdicts/" not in path]
    days |= {verdict_cache.today().isoformat()}

    def is_known() -> bool:
        cache = Cache(project / verdict_cache.FOLDER)
        questions = [[["lint", "guard"], [], str(project), day] for day in days]
        return any(cache.get("check", question) is not None for question in questions)

    assert code == 0
    assert len(inputs) > 50
    assert is_known()
    for path in inputs:
        with changed(path):
            assert not is_known(), f"{path} has changed, and its old verdict stands"
        assert is_known()
