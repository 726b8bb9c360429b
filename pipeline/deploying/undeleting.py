"""Objects that were deleted in a versioned bucket: their delete markers found and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.deploying import emptying

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


@dataclass(frozen=True)
class Marker:
    """That an object was deleted, and when; without it the version before is there again."""

    key: str
    version: str
    at: datetime


def markers(
    s3: S3Client, bucket: str, account: str, prefix: str, since: datetime, until: datetime
) -> list[Marker]:
    """The newest versions below `prefix` that are delete markers of that time, the oldest first.

    An object that came again after its deletion has none: it stays as it is.
    """
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix, ExpectedBucketOwner=account
    )
    since = since.replace(microsecond=0)  # S3 tells whole seconds
    deleted = [
        Marker(marker["Key"], marker["VersionId"], marker["LastModified"])
        for page in pages
        for marker in page.get("DeleteMarkers", [])
        if marker["IsLatest"] and since <= marker["LastModified"] <= until
    ]
    return sorted(deleted, key=lambda one: (one.at, one.key))


def undelete(
    s3: S3Client,
    bucket: str,
    account: str,
    markers: Sequence[Marker],
    sleep: Callable[[float], None],
) -> None:
    """Remove these markers; one that is gone already isn't an error."""
    for start in range(0, len(markers), emptying.PAGE):
        page: list[ObjectIdentifierTypeDef] = [
            {"Key": marker.key, "VersionId": marker.version}
            for marker in markers[start : start + emptying.PAGE]
        ]
        emptying.delete_page(s3, bucket, account, page, sleep)
