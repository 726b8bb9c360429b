"""The upload bucket as the event function reads it: the first bytes of an object."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from qr_session import aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_BYTES = 128 * 1024  # a JPEG tells its dimensions behind its EXIF data, at most 64 KiB

NO_SUCH_RANGE = 416

# Without ListBucket a missing object is AccessDenied, not NoSuchKey. Both are gone; other
# errors of status 403 (a skewed clock, a bad key) are not.
_GONE = {"AccessDenied", "NoSuchKey", "404"}


@dataclass(frozen=True, slots=True)
class Head:
    """How an object begins; its content type was signed, so it is the declared one.

    None stands for the type of an empty object, of which S3 says nothing.
    """

    content_type: str | None
    etag: str
    first_bytes: bytes


class Bucket(Protocol):
    """Objects by their keys."""

    def head(self, key: str) -> Head | None:
        """How the object begins, or None where it is gone.

        Raises S3's error where it has no bytes: see `is_empty`.
        """


def is_empty(error: ClientError) -> bool:
    """Whether S3 refused a ranged read because the object has no first byte."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return aws.code(error) == "InvalidRange" or status == NO_SUCH_RANGE


class S3Bucket:
    """Objects in S3."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name

    def head(self, key: str) -> Head | None:
        """One ranged read, never of a version: GetObjectVersion is not granted."""
        try:
            answer = self._client.get_object(
                Bucket=self._name, Key=key, Range=f"bytes=0-{FIRST_BYTES - 1}"
            )
        except ClientError as error:
            if aws.code(error) in _GONE:
                return None
            raise
        with closing(answer["Body"]) as body:  # its own __enter__ gives the unchecked raw stream
            first_bytes = body.read()  # to its end: only then is a cut-off answer noticed
        return Head(answer.get("ContentType", ""), answer["ETag"].strip('"'), first_bytes)
