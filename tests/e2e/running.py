"""`python -m localcloud` for a test session: where it listens, and what its stack put out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts" / "e2e"


@dataclass(frozen=True)
class Application:
    """A local cloud that serves: its address, what its stack put out, and its process."""

    url: str
    outputs: dict[str, str]
    environment: dict[str, str]
    process: int
    log: Path

    @property
    def hosts(self) -> list[str]:
        """Everything that its pages may speak to."""
        keys = ("HttpApiUrl", "WebSocketUrl")
        bucket = self.outputs["UploadBucketHost"]
        return [
            urlsplit(self.url).netloc,
            *(urlsplit(self.outputs[key]).netloc for key in keys),
            urlsplit(bucket).netloc or bucket,
        ]

    def end_time_of(self, link: str) -> None:
        """Let a session's time be over, by its item in the table."""
        table = boto3.client(
            "dynamodb",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        table.update_item(
            TableName=self.outputs["SessionsTableName"],
            Key={"sessionId": {"S": link.split("#1.")[1].split(".")[0]}},
            UpdateExpression="SET expiresAt = :past ADD rev :one",
            ExpressionAttributeValues={":past": {"N": "1000"}, ":one": {"N": "1"}},
        )


@contextmanager
def serving(*options: str, environment: str = "dev", called: str = "") -> Iterator[Application]:
    """`python -m localcloud` until the tests are done; `called` keeps its log apart."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    name = f"{environment}{'-'.join(options).replace('--', '-')}{called and f'-{called}'}"
    log = ARTIFACTS / f"local-cloud-{name}.log"
    command = [sys.executable, "-m", "localcloud", environment, "--json", *options]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=stream, text=True
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            ready: dict[str, Any] = json.loads(line)
            yield Application(
                ready["url"], ready["outputs"], ready["environment"], process.pid, log
            )
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()
                process.stdout.close()
