"""Presigned URLs of the upload bucket, by botocore's own signer, without an S3 client.

Making a client costs a cold start 60 ms and more; signing needs none of what it loads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError


class Uploads(Protocol):
    """URLs that let their holder do one thing with one object for some seconds."""

    def put_url(self, key: str, content_type: str, size: int, seconds: int) -> str:
        """Lets exactly `size` bytes of that type be written, once."""

    def get_url(self, key: str, content_type: str, seconds: int) -> str:
        """Lets the object be downloaded, as an attachment of that type."""


class PresignedUploads:
    """URLs signed with the function's credentials."""

    def __init__(
        self, credentials: Callable[[], Credentials | None], region: str, bucket_url: str
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._bucket_url = bucket_url

    def put_url(self, key: str, content_type: str, size: int, seconds: int) -> str:
        """Type, size and write-once are signed: S3 refuses a request that differs in any."""
        headers = {"content-length": str(size), **put_headers(content_type)}
        return self._signed(AWSRequest("PUT", self._url(key), headers), seconds)

    def get_url(self, key: str, content_type: str, seconds: int) -> str:
        """The answer's headers are forced, whatever the object's own."""
        forced = {
            "response-cache-control": "private, no-store",
            "response-content-disposition": "attachment",
            "response-content-type": content_type,
        }
        url = f"{self._url(key)}?{urlencode(forced, quote_via=quote)}"
        return self._signed(AWSRequest("GET", url), seconds)

    def _url(self, key: str) -> str:
        return f"{self._bucket_url}/{quote(key)}"

    def _signed(self, request: AWSRequest, seconds: int) -> str:
        found = self._credentials()
        if found is None:
            raise NoCredentialsError
        S3SigV4QueryAuth(found.get_frozen_credentials(), "s3", self._region, seconds).add_auth(
            request
        )
        return str(request.url)


def put_headers(content_type: str) -> dict[str, str]:
    """The signed headers that a browser doesn't set by itself."""
    return {"content-type": content_type, "if-none-match": "*"}


def bucket_url(bucket: str, region: str, dns_suffix: str, endpoint: str) -> str:
    """The bucket's regional virtual host, or its path under an endpoint that stands in for S3."""
    if endpoint:
        return f"{endpoint}/{bucket}"
    return f"https://{bucket}.s3.{region}.{dns_suffix}"
