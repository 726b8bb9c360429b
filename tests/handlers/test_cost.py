"""What a request costs: its AWS calls, as docs/functions.md tells them, however many sessions."""

from __future__ import annotations

import re
from pathlib import Path

from moto import mock_aws

from tests.handlers import aws
from tests.handlers.calls import Functions, calls_per_route, fill

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
ROW = re.compile(r"^\| `([^`]+)`[^|]*\| ([^|]*) \|", re.MULTILINE)


def _documented() -> dict[str, list[str]]:
    table = PAGE.read_text().split("## AWS calls")[1].split("\n## ")[0]
    return {route: re.findall(r"`([^`]+)`", calls) for route, calls in ROW.findall(table)}


def test_each_route_makes_the_calls_that_the_page_tells_at_any_number_of_sessions() -> None:
    with mock_aws():
        aws.make_table(aws.dynamodb())
        aws.make_bucket(aws.s3())
        functions = Functions()
        few = calls_per_route(functions)
        fill(100)
        many = calls_per_route(functions)

    assert few == many == _documented()
    assert not any("Scan" in call for calls in few.values() for call in calls)
