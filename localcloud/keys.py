"""An endpoint's address and keys: random for each run, so that they can't be guessed."""

from __future__ import annotations

import os
import secrets
import string
from dataclasses import dataclass, field

REGION = "us-east-1"
_LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Keys:
    """What an operator signs with."""

    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint, as boto3 and the AWS CLI find it."""

    url: str
    keys: Keys

    def environment(self) -> dict[str, str]:
        """The variables with which they use this endpoint, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret,
            "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", REGION),
        }

    def exports(self) -> str:
        """The same as a command for a shell."""
        return "export " + " ".join(f"{name}={value}" for name, value in self.environment().items())


_issued: dict[str, Keys] = {}


def issue() -> Keys:
    """Keys that this process accepts until they are revoked."""
    keys = Keys(random_id("AKIA"), secrets.token_urlsafe(30))
    _issued[keys.access_key] = keys
    return keys


def revoke(keys: Keys) -> None:
    """Accept them no longer."""
    del _issued[keys.access_key]


def find(access_key: str) -> Keys | None:
    """The whole of an issued pair; None for a key that isn't one."""
    return _issued.get(access_key)


def random_id(prefix: str) -> str:
    """An access key's id in AWS's form."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(16))
