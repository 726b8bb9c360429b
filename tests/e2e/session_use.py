"""What one session asks of AWS: both pages in a real Chromium on the local cloud, and all counted.

    python -m tests.e2e.session_use

writes tests/golden/session.json. The pages' clocks stand still but for what is wound here, so that
their polls and pings are those of three minutes, whatever this machine needs for them.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline import files
from tests.e2e.people import Desktop, Phone, person
from tests.e2e.pictures import jpeg
from tests.e2e.running import ROOT, Application, serving
from tests.e2e.screens import PATIENCE
from tests.website.browser import launch

GOLDEN = ROOT / "tests/golden/session.json"
PHOTOS = (1, 3)
SECONDS = 180  # from the desktop's first request to the end of its socket
CLAIMED, FIRST, BETWEEN = 15, 30, 40  # when the phone comes, the first photo, and each further one
QUIET = 2.5  # real seconds without a line in the log: nothing is under way any more
LAST = "WebSocket $disconnect → "  # what the desktop's end leads to, when it has been done

Counts = dict[str, Any]


def count(browser: Browser, photos: int) -> Counts:
    """One session on a local cloud of its own: so many photos, one after the other."""
    with tempfile.TemporaryDirectory() as made, serving(called=f"photos-{photos}") as application:
        log = Log(application.log)
        asked: set[tuple[str, str]] = set()
        pictures = [jpeg(Path(made) / f"{number}.jpg") for number in range(photos)]
        log.begin()
        _live(browser, application, pictures, asked)
        log.settle()
        files = [url for _, url in asked if url.startswith(application.url)]
        return {"website_requests": len(files), **log.counts(), **units(writes(application))}


def _live(
    browser: Browser,
    application: Application,
    pictures: Sequence[Path],
    asked: set[tuple[str, str]],
) -> None:
    """The desktop and the phone, for as many seconds by their own clocks.

    `asked` gets each address that one of them asked for, once: a page has the rest in its memory.
    """
    sending = {FIRST + number * BETWEEN: picture for number, picture in enumerate(pictures)}
    with (
        person(Desktop, browser, application.hosts) as desktop,
        person(Phone, browser, application.hosts, has_touch=True, is_mobile=True) as phone,
    ):
        pages: list[Page] = []

        def come(who: Desktop | Phone, address: str) -> None:
            name = type(who).__name__
            who.page.on("request", lambda request: asked.add((name, request.url)))
            who.page.clock.install()
            who.page.goto(address)
            who.page.clock.pause_at(who.page.evaluate("Date.now() / 1000 + 1"))
            pages.append(who.page)

        come(desktop, application.url)
        for second in range(1, SECONDS + 1):
            for page in pages:
                page.clock.run_for(1000)
                page.wait_for_timeout(20)
            if second == CLAIMED:
                come(phone, desktop.scanned())
                _until(lambda: phone.phase == "ready" and desktop.phase == "connected", pages)
            if second in sending:
                phone.keeps_location()
                phone.sends(sending[second])
                shown = list(sending).index(second) + 1
                tiles = desktop.page.locator(".tile button:enabled:visible")
                _until(lambda: tiles.count() == shown, pages)  # noqa: B023 - at once


def _until(seen: Callable[[], bool], pages: Sequence[Page]) -> None:
    """Real time passes until it is there, and hardly any on the pages' clocks."""
    for _ in range(600):
        if seen():
            return
        for page in pages:
            page.clock.run_for(1)
            page.wait_for_timeout(20)
    raise AssertionError("the pages never got there")


class Log:
    """The local cloud's request log, as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = 0
        self.lines: list[str] = []

    def begin(self) -> None:
        """Count from here on, once nothing comes any more."""
        self._before = len(self._all())

    def settle(self) -> None:
        """Read until nothing comes any more after the desktop's end."""
        end = time.monotonic() + PATIENCE
        while LAST not in self._path.read_text():
            assert time.monotonic() < end, self._path.read_text()[-2000:]
            time.sleep(0.1)
        self.lines = self._all()[self._before :]

    def _all(self) -> list[str]:
        lines: list[str] = []
        while len(fresh := self._path.read_text().splitlines()) > len(lines):
            lines = fresh
            time.sleep(QUIET)
        return lines

    def counts(self) -> Counts:
        """By kind: requests, messages, invocations, calls."""
        found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for line in self.lines:
            for kind, pattern in KINDS.items():
                if match := pattern.search(line):
                    found[kind][" ".join(part for part in match.groups() if part)] += 1
        return {kind: dict(sorted(counted.items())) for kind, counted in found.items()}


