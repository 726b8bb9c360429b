"""The WebSocket/Event function: environment and clients once, at import."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, cast

from qr_session import aws, event_routes
from qr_session.bucket import S3Bucket
from qr_session.environment import Environment
from qr_session.event_service import Service
from qr_session.push import GatewayPusher
from qr_session.store_events import DynamoSessions

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def service(environment: Environment) -> Service:
    """The routes' collaborators: a client for each of the table, the bucket and the connections."""
    table, index, region = environment.table(), environment.index(), environment.region()
    bucket, origins, endpoint = (
        environment.bucket(),
        environment.origins(),
        environment.push_endpoint(),
    )
    session = aws.session_for("dynamodb", "s3", "apigatewaymanagementapi")
    dynamodb = session.create_client("dynamodb", region_name=region, config=aws.CONFIG)
    s3 = session.create_client(
        "s3", region_name=region, config=aws.s3_config(environment.endpoint("S3"))
    )
    gateway = session.create_client(
        "apigatewaymanagementapi", region_name=region, endpoint_url=endpoint, config=aws.CONFIG
    )
    return Service(
        sessions=DynamoSessions(cast("DynamoDBClient", dynamodb), table, index),
        bucket=S3Bucket(cast("S3Client", s3), bucket),
        pusher=GatewayPusher(cast("ApiGatewayManagementApiClient", gateway)),
        clock=lambda: int(time.time()),
        bucket_name=bucket,
        origins=origins,
        origin_keys=environment.origin_keys(),
    )


SERVICE = service(Environment(os.environ))


def lambda_handler(event: Any, context: Any) -> Any:
    """An answer for API Gateway or for the stream's mapping; nothing for the bucket."""
    return event_routes.respond(SERVICE, event, getattr(context, "aws_request_id", None))
