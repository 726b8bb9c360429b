"""Code and template on their way to AWS: uploaded under their hash, or only told about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.deploying import bucket as buckets
from pipeline.deploying import screen
from pipeline.deploying.deployment import Deployment
from pipeline.errors import UserError
from pipeline.rendering.limits import MAX_BODY_BYTES


def tell_code(deployment: Deployment, *, bucket_is_there: bool) -> None:
    """Say what `send_code` would do."""
    bucket = deployment.bucket
    if not bucket_is_there:
        screen.note(f"The deployment bucket {bucket.name} would be created.")
    for artifact in deployment.artifacts:
        held = bucket_is_there and buckets.holds(
            deployment.aws.s3, bucket, artifact.key, artifact.sha256
        )
        told = "is there already" if held else f"would be uploaded ({len(artifact.data):,} bytes)"
        screen.note(f"{artifact.key} {told}")


def send_code(deployment: Deployment) -> None:
    """Put the functions' code where CloudFormation reads it, making the bucket if need be."""
    s3, bucket = deployment.aws.s3, deployment.bucket
    if buckets.ensure(s3, bucket):
        screen.note(f"Created the deployment bucket {bucket.name}")
    for artifact in deployment.artifacts:
        if buckets.holds(s3, bucket, artifact.key, artifact.sha256):
            screen.note(f"{artifact.key} is there already")
        else:
            buckets.put(s3, bucket, artifact.key, artifact.data, "application/zip")
            screen.note(f"Uploaded {artifact.key} ({len(artifact.data):,} bytes)")


def template(deployment: Deployment) -> dict[str, str]:
    """The template as CloudFormation takes it: in the request, or from the deployment bucket."""
    data = deployment.rendered.text.encode()
    if len(data) <= MAX_BODY_BYTES:
        return {"TemplateBody": deployment.rendered.text}
    s3, bucket = deployment.aws.s3, deployment.bucket
    key, sha256 = _template_key(deployment, data)
    if not buckets.holds(s3, bucket, key, sha256):
        buckets.put(s3, bucket, key, data, "application/yaml")
    screen.note(
        f"The template has {len(data):,} bytes, so it is uploaded to s3://{bucket.name}/{key}"
    )
    return _template_url(deployment, key)


@contextmanager
def template_for_plan(deployment: Deployment, *, bucket_is_there: bool) -> Iterator[dict[str, str]]:
    """The same without a trace: above the limit as dense JSON, else for a moment by S3."""
    data = deployment.rendered.text.encode()
    dense = json.dumps(deployment.rendered.value, ensure_ascii=False, separators=(",", ":"))
    if len(data) <= MAX_BODY_BYTES:
        yield {"TemplateBody": deployment.rendered.text}
    elif len(dense.encode()) <= MAX_BODY_BYTES:
        screen.note(f"The template has {len(data):,} bytes; deploy would upload it to S3.")
        yield {"TemplateBody": dense}
    elif not bucket_is_there:
        raise UserError(
            f"the template has {len(data):,} bytes, which CloudFormation reads from S3 only, and"
            " the deployment bucket does not exist yet.",
            mend="Deploy once, or make the bucket; plan writes nothing that lasts.",
        )
    else:
        s3, bucket = deployment.aws.s3, deployment.bucket
        key = f"plan/{_template_key(deployment, data)[0]}"
        version = buckets.put(s3, bucket, key, data, "application/yaml")
        try:
            yield _template_url(deployment, key)
        finally:
            buckets.remove(s3, bucket, key, version)


def _template_key(deployment: Deployment, data: bytes) -> tuple[str, str]:
    sha256 = hashlib.sha256(data).hexdigest()
    return f"templates/{deployment.settings.stack_name}.{sha256[:16]}.yaml", sha256


def _template_url(deployment: Deployment, key: str) -> dict[str, str]:
    return {"TemplateURL": f"{deployment.aws.s3_address}/{deployment.bucket.name}/{key}"}
