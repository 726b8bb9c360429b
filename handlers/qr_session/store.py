"""The table: one item by its key, and the one conditional write that every arrow is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from qr_session.items import session_of
from qr_session.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONDITION_FAILED = "ConditionalCheckFailedException"


class Unchanged(Exception):
    """A condition did not hold and nothing was written; `old` is what stood there, if anything."""

    def __init__(self, old: Session | None) -> None:
        super().__init__("the condition did not hold")
        self.old = old


class Table:
    """A DynamoDB table of sessions."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def arrow(
        self,
        session_id: str,
        change: str,
        condition: str,
        *,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any],
    ) -> Session:
        """The session after one conditional UpdateItem, which counts `rev` up.

        Raises Unchanged where the item is missing or the condition doesn't hold.
        """
        aliases: Any = {"ExpressionAttributeNames": names} if names else {}
        try:
            answer = self.client.update_item(
                TableName=self.name,
                Key={"sessionId": {"S": session_id}},
                UpdateExpression=f"{change} ADD rev :one",
                ConditionExpression=f"attribute_exists(sessionId) AND {condition}",
                ExpressionAttributeValues={**values, ":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **aliases,
            )
        except ClientError as error:
            raise unchanged(error) from None
        return session_of(answer["Attributes"])


def unchanged(error: ClientError) -> Exception:
    """Unchanged for a failed condition; any other error as it is."""
    if error.response["Error"]["Code"] != CONDITION_FAILED:
        return error
    old: Any = error.response.get("Item")
    return Unchanged(session_of(old) if old else None)
