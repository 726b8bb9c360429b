"""The deployment bucket: made if it is missing, then filled with code under its hash.

Every call says whose bucket it must be, so that nothing is ever sent to a stranger's.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOME = "us-east-1"  # the one region that S3 does not take as a LocationConstraint


@dataclass(frozen=True)
class Bucket:
    """A bucket's name, and whose and where it must be. `made_here`: its name is our own choice."""

    name: str
    account: str
    region: str
    partition: str
    made_here: bool

    @property
    def is_regional(self) -> bool:
        """Is the name in the namespace that only this account can use?"""
        return self.name.endswith(f"-{self.account}-{self.region}-an")


def exists(s3: S3Client, bucket: Bucket) -> bool:
    """Is it there? One of another account or region is refused."""
    try:
        answer = s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
    except s3.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            raise _not_ours(bucket) from None
        if status == 301:
            raise _elsewhere(bucket, "another region") from None
        raise
    region = answer.get("BucketRegion") or bucket.region
    if region != bucket.region:
        raise _elsewhere(bucket, region)
    return True


def ensure(s3: S3Client, bucket: Bucket) -> bool:
    """Make the bucket if it is missing; True if it was.

    The policy comes last: a bucket of ours without one was left by an interrupted run, and gets the
    rest. A bucket that deploy didn't create stays as it is.
    """
    missing = not exists(s3, bucket)
    if missing:
        _create(s3, bucket)
    if missing or (bucket.made_here and not _has_policy(s3, bucket)):
        _harden(s3, bucket)
    return missing


def holds(s3: S3Client, bucket: Bucket, key: str, sha256: str) -> bool:
    """Is this very content there already, whole?"""
    try:
        answer = s3.head_object(
            Bucket=bucket.name,
            Key=key,
            ChecksumMode="ENABLED",
            ExpectedBucketOwner=bucket.account,
        )
    except s3.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status in {403, 404}:  # without s3:ListBucket a missing object is 403
            return False
        raise
    return answer.get("ChecksumSHA256") == _base64(sha256)


def put(s3: S3Client, bucket: Bucket, key: str, data: bytes, content_type: str) -> str:
    """Store `data`; its version. S3 keeps it whole, with this checksum, or not at all."""
    answer = s3.put_object(
        Bucket=bucket.name,
        Key=key,
        Body=data,
        ContentType=content_type,
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=_base64(hashlib.sha256(data).hexdigest()),
        ExpectedBucketOwner=bucket.account,
    )
    return answer.get("VersionId", "null")


def remove(s3: S3Client, bucket: Bucket, key: str, version: str) -> None:
    """Take one version away, as if it had never been there."""
    s3.delete_object(
        Bucket=bucket.name, Key=key, VersionId=version, ExpectedBucketOwner=bucket.account
    )


def policy(bucket: Bucket) -> dict[str, object]:
    """Nobody reads or writes without TLS."""
    arn = f"arn:{bucket.partition}:s3:::{bucket.name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _create(s3: S3Client, bucket: Bucket) -> None:
    options: dict[str, Any] = {"Bucket": bucket.name}
    if bucket.is_regional:
        options["BucketNamespace"] = "account-regional"
    if bucket.region != HOME:
        options["CreateBucketConfiguration"] = {"LocationConstraint": bucket.region}
    try:
        s3.create_bucket(**options)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return  # another deployment was quicker
    except s3.exceptions.BucketAlreadyExists:
        raise _not_ours(bucket) from None


def _harden(s3: S3Client, bucket: Bucket) -> None:
    at: dict[str, Any] = {"Bucket": bucket.name, "ExpectedBucketOwner": bucket.account}
    s3.put_public_access_block(
        **at,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_encryption(
        **at,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(**at, Policy=json.dumps(policy(bucket)))


def _has_policy(s3: S3Client, bucket: Bucket) -> bool:
    try:
        s3.get_bucket_policy(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return False
        raise
    return True


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _not_ours(bucket: Bucket) -> Refused:
    return Refused(
        f"the deployment bucket {bucket.name} is not account {bucket.account}'s, or you may not"
        " read it (s3:ListBucket).",
        where="deployment_bucket",
        mend="Write null to get a bucket of your own, or the name of one that you own.",
    )


def _elsewhere(bucket: Bucket, region: str) -> UserError:
    return UserError(
        f"the deployment bucket {bucket.name} is in {region}; Lambda in {bucket.region} reads code"
        " only from its own region.",
        where="deployment_bucket",
        mend="Write null, or the name of a bucket in the stack's region.",
    )
