"""The embedded AWS's services, asked once while the deployer still judges the template.

Each imports its code with the first request and its client reads a model: one second of the six to
ready, in which nothing else is done on this side.
"""

from __future__ import annotations

from contextlib import suppress

from botocore.exceptions import ClientError

from localcloud.resources.base import Account

FIRST = (
    ("iam", "list_roles"),
    ("lambda", "list_functions"),
    ("s3", "list_buckets"),
    ("dynamodb", "list_tables"),
    ("apigatewayv2", "get_apis"),
    ("logs", "describe_log_groups"),
    ("sqs", "list_queues"),
    ("cloudformation", "list_stacks"),
    ("dynamodbstreams", "list_streams"),
)


def warm(account: Account) -> None:
    """Ask each service for what it has: nothing yet."""
    for service, operation in FIRST:
        with suppress(ClientError):
            getattr(account.client(service), operation)()
