"""website/ -> the bucket that the template names, and through the CDN before it.

What a page needs is there before the page; what is no longer in website/ goes last.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import website
from pipeline.deploying import screen, stacks
from pipeline.deploying.emptying import PAGE
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.deploying.target import Target
    from pipeline.render import Rendered
    from pipeline.website import Page, Site


def check(rendered: Rendered, root: Path) -> int:
    """How many files will be published; what can't be is an error before AWS is asked."""
    if website.described(rendered.document) is None:
        return 0
    return len(website.published(root, dict.fromkeys(rendered.value["Outputs"], "")))


def publish(target: Target, root: Path, site: Site | None, outputs: Mapping[str, str]) -> None:
    """Bring the site's bucket to what website/ is with these outputs; without a site nothing."""
    if site is None:
        return
    bucket = outputs[site.bucket]
    pages = website.published(root, outputs)
    before = _keys(target, bucket)
    for page in pages:
        _put(target, bucket, page)
    gone = sorted(before - {page.path for page in pages})
    _remove(target, bucket, gone)
    removed = f", removed {len(gone)}" if gone else ""
    screen.note(f"Published {len(pages)} files to {bucket}{removed}")
    if site.distribution:
        _invalidate(target, outputs[site.distribution])


def _keys(target: Target, bucket: str) -> set[str]:
    pages = target.aws.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, ExpectedBucketOwner=target.identity.account
    )
    return {one["Key"] for page in pages for one in page.get("Contents", [])}


def _put(target: Target, bucket: str, page: Page) -> None:
    target.aws.s3.put_object(
        Bucket=bucket,
        Key=page.path,
        Body=page.data,
        ContentType=page.content_type,
        CacheControl=page.cache_control,
        ChecksumAlgorithm="SHA256",
        ExpectedBucketOwner=target.identity.account,
    )


def _remove(target: Target, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), PAGE):
        answer = target.aws.s3.delete_objects(
            Bucket=bucket,
            Delete={"Objects": [{"Key": key} for key in keys[start : start + PAGE]], "Quiet": True},
            ExpectedBucketOwner=target.identity.account,
        )
        if errors := answer.get("Errors", []):
            error = errors[0]
            raise UserError(
                f"{len(errors)} old files stay in {bucket}; the first is {error.get('Key', '')}:"
                f" {error.get('Message', '')} ({error.get('Code', '')})",
                mend=f"The new pages are there. Again: {stacks.station('deploy', target.settings)}",
            )


def _invalidate(target: Target, distribution: str) -> None:
    """Invalidate the CDN's cache; one path stands for all of them."""
    target.aws.other("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "CallerReference": f"pipeline-{uuid.uuid4().hex}",
            "Paths": {"Quantity": 1, "Items": ["/*"]},
        },
    )
    screen.note("CloudFront is invalidating its cache; that takes a minute or two.")
