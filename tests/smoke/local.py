"""A local cloud of its own for the smoke test, and clients of its endpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

import boto3

from tests.smoke.site import Failed

END_SECONDS = 10.0


@contextmanager
def local_cloud(*options: str, told: IO[str] | None = None) -> Iterator[dict[str, Any]]:
    """The local cloud's ready line, for as long as the block runs; its log goes to `told`."""
    command = (sys.executable, "-m", "localcloud", "--json", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise Failed("the local cloud", "an end before it was ready")
            yield {**json.loads(line), "process": process.pid}
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            process.kill()


def local_client(ready: Mapping[str, Any]) -> Callable[[str], Any]:
    """Clients of a local cloud's endpoint, by its ready line."""
    given = ready["environment"]
    session: Any = boto3.Session(
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        region_name=given["AWS_DEFAULT_REGION"],
    )
    return lambda service: session.client(service, endpoint_url=given["AWS_ENDPOINT_URL"])
