"""The phone's own removal of locations, run by Node: one process for all tests of a worker."""

from __future__ import annotations

import atexit
import base64
import json
import shutil
import subprocess
from functools import cache

from tests.website.tools import ROOT, missing


@cache
def _node() -> subprocess.Popen[str]:
    program = shutil.which("node")
    if program is None:
        missing("node", "Install Node 20 or later (Debian: apt-get install nodejs).")
    command = [program or "node", "tests/website/strip.mjs"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.terminate)
    return process


def removed(kind: str, photo: bytes) -> bytes | None:
    """What the phone sends of a photo, or None where it can't take the file apart."""
    process = _node()
    assert process.stdin is not None
    assert process.stdout is not None
    asked = {"type": f"image/{kind}", "photo": base64.b64encode(photo).decode()}
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, "Node has ended; what it said is above"
    answer = json.loads(line)
    return None if answer is None else base64.b64decode(answer)


def stripped(kind: str, photo: bytes) -> bytes:
    """What the phone sends of a photo that it can take apart."""
    after = removed(kind, photo)
    assert after is not None
    return after
