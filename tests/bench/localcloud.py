"""The local cloud's figures: time to ready, upload to picture, many sessions at once, with chaos.

    python -m tests.bench local

The clients do what the pages do: they wait and try again where they are throttled or refused for
the moment, reconnect a closed socket, and ask for the state now and then.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import boto3

from tests.bench.figures import Result, Scale
from tests.smoke.local import local_cloud
from tests.smoke.site import PNG, TYPE

ONE_BY_ONE = 40
AT_ONCE = (1, 50, 200, 1000)
IN_CHAOS = 200
SEED = 7
IMAGE = PNG + bytes(300_000)
POLL_SECONDS = 30.0  # as the page does
ANSWER_SECONDS = 5.0
PATIENCE = 600.0
OFTEN = 0.2


@dataclass
class Client:
    """A desktop and a phone of one session; `shown` is seconds from upload to picture."""

    http: aiohttp.ClientSession
    outputs: Mapping[str, str]
    session: dict[str, Any] = field(default_factory=dict)
    states: list[dict[str, Any]] = field(default_factory=list)
    shown: float = 0.0
    pushed: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """From a new session to the picture on the desktop."""
        self.session = await self._until_done("POST", "/sessions", body={})
        listening = asyncio.create_task(self._listen())
        try:
            await self.heard.wait()
            uploaded = await self._upload()
            await self._see_it()
            self.shown = time.monotonic() - uploaded
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, aiohttp.ClientError):
                await listening

    # ---- the phone

    async def _upload(self) -> float:
        place = f"/sessions/{self.session['sessionId']}"
        nonce, upload = secrets.token_hex(16), secrets.token_hex(16)
        phone = await self._until_done(
            "POST", f"{place}/claim", self.session["uploadToken"], {"phone": nonce}
        )
        wanted = {"uploadId": upload, "contentType": TYPE, "size": len(IMAGE)}
        while True:
            asked = await self._until_done("POST", f"{place}/uploads", phone["phoneToken"], wanted)
            headers = {"Origin": self.origin, **asked["headers"]}
            async with self.http.put(asked["url"], data=IMAGE, headers=headers) as answer:
                await answer.read()
                if answer.status in {200, 412}:
                    return time.monotonic()

    # ---- the desktop

    async def _listen(self) -> None:
        """Keep a socket, whatever happens to it."""
        while True:
            try:
                async with self.http.ws_connect(
                    self.outputs["WebSocketUrl"], origin=self.origin
                ) as socket:
                    await self._hear(socket)
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            await _pause(1)

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        ask = {
            "action": "subscribe",
            "v": 1,
            "sessionId": self.session["sessionId"],
            "token": self.session["desktopToken"],
        }
        await socket.send_json(ask)
        confirmed = False
        while True:
            wait = None if confirmed else ANSWER_SECONDS
            message = await socket.receive(timeout=wait)
            if message.type != aiohttp.WSMsgType.TEXT:
                return
            said = json.loads(message.data)
            if said.get("type") == "state":
                confirmed = True
                self.states.append(said)
                self.heard.set()
            else:
                await _pause(1)
                await socket.send_json(ask)

    async def _see_it(self) -> None:
        """Until the socket or a poll tells that the image is stored."""
        asked = time.monotonic()
        while True:
            if any(map(_stored, self.states)):
                self.pushed = True
                return
            if time.monotonic() - asked > POLL_SECONDS:
                asked = time.monotonic()
                place = f"/sessions/{self.session['sessionId']}"
                state = await self._until_done("GET", place, self.session["desktopToken"])
                if _stored(state):
                    return
            await asyncio.sleep(0.002)

    # ---- both

    @property
    def origin(self) -> str:
        return self.outputs["WebsiteURL"]

    async def _until_done(
        self, method: str, path: str, token: str = "", body: object = None
    ) -> dict[str, Any]:
        """The answer, however often it has to be asked for."""
        headers = {"Origin": self.origin} | ({"Authorization": f"Bearer {token}"} if token else {})
        url = self.outputs["HttpApiUrl"] + path
        for attempt in range(1000):
            try:
                async with self.http.request(method, url, json=body, headers=headers) as answer:
                    if answer.status < 300:
                        return dict(await answer.json())
                    if answer.status not in {429, 500, 503}:
                        raise AssertionError(f"{method} {path}: {answer.status}")
            except (aiohttp.ClientConnectionError, TimeoutError):
                pass
            await _pause(attempt)
        raise AssertionError(f"{method} never succeeded")


def _stored(state: Mapping[str, Any]) -> bool:
    return any(one["status"] == "STORED" for one in state["uploads"])


async def _pause(attempt: int) -> None:
    await asyncio.sleep(random.uniform(0.1, min(4.0, 0.5 * 2**attempt)))  # noqa: S311 - jitter


# ---- measuring


@dataclass
class Memory:
    """The most that the local cloud and its children held at once, in MiB (proportional)."""

    root: int
    most: float = 0.0

    async def watch(self) -> None:
        """Look often, until cancelled."""
        while True:
            self.most = max(self.most, sum(map(_held, _tree(self.root))))
            await asyncio.sleep(OFTEN)


def _tree(root: int) -> Iterator[int]:
    yield root
    for path in Path(f"/proc/{root}/task").glob("*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                yield from _tree(int(child))


def _held(process: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def percentile(values: list[float], percent: int) -> float:
    """By the nearest rank."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def told(values: list[float]) -> str:
    """p50 and p95 in milliseconds."""
    return f"p50 {percentile(values, 50) * 1000:.0f} ms, p95 {percentile(values, 95) * 1000:.0f} ms"


