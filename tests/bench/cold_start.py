"""One cold start in a process of its own: python -m tests.bench.cold_start ours|usual.

The same work both times: import, clients, a first conditional update of the table, a first
presigned PUT. `usual` is what one writes first: boto3's resource and client made at import.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SESSION = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"
TOKEN = "example-token"


def prepare(environment: dict[str, str]) -> None:
    """Makes the table with one claimed session in it, at that endpoint."""
    from hashlib import sha256

    from tests.handlers import aws

    client: Any = aws.client("dynamodb", endpoint_url=environment["AWS_ENDPOINT_URL"])
    aws.make_table(client)
    text = {"sessionId": SESSION, "status": "SCANNED", "desktopHash": "d", "uploadHash": "u"}
    numbers = {"createdAt": 1, "expiresAt": 2**40, "rev": 1}
    item: Any = {name: {"S": value} for name, value in text.items()}
    item |= {name: {"N": str(value)} for name, value in numbers.items()}
    item |= {"uploads": {"M": {}}, "phoneHash": {"S": sha256(TOKEN.encode()).hexdigest()}}
    client.put_item(TableName=environment["SESSIONS_TABLE_NAME"], Item=item)


def without_our_bytecode(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The handlers as a zip brings them: without bytecode, and nowhere to keep it."""
    copy = folder / "handlers"
    if not copy.exists():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "handlers", copy, ignore=ignore)
    kept = {k: v for k, v in environment.items() if k != "PYTHONPYCACHEPREFIX"}
    return kept | {"HANDLERS": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def ours() -> dict[str, float]:
    """Our function, and how long each part of it took."""
    handlers = os.environ.get("HANDLERS", str(ROOT / "handlers"))
    sys.path[:0] = [handlers, f"{handlers}/http_api_handler"]
    told = {"python": time.time() - float(os.environ["BEGUN"])}
    mark = _stopwatch(told)
    import botocore.auth
    import botocore.session

    mark("import botocore")
    create = botocore.session.Session.create_client
    client_took: list[float] = []

    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        client = create(*arguments, **options)
        client_took.append(time.perf_counter() - begun)
        return client

    botocore.session.Session.create_client = timed  # type: ignore[method-assign]  # to time it
    import lambda_function  # type: ignore[import-not-found]  # found as Lambda finds it

    mark("import ours")
    told["make the client"] = sum(client_took)
    told["import ours"] -= told["make the client"]
    answer = lambda_function.lambda_handler(_event(), None)
    assert answer["statusCode"] == 201, answer
    mark("first call and first presign")
    return told


def _stopwatch(told: dict[str, float]) -> Callable[[str], None]:
    last = [time.perf_counter()]

    def mark(phase: str) -> None:
        now = time.perf_counter()
        told[phase] = now - last[0]
        last[0] = now

    return mark


def _event() -> Any:
    body = {"uploadId": uuid.uuid4().hex, "contentType": "image/gif", "size": 5}
    return {
        "version": "2.0",
        "rawPath": f"/sessions/{SESSION}/uploads",
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "requestContext": {"stage": "$default", "http": {"method": "POST"}},
        "body": json.dumps(body),
    }


def usual() -> dict[str, float]:
    """The usual shape, doing the same."""
    import boto3

    table = boto3.resource("dynamodb").Table(os.environ["SESSIONS_TABLE_NAME"])
    s3 = boto3.client("s3")
    table.update_item(
        Key={"sessionId": SESSION},
        UpdateExpression="SET #status = :requested ADD rev :one",
        ConditionExpression="attribute_exists(sessionId)",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":requested": "UPLOAD_REQUESTED", ":one": 1},
        ReturnValues="ALL_NEW",
    )
    where = {"Bucket": os.environ["UPLOAD_BUCKET_NAME"], "Key": uuid.uuid4().hex}
    s3.generate_presigned_url("put_object", Params=where, ExpiresIn=300)
    return {}


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "usual": usual}[sys.argv[1]]()))
