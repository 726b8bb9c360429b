"""Old code in the deployment bucket: what no stack needs any more, found and deleted.

A lifecycle rule can't tell: code that was uploaded a year ago may be what runs, and CloudFormation
reads it again when it takes an update back. So an object stays if any stack of the account and
region names it in a parameter, or if it is younger than 30 days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.deploying import emptying, stacks
from pipeline.deploying.bucket import Bucket
from pipeline.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from pipeline.deploying.target import Target

KEPT = timedelta(days=30)
# The keys that deploy makes (packaging/zips.py, parcels.py): the bucket may hold other things.
_OURS = re.compile(r"[\w-]+\.[0-9a-f]{16}\.zip|(plan/)?templates/[\w-]+\.[0-9a-f]{16}\.yaml")
_AT_REST = {*stacks.SETTLED, stacks.REVIEW, "ROLLBACK_COMPLETE"}


@dataclass(frozen=True)
class Old:
    """One version of an object, or a delete marker, that nothing needs."""

    key: str
    version: str
    size: int
    at: datetime


def unneeded(target: Target, now: datetime) -> list[Old]:
    """What may go, oldest first. Nothing may while a stack that uses the bucket isn't at rest."""
    bucket = target.bucket
    named = "\n".join(_named(target, bucket))
    return sorted(
        (
            Old(
                version["Key"],
                version["VersionId"],
                version.get("Size", 0),
                version["LastModified"],
            )
            for version in _versions(target.aws.s3, bucket)
            if _OURS.fullmatch(version["Key"])
            and version["LastModified"] < now - KEPT
            and not (version["IsLatest"] and version["Key"] in named)
        ),
        key=lambda old: (old.at, old.key),
    )


def collect(target: Target, old: Iterable[Old]) -> int:
    """Delete them; how many there were."""
    keys: list[Any] = [{"Key": one.key, "VersionId": one.version} for one in old]
    bucket = target.bucket
    for start in range(0, len(keys), emptying.PAGE):
        page = keys[start : start + emptying.PAGE]
        emptying.delete_page(target.aws.s3, bucket.name, bucket.account, page, target.sleep)
    return len(keys)


def _named(target: Target, bucket: Bucket) -> Iterator[str]:
    """The values of the parameters of every stack that takes its code from this bucket."""
    pages = target.aws.cloudformation.get_paginator("describe_stacks").paginate()
    for page in pages:
        for stack in page["Stacks"]:
            values = [one.get("ParameterValue", "") for one in stack.get("Parameters", [])]
            if bucket.name not in values:
                continue
            if stack["StackStatus"] not in _AT_REST:
                raise Refused(
                    f"the stack {stack['StackName']} takes its code from {bucket.name} and is in"
                    f" state {stack['StackStatus']}.",
                    mend="Wait until it is at rest: its rollback may need these objects.",
                )
            yield from values


def _versions(s3: S3Client, bucket: Bucket) -> Iterator[Any]:
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket.name, ExpectedBucketOwner=bucket.account
    )
    for page in pages:
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])
