"""The table under many hands at once, as DynamoDB promises it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.localcloud.driving import Driver

HANDS = 4
WRITES = 40
KEY = {"id": {"S": "one"}}


@pytest.fixture
def table(aws_here: Driver) -> Iterator[Any]:
    """A client, and a table; threads take turns so often that any step may come between two."""
    client = aws_here("dynamodb")
    client.create_table(
        TableName="counters",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield client
    sys.setswitchinterval(usual)


def _together(work: Callable[[int], Any], count: int) -> list[Any]:
    with ThreadPoolExecutor(HANDS) as hands:
        return list(hands.map(work, range(count)))


def test_of_writes_at_the_same_time_each_one_counts_and_sees_its_own_number(table: Any) -> None:
    table.put_item(TableName="counters", Item={**KEY, "rev": {"N": "0"}, "seen": {"M": {}}})

    def write(number: int) -> tuple[int, int]:
        told = table.update_item(
            TableName="counters",
            Key=KEY,
            UpdateExpression="SET seen.#it = :yes ADD rev :one",
            ExpressionAttributeNames={"#it": f"w{number}"},
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )["Attributes"]
        return int(told["rev"]["N"]), len(told["seen"]["M"])

    answers = _together(write, WRITES)

    assert sorted(answers) == [(number, number) for number in range(1, WRITES + 1)]


def test_nobody_reads_a_write_that_is_half_done(table: Any) -> None:
    table.put_item(TableName="counters", Item={**KEY, "rev": {"N": "0"}, "seen": {"M": {}}})

    def work(number: int) -> tuple[int, int]:
        if number % 2:
            table.update_item(
                TableName="counters",
                Key=KEY,
                UpdateExpression="SET seen.#it = :yes ADD rev :one",
                ExpressionAttributeNames={"#it": f"w{number}"},
                ExpressionAttributeValues={":yes": {"BOOL": True}, ":one": {"N": "1"}},
            )
        item = table.get_item(TableName="counters", Key=KEY, ConsistentRead=True)["Item"]
        return int(item["rev"]["N"]), len(item["seen"]["M"])

    assert [(rev, seen) for rev, seen in _together(work, WRITES) if rev != seen] == []


def test_of_those_who_want_the_same_thing_one_gets_it(table: Any) -> None:
    def take(number: int) -> bool:
        try:
            table.put_item(
                TableName="counters",
                Item={"id": {"S": f"k{number // HANDS}"}},
                ConditionExpression="attribute_not_exists(id)",
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    assert sum(_together(take, WRITES)) == WRITES // HANDS
