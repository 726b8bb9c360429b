"""Files of a bucket, as whoever may read them gets them over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from botocore.exceptions import ClientError

from localcloud.application.blueprint import Blueprint, Document

CLOUDFRONT = "cloudfront.amazonaws.com"


class StoredFiles:
    """The stack's buckets. A distribution reads what the bucket's policy grants CloudFront."""

    def __init__(self, blueprint: Callable[[], Blueprint], s3: Any) -> None:
        self._blueprint = blueprint
        self._s3 = s3

    def answer(self, bucket: str, key: str, status: int = 200) -> web.Response:
        """A file for the distribution, or S3's own refusal."""
        policy = self._blueprint().buckets[bucket].policy
        if not _grants(policy, "s3:GetObject"):
            return _refused(403, "AccessDenied")
        if (found := self.file(bucket, key, status)) is not None:
            return found
        if _grants(policy, "s3:ListBucket"):
            return _refused(404, "NoSuchKey")
        return _refused(403, "AccessDenied")

    def file(self, bucket: str, key: str, status: int) -> web.Response | None:
        """A file; None if there is none."""
        try:
            stored = self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None
        headers = {"Content-Type": stored["ContentType"], "ETag": stored["ETag"]}
        if cache := stored.get("CacheControl"):
            headers["Cache-Control"] = cache
        return web.Response(status=status, body=stored["Body"].read(), headers=headers)


def _grants(policy: Document | None, action: str) -> bool:
    statements = (policy or {}).get("Statement", [])
    return any(_allows(one, action) for one in statements)


def _allows(statement: Document, action: str) -> bool:
    principal, actions = statement.get("Principal"), statement["Action"]
    service = principal.get("Service") if isinstance(principal, dict) else None
    listed = [actions] if isinstance(actions, str) else actions
    return statement["Effect"] == "Allow" and service == CLOUDFRONT and action in listed


def _refused(status: int, code: str) -> web.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")
