"""What tests of other repositories share: commands run there, as a person runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import make_server

# What check says; the end of a runtime is noted half a year ahead.
PASSED = re.compile(r"(no findings|\d+ infos?) in dev, prod")
TRACEBACK = re.compile(r"^  File ", re.MULTILINE)


def ran(folder: Path, *command: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What a command says in a folder; it has to end with `code`, and without a traceback."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env={**own, **(env or {})}, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert not TRACEBACK.search(said), said
    return said


def python(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """What a module says, run by the Python of the tests."""
    return ran(folder, sys.executable, "-m", *words, env=env)


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a file, for as long as the block runs."""

    def answer(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/octet-stream")])  # type: ignore[operator]
        return [path.read_bytes()]

    with make_server("127.0.0.1", 0, answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{path.name}"
        finally:
            server.shutdown()
            thread.join()
