"""What a stack costs: counted from a template, dated prices and what a session uses."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import costs
from pipeline.__main__ import main
from pipeline.costs import Prices, Usage
from pipeline.errors import UserError
from tests.pipeline.scripted_aws import PROJECT

UNIT = {"price": 2, "per": 1000, "service": "Post", "source": "https://x.test"}
STANDING = {"price": 0.5, "service": "Watch", "source": "https://x.test"}
ALARM = "AWS::CloudWatch::Alarm"


def prices(**resources: dict[str, Any]) -> Prices:
    named = {name.replace("_", "::"): {**STANDING, **more} for name, more in resources.items()}
    return Prices.model_validate(
        {"as_of": "2026-01-02", "units": {"letters": UNIT, "seconds": UNIT}, "resources": named}
    )


def stack(**resources: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            name: {"Type": kind, "Properties": properties}
            for name, (kind, properties) in resources.items()
        }
    }


def used(template: dict[str, Any], *uses: dict[str, Any], sessions: int = 1000) -> dict[str, float]:
    by = Usage.model_validate({"assumed": "a test", "uses": list(uses)})
    return {item.what: item.dollars for item in costs.used(template, prices(), by, sessions)}


def test_each_resource_is_paid_by_the_month() -> None:
    template = stack(A=(ALARM, {}), B=(ALARM, {}), C=("AWS::SQS::Queue", {}))

    (item,) = costs.standing(template, prices(AWS_CloudWatch_Alarm={}))

    assert (item.service, item.what, item.count, item.dollars) == (
        "Watch",
        "CloudWatch::Alarm",
        2,
        1.0,
    )


def test_an_alarm_on_several_metrics_is_paid_for_each_of_them() -> None:
    metrics = [{"Expression": "SUM(METRICS())"}, {"MetricStat": {}}, {"MetricStat": {}}]
    template = stack(A=(ALARM, {"Metrics": metrics}), B=(ALARM, {"MetricName": "Errors"}))

    (item,) = costs.standing(
        template, prices(AWS_CloudWatch_Alarm={"each": "Metrics.*.MetricStat"})
    )

    assert item.count == 3


def test_a_list_may_cost_more_for_each_of_its_items() -> None:
    template = stack(Wall=("AWS::WAFv2::WebACL", {"Rules": [{}, {}]}))

    (item,) = costs.standing(template, prices(AWS_WAFv2_WebACL={"with": {"Rules": 1.0}}))

    assert item.dollars == 0.5 + 2


def test_what_sessions_use_is_added_up_by_unit() -> None:
    letters = {"unit": "letters", "amount": 3}

    assert used(stack(), letters, letters) == {"letters": 12.0}
    assert used(stack(), letters, sessions=0) == {}


def test_what_depends_on_a_resource_is_counted_only_with_it() -> None:
    wall = stack(Wall=("AWS::WAFv2::WebACL", {}))
    with_ = {"unit": "letters", "amount": 1, "where": "AWS::WAFv2::WebACL"}
    without = {"unit": "letters", "amount": 2, "unless": "AWS::WAFv2::WebACL"}

    assert used(wall, with_, without) == {"letters": 2.0}
    assert used(stack(), with_, without) == {"letters": 4.0}


def test_a_functions_time_is_weighed_with_its_memory() -> None:
    function = stack(F=("AWS::Lambda::Function", {"MemorySize": 512}))

    assert used(function, {"unit": "seconds", "seconds": 2, "memory_of": "F"}) == {"seconds": 2.0}


def test_what_a_bucket_keeps_is_paid_for_as_long_as_it_keeps_it() -> None:
    rules = [{"ExpirationInDays": 90}, {"NoncurrentVersionExpiration": {}}]
    bucket = stack(B=("AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": rules}}))

    assert used(bucket, {"unit": "letters", "amount": 1, "kept_in": "B"}) == {"letters": 6.0}


@pytest.mark.parametrize(
    "use", [{"unit": "stones", "amount": 1}, {"unit": "letters", "amount": 1, "kept_in": "Nowhere"}]
)
def test_what_has_no_price_or_no_resource_is_told(use: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"session\.yaml"):
        used(stack(), use)


# This repository's own figures


def test_a_bill_of_each_environment_is_its_lines(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dev", "prod"):
        assert main(["cost", name, "--sessions", "1000"], root) == 0
    told = capsys.readouterr().out

    assert f"{PROJECT}-prod, us-east-1, 1,000 sessions a month, US dollars" in told
    assert "9.00  WAF: 1 WAFv2::WebACL" in told
    assert "0.40  Secrets Manager: 1 SecretsManager::Secret" in told
    assert told.count("in all") == 2


def test_a_region_without_prices_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / costs.FOLDER / "us-east-1.yaml").unlink()

    assert main(["cost", "dev"], project) == 1

    assert "environments/costs/us-east-1.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("price: 1.00", "price: -1", 7), ('"2026-11-28"', '"soon"', 3)],
)
def test_a_broken_price_file_is_told_with_its_line(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: int
) -> None:
    path = project / costs.FOLDER / "us-east-1.yaml"
    path.write_text(path.read_text().replace(old, new, 1))

    assert main(["cost", "dev"], project) == 1

    assert f"environments/costs/us-east-1.yaml:{line}: " in capsys.readouterr().err


@pytest.mark.parametrize("number", ["", "-1", "1.5", "many", "1e6", "9" * 13])
def test_a_number_of_sessions_is_a_number(number: str, root: Path) -> None:
    assert main(["cost", "dev", f"--sessions={number}"], root) == 2


def calls(root: Path) -> dict[str, list[str]]:
    """Route -> what it asks of AWS, as docs/functions.md has it."""
    rows = [
        line.split("|")
        for line in (root / "docs/functions.md").read_text().splitlines()
        if line.startswith("| `")
        and ("`DynamoDB:" in line or "| none |" in line or ":Post" in line)
    ]
    return {
        row[1].strip().split("`")[1]: [one for one in row[2].split("`") if ":" in one]
        for row in rows
    }


@pytest.fixture
def counted(root: Path) -> Any:
    """What a session with three photos asked, as session.yaml assumes it."""
    return json.loads((root / "tests/golden/session.json").read_text())["3"]


@pytest.fixture
def said(root: Path) -> Any:
    return yaml.safe_load((root / costs.USAGE).read_text())


EVENTS = {"event": "bucket event", "stream": "stream event"}


def route(invocation: str) -> str:
    """`WebSocketEventLambda WebSocket $connect` -> `$connect`, as docs/functions.md names it."""
    name = invocation.partition(" ")[2].removeprefix("WebSocket ")
    return EVENTS.get(name, name)


def test_the_routes_of_a_session_are_those_that_were_counted(counted: Any, said: Any) -> None:
    invoked = {route(name): count for name, count in counted["invocations"].items()}

    assert said["routes"] == invoked


def test_each_route_made_the_calls_that_the_functions_page_tells(counted: Any, root: Path) -> None:
    asked = calls(root)
    expected = Counter(
        {
            name: sum(
                count * asked[route(invocation)].count(f"DynamoDB:{name}")
                for invocation, count in counted["invocations"].items()
            )
            for name in ("GetItem", "PutItem", "Query", "UpdateItem")
        }
    )

    assert expected == counted["table_calls"]
    assert counted["stream_records"] == expected["PutItem"] + expected["UpdateItem"]


def test_what_a_session_uses_is_what_was_counted(counted: Any, said: Any) -> None:
    """The `where`s are those of a stack with pages and APIs behind one address."""
    answers = sum(counted["socket_messages"].values())  # each of them has one
    calls = counted["table_calls"]
    http = sum(counted["http_requests"].values())

    def amount(unit: str, where: str = "", unless: str = "", key: str = "amount") -> float:
        (use,) = [
            use
            for use in said["uses"]
            if (use["unit"], use.get("where", ""), use.get("unless", "")) == (unit, where, unless)
            and "kept_in" not in use
            and key in use
        ]
        return float(use[key])

    edge, distribution = "AWS::CloudFront::Function", "AWS::CloudFront::Distribution"
    assert amount("http_requests") == http
    assert amount("http_requests", unless=edge) == sum(counted["preflights"].values())
    assert amount("websocket_messages") == 2 * answers + sum(counted["pushes"].values())
    assert amount("invocations") == sum(counted["invocations"].values())
    assert amount("write_units") == counted["table_write_units"] + counted["index_write_units"]
    assert amount("read_units") == calls["GetItem"] + calls["Query"] / 2
    assert counted["largest_item"] <= 4096  # a read is one unit
    assert amount("s3_writes") == counted["s3_requests"]["browser PUT"]
    assert sum(
        use["amount"] for use in said["uses"] if use["unit"] == "s3_reads" and len(use) == 2
    ) == (counted["s3_requests"]["browser GET"] + counted["s3_requests"]["function GET"])
    assert amount("s3_reads", unless=distribution) == counted["website_requests"]
    assert amount("distribution_requests", where=distribution) == counted["website_requests"]
    assert amount("inspected_requests", where="AWS::WAFv2::WebACL") == counted["website_requests"]
    handshakes = sum(counted["connections"].values())
    assert amount("distribution_requests", where=edge) == http + handshakes
    assert amount("inspected_requests", where=edge) == http + handshakes
    assert amount("edge_function_invocations", where=edge) == counted["website_requests"]


def test_each_invocation_takes_as_long_as_assumed(counted: Any, said: Any) -> None:
    seconds = {use["memory_of"]: use["seconds"] for use in said["uses"] if "memory_of" in use}
    times: Counter[str] = Counter()
    for name, count in counted["invocations"].items():
        times[name.partition(" ")[0]] += count

    assert "every function takes 50 ms" in said["assumed"]
    assert seconds == {name: pytest.approx(0.05 * count) for name, count in times.items()}
