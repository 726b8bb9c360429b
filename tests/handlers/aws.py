"""moto's AWS for the adapters: the table with its index, the bucket, and clients for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import botocore.session
from botocore.config import Config

from qr_session import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-central-1"
TABLE = "example-sessions"
INDEX = "wsConnectionId-index"
BUCKET = "example-uploads"
ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example-secret-key",
    "AWS_SESSION_TOKEN": "example+session/token==",
    "SESSIONS_TABLE_NAME": TABLE,
    "CONNECTION_INDEX_NAME": INDEX,
    "UPLOAD_BUCKET_NAME": BUCKET,
    "WS_API_ENDPOINT": f"w1a2b3c4d5.execute-api.{REGION}.amazonaws.com/dev",
    "ALLOWED_ORIGINS": "https://www.example.com, https://example.com",
    "MAX_UPLOAD_BYTES": "15728640",
    "MAX_UPLOADS_PER_SESSION": "10",
}


def client(service: str, **options: Any) -> Any:
    """A client with made-up credentials that never waits between its tries."""
    session = botocore.session.Session()
    return session.create_client(
        service,
        region_name=REGION,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="example-secret-key",
        config=aws.CONFIG.merge(Config(retries={"total_max_attempts": 1})),
        **options,
    )


def dynamodb() -> DynamoDBClient:
    """A client of DynamoDB."""
    return cast("DynamoDBClient", client("dynamodb"))


def s3() -> S3Client:
    """A client of S3."""
    return cast("S3Client", client("s3"))


def make_table(dynamodb: DynamoDBClient) -> None:
    """The sessions table as the template makes it."""
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "sessionId", "AttributeType": "S"},
            {"AttributeName": "wsConnectionId", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [{"AttributeName": "wsConnectionId", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


def make_bucket(s3: S3Client) -> None:
    """The upload bucket."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