_WHO = r"\d  (?:browser|phone|client) +#\d+  "
KINDS = {
    "http_requests": re.compile(_WHO + r"((?:GET|POST|DELETE) \S+)(?:  \[.*\])? → \d"),
    "preflights": re.compile(_WHO + r"OPTIONS before (\w+) "),
    "connections": re.compile(_WHO + r"WebSocket (opens) → 200"),
    "socket_messages": re.compile(_WHO + r"WebSocket message (\S+)"),
    "pushes": re.compile(r"  push +#\d+  (POST) \d+ bytes → 200"),
    "invocations": re.compile(r"  function +#\d+  (\w+)  (?!says|cold)(.+?)(?:, 1 record)? → "),
    "table_calls": re.compile(r"  table +#\d+  (\w+) → done"),
    "s3_requests": re.compile(r"  (function|browser|phone|client) +#\d+  S3 (\w+) "),
}


# ---- the table


def writes(application: Application) -> list[Mapping[str, Any]]:
    """Every write of the table, as its stream tells it."""
    given = application.environment
    client: Any = boto3.client(
        "dynamodbstreams",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_DEFAULT_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    (stream,) = client.list_streams()["Streams"]
    place = {"StreamArn": stream["StreamArn"]}
    (shard,) = client.describe_stream(**place)["StreamDescription"]["Shards"]
    place |= {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(**place)["ShardIterator"]
    return [record["dynamodb"] for record in client.get_records(ShardIterator=iterator)["Records"]]


def units(records: Sequence[Mapping[str, Any]]) -> Counts:
    """Stream records and write units, by AWS's rules for sizes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    images = [(record.get("OldImage", {}), record.get("NewImage", {})) for record in records]
    sizes = [max(size({"M": old}), size({"M": new})) for old, new in images]
    return {
        "stream_records": len(records),
        "largest_item": max(sizes),
        "table_write_units": sum(math.ceil(size / 1024) for size in sizes),
        "index_write_units": sum(_index_writes(*pair) for pair in images),
    }


def _index_writes(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """The index holds keys alone: a put, a delete, or both."""
    before, after = (image.get("wsConnectionId") for image in (old, new))
    return 0 if before == after else (before is not None) + (after is not None)


def size(value: Mapping[str, Any]) -> int:
    """Bytes of an attribute's value as DynamoDB counts them; numbers as two digits a byte."""
    ((kind, held),) = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name) + size(each) for name, each in held.items())
    if kind == "L":
        return 3 + sum(1 + size(each) for each in held)
    if kind == "N":
        return 1 + math.ceil(len(held) / 2)
    return len(held.encode()) if kind == "S" else 1


READ = "GET /sessions/{sessionId}"


def unlike(counts: Counts, golden: Counts, photos: int) -> list[str]:
    """Where two counts differ, but for a few files of the pages, and a look for each photo.

    The phone looks as soon as the bucket has a photo. Whether the session tells it already is a
    race of the bucket's event with that look; if not, there is another one after two seconds.
    """
    looks = counts["http_requests"][READ] - golden["http_requests"][READ]
    slack = looks if abs(looks) <= photos else 0
    mine, other = _flat(counts), _flat(golden)
    for name in LOOKS:
        mine[name] -= slack
    if abs(mine["website_requests"] - other["website_requests"]) <= FEW:
        del mine["website_requests"], other["website_requests"]
    names = sorted(mine.keys() | other.keys())
    return [f"{name}: {mine.get(name)}, not {other.get(name)}" for name in names
            if mine.get(name) != other.get(name)]  # fmt: skip


FEW = 5  # modules of the pages come and go
LOOKS = (f"http_requests {READ}", "preflights GET", f"invocations HttpApiLambda {READ}",
         "table_calls GetItem")  # fmt: skip


def _flat(counts: Counts) -> dict[str, int]:
    flat: dict[str, int] = {}
    for kind, held in counts.items():
        flat |= (
            {f"{kind} {name}": each for name, each in held.items()}
            if isinstance(held, dict)
            else {kind: held}
        )
    return flat


def counted(browser: Browser) -> Iterator[tuple[str, Counts]]:
    """Each number of photos, and what such a session asks."""
    for photos in PHOTOS:
        yield str(photos), count(browser, photos)


def main() -> None:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        found = dict(counted(browser))
        browser.close()
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if known and not any(unlike(found[name], known[name], int(name)) for name in found):
        return
    if files.write(GOLDEN, (json.dumps(found, indent=2) + "\n").encode()):
        print(f"wrote {GOLDEN.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
