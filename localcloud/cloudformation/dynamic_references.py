"""`{{resolve:secretsmanager:…}}`: looked up when its resource is made or changed, never by itself.

After AWS's page "Get values stored in other services using dynamic references". What CloudFormation
keeps and shows of a resource is the reference; only the resource's own service gets the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud.resources.base import Account, Unsupported

REFERENCE = re.compile(r"\{\{resolve:([^{}]*)\}\}")
SERVICE = "secretsmanager"
ARN_PARTS = 7
CURRENT = "AWSCURRENT"


def is_reference(value: Any) -> bool:
    """Whether a value has a dynamic reference in its text."""
    return isinstance(value, str) and REFERENCE.search(value) is not None


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values with a dynamic reference."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*at, index))
    elif is_reference(value):
        yield at


def check(value: Any) -> None:
    """Refuse a reference to a service that isn't asked here."""
    for reference in REFERENCE.findall(json.dumps(value)):
        if not reference.startswith(f"{SERVICE}:"):
            raise Unsupported(
                f"This endpoint evaluates dynamic references to {SERVICE} only, not"
                f" {{{{resolve:{reference}}}}}"
            )


def resolved(account: Account, value: Any) -> Any:
    """The value with what each reference stands for at this moment."""
    if isinstance(value, dict):
        return {key: resolved(account, item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(account, item) for item in value]
    if not isinstance(value, str):
        return value
    return REFERENCE.sub(lambda match: _secret(account, match[1]), value)


def _secret(account: Account, reference: str) -> str:
    """`secretsmanager:ID:SecretString:KEY:STAGE:VERSION`, all but the id left out or blank."""
    parts = reference.split(":")[1:]
    length = ARN_PARTS if parts[0] == "arn" else 1
    name, rest = ":".join(parts[:length]), [*parts[length:], "", "", "", ""]
    kind, key, stage, version = rest[:4]
    if kind not in {"", "SecretString"}:
        raise Unsupported(f"{{{{resolve:{reference}}}}} asks for {kind}; there is SecretString")
    chosen = {"VersionId": version} if version else {"VersionStage": stage or CURRENT}
    answer = account.client(SERVICE).get_secret_value(SecretId=name, **chosen)
    text = str(answer["SecretString"])
    return str(json.loads(text)[key]) if key else text
