"""The worker against a table of moto's, with the environment that the template gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from worker import lambda_function

# What the template tells the function; the recording knows these values by their variables' names.
ENVIRONMENT = {"RESULTS_TABLE_NAME": "orders-results-test"}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The table of results, empty."""
    given = {
        **ENVIRONMENT,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lambda_function._table.cache_clear()
    with mock_aws():
        yield boto3.resource("dynamodb").create_table(
            TableName=ENVIRONMENT["RESULTS_TABLE_NAME"],
            KeySchema=[{"AttributeName": "jobId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "jobId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    lambda_function._table.cache_clear()
