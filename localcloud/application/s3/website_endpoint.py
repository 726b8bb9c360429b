"""The website: published into its bucket as on AWS, and served from there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from localcloud.application.addresses import Addresses
from localcloud.application.blueprint import Blueprint, Website
from localcloud.application.requests import raw_path
from localcloud.application.s3 import s3_answers
from localcloud.application.s3.stored_files import StoredFiles
from pipeline.website import Page

TEXT = ("text/html", "application/json")


def publish(s3: Any, bucket: str, pages: Iterable[Page], addresses: Addresses) -> None:
    """Put the files into the bucket, with this machine's addresses in the place of AWS's."""
    kept = set()
    for page in pages:
        data = page.data
        if page.content_type.startswith(TEXT):
            data = addresses.mapped(data.decode()).encode()
        kept.add(page.path)
        s3.put_object(
            Bucket=bucket,
            Key=page.path,
            Body=data,
            ContentType=page.content_type,
            CacheControl=page.cache_control,
        )
    for stored in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        if stored["Key"] not in kept:
            s3.delete_object(Bucket=bucket, Key=stored["Key"])


class WebsiteServer:
    """S3's website endpoint."""

    def __init__(self, blueprint: Callable[[], Blueprint], files: StoredFiles, origin: str) -> None:
        self._blueprint = blueprint
        self._files = files
        self._origin = origin

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A file, the index of a folder, or the error document with its 404."""
        website = self._blueprint().website
        if website is None:
            return web.Response(status=404, text="This stack has no website.\n")
        if request.host != self._origin.split("//")[1]:
            # The APIs take requests from one origin only: localhost isn't 127.0.0.1 to them.
            raise web.HTTPTemporaryRedirect(f"{self._origin}{request.raw_path}")
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        answer = await asyncio.to_thread(self._answer, website, unquote(raw_path(request))[1:])
        rules = self._blueprint().buckets[website.bucket].cors
        answer.headers.update(s3_answers.cross_origin(rules, request.method, request.headers))
        if request.headers.get("If-None-Match") == answer.headers.get("ETag", "-"):
            return web.Response(status=304, headers=answer.headers)
        return answer

    def _answer(self, website: Website, key: str) -> web.Response:
        if not key or key.endswith("/"):
            key += website.index
        response = self._files.file(website.bucket, key, 200)
        if response is None and website.error:
            response = self._files.file(website.bucket, website.error, 404)
        return response or web.Response(status=404, text="404 Not Found\n")