async def with_clients(
    ready: Mapping[str, Any], work: Callable[[aiohttp.ClientSession], Awaitable[Any]]
) -> Any:
    """What the work gives, with one pool of connections for all."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        return await asyncio.wait_for(work(http), PATIENCE)


async def one_by_one(ready: Mapping[str, Any], times: int) -> list[float]:
    """Seconds from upload to picture, each on a machine with nothing else to do."""

    async def work(http: aiohttp.ClientSession) -> list[float]:
        found = []
        for _ in range(times):
            client = Client(http, ready["outputs"])
            await client.run()
            found.append(client.shown)
            await asyncio.sleep(OFTEN)
        return found

    return list(await with_clients(ready, work))


async def all_at_once(ready: Mapping[str, Any], size: int) -> tuple[list[Client], float, float]:
    """The clients, the seconds that all took, and the most memory."""
    memory = Memory(ready["process"])

    async def work(http: aiohttp.ClientSession) -> list[Client]:
        clients = [Client(http, ready["outputs"]) for _ in range(size)]
        watching = asyncio.create_task(memory.watch())
        helping = asyncio.create_task(redrive(ready))
        try:
            await asyncio.gather(*(client.run() for client in clients))
        finally:
            watching.cancel()
            helping.cancel()
        return clients

    began = time.monotonic()
    clients = await with_clients(ready, work)
    return clients, time.monotonic() - began, memory.most


# ---- the operator


def service(ready: Mapping[str, Any], name: str) -> Any:
    """A client of the embedded AWS."""
    variables = ready["environment"]
    keys = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
    session: Any = boto3.Session(*keys, region_name="us-east-1")
    return session.client(name, endpoint_url=ready["endpoint"])


async def redrive(ready: Mapping[str, Any]) -> None:
    """What an operator does with a failure queue: give its events to the function again."""
    queue, functions = service(ready, "sqs"), service(ready, "lambda")
    url = ready["outputs"]["FailureQueueUrl"]
    while True:
        found = await asyncio.to_thread(queue.receive_message, QueueUrl=url, MaxNumberOfMessages=10)
        for message in found.get("Messages", []):
            kept = json.loads(message["Body"])
            if "requestPayload" in kept:
                REDRIVEN.append(kept["requestContext"]["condition"])
                await asyncio.to_thread(
                    functions.invoke,
                    FunctionName=kept["requestContext"]["functionArn"].rpartition(":")[0],
                    InvocationType="Event",
                    Payload=json.dumps(kept["requestPayload"]),
                )
            await asyncio.to_thread(
                queue.delete_message, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
            )
        await asyncio.sleep(1)


REDRIVEN: list[str] = []


def final_states(ready: Mapping[str, Any], clients: list[Client]) -> int:
    """How many of the clients' sessions are COMPLETED with exactly one image, STORED."""
    pages = service(ready, "dynamodb").get_paginator("scan")
    table = ready["outputs"]["SessionsTableName"]
    items = {
        item["sessionId"]["S"]: item
        for page in pages.paginate(TableName=table)
        for item in page["Items"]
    }
    right = 0
    for client in clients:
        item = items[client.session["sessionId"]]
        uploads = [one["M"]["status"]["S"] for one in item["uploads"]["M"].values()]
        right += (item["status"]["S"], uploads) == ("COMPLETED", ["STORED"])
    return right


# ---- the figures


def crowd(size: int, *options: str) -> Result:
    """So many sessions at once; fine if each ended as it has to."""
    REDRIVEN.clear()
    with local_cloud("--quiet", *options) as ready:
        before = _cpu(ready["process"])
        clients, seconds, memory = asyncio.run(all_at_once(ready, size))
        cpu = _cpu(ready["process"]) - before
        right = final_states(ready, clients)
    shown = [client.shown for client in clients]
    figures = {
        "sessions": size,
        "pushed": sum(client.pushed for client in clients),
        "redriven": len(REDRIVEN),
        "right": right,
        "wall": round(seconds, 1),
        "cpu": round(cpu, 1),
        "p50_ms": round(percentile(shown, 50) * 1000),
        "p95_ms": round(percentile(shown, 95) * 1000),
        "peak_mib": round(memory),
    }
    print(f"{size} sessions at once {' '.join(options)}: {figures}", flush=True)
    return Result(figures, right == size)


def _cpu(root: int) -> float:
    """Seconds of a process and of all that it started, those included that have ended."""
    ticks = 0
    for process in _tree(root):
        with suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(scale: Scale) -> Result:
    """Everything; fine if nothing was lost."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand sockets, at both ends
    starts = []
    for _ in range(scale.runs(3) + 1):
        began = time.monotonic()
        with local_cloud("--quiet"):
            starts.append(time.monotonic() - began)
    started = statistics.median(starts[1:])
    print(f"warm start to ready: {started:.1f} s (median of {len(starts) - 1})")
    times = scale.runs(ONE_BY_ONE)
    with local_cloud("--quiet") as ready:
        found = asyncio.run(one_by_one(ready, times))
    print(f"upload to picture, one by one, {times} times: {told(found)}", flush=True)
    crowds = [crowd(size) for size in scale.sizes(AT_ONCE)]
    chaos = crowd(20 if scale.quick else IN_CHAOS, "--chaos", "--seed", str(SEED))
    figures = {
        "starts": len(starts) - 1,
        "start_s": round(started, 1),
        "one_by_one": {
            "times": times,
            "p50_ms": round(percentile(found, 50) * 1000),
            "p95_ms": round(percentile(found, 95) * 1000),
        },
        "crowds": [each.figures for each in crowds],
        "chaos": chaos.figures,
    }
    return Result(figures, all(each.fine for each in (*crowds, chaos)))
