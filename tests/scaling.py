"""docs/scaling.md from what was counted, from dated quotas and from dated prices.

`python -m tests.scaling` writes it; a test says whether it is current.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import yaml

from pipeline import costs, files
from pipeline.documents import parse_template

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/scaling.md"
QUOTAS = "docs/scaling/quotas.yaml"
COUNTED = "tests/golden/session.json"
TEMPLATE = "tests/golden/prod.template.yaml"
SESSIONS = 10_000_000  # a day
DAY = 86_400
PEAK = 3  # the busiest seconds, in times of the mean
SECONDS = 0.05  # of an invocation, as environments/costs/session.yaml assumes
ONE_ADDRESS = {"PagesFunction": {"Type": "AWS::CloudFront::Function"}}

Counts = dict[str, Any]


def uses(counted: Counts) -> dict[str, float]:
    """What one session uses of what quotas and prices speak of; pages and APIs have one address."""
    http = sum(counted["http_requests"].values())
    connections = sum(counted["connections"].values())
    messages = sum(counted["socket_messages"].values())
    pushes = sum(counted["pushes"].values())
    calls, s3 = counted["table_calls"], counted["s3_requests"]
    invocations = sum(counted["invocations"].values())
    return {
        "website_requests": counted["website_requests"],
        "http_requests": http,
        "looks": counted["http_requests"]["GET /sessions/{sessionId}"],
        "preflights": sum(counted["preflights"].values()),
        "connections": connections,
        "socket_messages": messages,
        "answers": messages,
        "pushes": pushes,
        "gateway_requests": http + connections + messages + pushes,
        "edge_requests": counted["website_requests"] + http + connections,
        "invocations": invocations,
        "stream_events": counted["invocations"]["WebSocketEventLambda stream"],
        "lambda_seconds": invocations * SECONDS,
        "reads": calls["GetItem"] + calls["Query"],
        "read_requests": calls["GetItem"] + calls["Query"] / 2,
        "writes": calls["PutItem"] + calls["UpdateItem"],
        "write_requests": counted["table_write_units"],
        "index_writes": counted["index_write_units"],
        "stream_records": counted["stream_records"],
        "s3_puts": s3["browser PUT"],
        "s3_gets": s3["browser GET"] + s3["function GET"],
    }


def limits(session: dict[str, float], root: Path) -> list[dict[str, Any]]:
    """Each quota, what ten million sessions need of it, and how many it bears; the first first."""
    production = _production(root)
    found = []
    for quota in yaml.safe_load((root / QUOTAS).read_text())["quotas"]:
        amount = quota.get("amount") or _at(production, quota["setting"])
        each = session[quota["of"]]
        needed = SESSIONS / DAY * PEAK * each
        found.append(
            {**quota, "amount": amount, "each": each, "needed": needed}
            | {"bears": amount / each / PEAK * DAY}
        )
    return sorted(found, key=lambda quota: float(quota["bears"]))


def _production(root: Path) -> Any:
    return yaml.safe_load((root / "environments/prod.yaml").read_text())


def _at(settings: Any, path: list[str]) -> float:
    for key in path:
        settings = settings[key]
    return float(settings)


def bill(root: Path) -> list[costs.Item]:
    """What one session costs in production, in dollars, the dearest first."""
    template = parse_template((root / TEMPLATE).read_text(), TEMPLATE).value
    template = {**template, "Resources": {**template["Resources"], **ONE_ADDRESS}}
    known = costs.prices("us-east-1", root)
    assert known is not None
    return sorted(
        costs.used(template, known, costs.usage(root, 1), 1), key=lambda item: -item.dollars
    )


def page(root: Path) -> str:
    """The whole page."""
    counted = json.loads((root / COUNTED).read_text())
    one, several = (uses(counted[photos]) for photos in ("1", "3"))
    items = bill(root)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(root / "tests"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("scaling.md.j2").render(
        one=one,
        several=several,
        largest=counted["3"]["largest_item"],
        second_unit=_second_unit(counted),
        limits=limits(several, root),
        items=items,
        total=costs.total(items),
        days=costs.DAYS,
        prices=costs.prices("us-east-1", root),
        quotas=yaml.safe_load((root / QUOTAS).read_text()),
        keep_days=_at(_production(root), ["uploads", "keep_days"]),
        sessions=SESSIONS,
        mean=SESSIONS / DAY,
        peak=PEAK,
        told=told,
    )


def _second_unit(counted: dict[str, Counts]) -> int:
    """The photo with which a session's item is larger than one write unit's kilobyte."""
    one, three = (counted[photos]["largest_item"] for photos in ("1", "3"))
    return 2 + int((1024 - one) // ((three - one) / 2))


def told(value: float) -> str:
    """Three digits, with commas between thousands."""
    if value >= 1000:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:,.3g}" if value != int(value) else f"{value:,.0f}"


def main() -> None:
    if files.write(ROOT / PAGE, page(ROOT).encode()):
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
