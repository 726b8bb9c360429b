"""The HTTP API's function: environment and client once, at import, where Lambda gives full CPU."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any, cast

from qr_session import aws, capabilities, http_routes, uploads
from qr_session.environment import Environment
from qr_session.http_actions import Service
from qr_session.store_http import DynamoSessions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RandomIds:
    """Ids and tokens that nobody can guess."""

    def session_id(self) -> str:
        """A new UUID4."""
        return str(uuid.uuid4())

    def token(self) -> str:
        """A new bearer token."""
        return capabilities.new_token()


def service(environment: Environment) -> Service:
    """The routes' collaborators, with one client: signing needs none."""
    table, bucket, region = environment.table(), environment.bucket(), environment.region()
    max_bytes, max_uploads = environment.max_upload_bytes(), environment.max_uploads()
    session = aws.session_for("dynamodb")
    dynamodb = cast(
        "DynamoDBClient", session.create_client("dynamodb", region_name=region, config=aws.CONFIG)
    )
    url = uploads.bucket_url(
        bucket, region, aws.dns_suffix(session, region), environment.endpoint("S3")
    )
    return Service(
        sessions=DynamoSessions(dynamodb, table),
        uploads=uploads.PresignedUploads(session.get_credentials, region, url),
        clock=lambda: int(time.time()),
        ids=RandomIds(),
        max_upload_bytes=max_bytes,
        max_uploads=max_uploads,
        origin_keys=environment.origin_keys(),
    )


SERVICE = service(Environment(os.environ))


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """An answer for API Gateway."""
    return http_routes.respond(SERVICE, event, getattr(context, "aws_request_id", None))
