"""A bucket's event as S3 sends it ("Event message structure" in the S3 user guide)."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from localcloud.application.access.identities import Identity
from localcloud.application.blueprint import Blueprint, Bucket, Notification

_sequence = itertools.count(0x0055AED6DCD90281)


@dataclass(frozen=True)
class Written:
    """A new object."""

    key: str
    size: int
    etag: str


def concerns(notification: Notification, event: str, key: str) -> bool:
    """Does the configuration want this event of this key?"""
    wanted = any(
        event == pattern or (pattern.endswith(":*") and event.startswith(pattern[:-1]))
        for pattern in notification.events
    )
    return wanted and key.startswith(notification.prefix) and key.endswith(notification.suffix)


def event(
    blueprint: Blueprint,
    bucket: Bucket,
    notification: Notification,
    written: Written,
    identity: Identity,
    address: str | None,
) -> dict[str, Any]:
    """What the function gets."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": blueprint.region,
                "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {
                    "principalId": f"AWS:{identity.access_key[:4]}LOCAL:{identity.function.name}"
                },
                "requestParameters": {"sourceIPAddress": address or ""},
                "responseElements": {
                    "x-amz-request-id": secrets.token_hex(8).upper(),
                    "x-amz-id-2": secrets.token_urlsafe(48),
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": notification.id,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": f"A{blueprint.account}LOCAL"},
                        "arn": f"arn:aws:s3:::{bucket.name}",
                    },
                    "object": {
                        "key": quote_plus(written.key, safe="/"),
                        "size": written.size,
                        "eTag": written.etag,
                        "sequencer": f"{next(_sequence):018X}",
                    },
                },
            }
        ]
    }
