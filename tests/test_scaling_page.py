"""docs/scaling.md: made of what was counted, of dated quotas and of dated prices."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from pipeline import costs
from tests import scaling


def test_the_page_is_made_of_its_sources(root: Path) -> None:
    assert (root / scaling.PAGE).read_text() == scaling.page(root), "run: nox -s refresh"


def test_every_quota_has_its_source_and_what_moves_it(root: Path) -> None:
    told = yaml.safe_load((root / scaling.QUOTAS).read_text())

    assert date.fromisoformat(told["as_of"]) <= date.fromisoformat("2100-01-01")
    assert len(told["quotas"]) > 8
    for quota in told["quotas"]:
        assert quota["moves"]
        assert quota["source"].startswith(("https://docs.aws.amazon.com/", "environments/"))
        assert ("amount" in quota) != ("setting" in quota)


def test_what_breaks_first_stands_first(root: Path) -> None:
    counted = json.loads((root / scaling.COUNTED).read_text())["3"]

    found = scaling.limits(scaling.uses(counted), root)

    assert [quota["bears"] for quota in found] == sorted(quota["bears"] for quota in found)
    for quota in found:
        sessions_a_second = quota["bears"] / scaling.DAY
        assert sessions_a_second * scaling.PEAK * quota["each"] == pytest.approx(quota["amount"])
        assert (quota["needed"] > quota["amount"]) == (quota["bears"] < scaling.SESSIONS)


def test_a_sessions_cents_are_those_of_the_bill(root: Path) -> None:
    items = {item.what: item for item in scaling.bill(root)}
    counted = scaling.uses(json.loads((root / scaling.COUNTED).read_text())["3"])

    assert items["http requests"].count == counted["http_requests"]
    assert items["distribution requests"].count == counted["edge_requests"]
    assert items["inspected requests"].count == counted["edge_requests"]
    assert items["invocations"].count == counted["invocations"]
    assert items["write units"].count == counted["write_requests"] + counted["index_writes"]
    known = costs.prices("us-east-1", root)
    assert known
    for name, item in items.items():
        unit = known.units[name.replace(" ", "_")]
        assert item.dollars == pytest.approx(item.count / unit.per * unit.price)


def test_figures_are_told_in_three_digits() -> None:
    told = [scaling.told(value) for value in (0.5, 20.5, 35, 999, 1234.0, 8_470_588)]

    assert told == ["0.5", "20.5", "35", "999", "1,230", "8,470,000"]
