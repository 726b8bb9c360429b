"""The whole flow from outside, without a browser: against the local cloud or a deployed stack.

    python -m tests.e2e.smoke local      starts the local cloud and goes through it
    python -m tests.e2e.smoke ENV        a deployed stack, by its outputs

A session is made, subscribed to and claimed; an image is uploaded with its presigned URL, pushed
to the socket and downloaded byte for byte; what has to be refused is refused. It leaves a
cancelled session and an image behind, which the table's and the bucket's own rules delete.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import boto3

from pipeline import render
from pipeline.environment import settings

PATIENCE = 20.0
END_SECONDS = 10.0
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TYPE = "image/png"


class Failed(Exception):
    """A step that didn't go as the contract says."""


def expect(what: str, found: object, wanted: object) -> None:
    """Stop with the step's name where the two differ."""
    if found != wanted:
        raise Failed(f"{what}: expected {wanted!r}, found {found!r}")


@dataclass
class Site:
    """A deployed application, by its addresses."""

    http: aiohttp.ClientSession
    api: str
    socket: str
    origin: str

    async def call(
        self, method: str, path: str, token: str = "", body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of a call."""
        sent = {"Origin": self.origin, **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        async with self.http.request(
            method, f"{self.api}{path}", json=body, headers=sent
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def put(self, asked: Mapping[str, Any], data: bytes) -> int:
        """An upload as the phone does it."""
        async with self.http.put(
            asked["url"], data=data, headers={"Origin": self.origin, **asked["headers"]}
        ) as answer:
            await answer.read()
            return answer.status

    @asynccontextmanager
    async def listening(self, session: Mapping[str, Any]) -> AsyncIterator[Desktop]:
        """A desktop that is subscribed to a session."""
        async with self.http.ws_connect(self.socket, origin=self.origin) as socket:
            desktop = Desktop(socket)
            await socket.send_json(
                {
                    "action": "subscribe",
                    "v": 1,
                    "sessionId": session["sessionId"],
                    "token": session["desktopToken"],
                }
            )
            await desktop.until(lambda state: state["sessionId"] == session["sessionId"])
            yield desktop


@dataclass
class Desktop:
    """What a desktop hears, newest last; `at` is when each message came."""

    socket: aiohttp.ClientWebSocketResponse
    states: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    async def until(self, wanted: Any) -> dict[str, Any]:
        """The first state, heard or to come, that is as wanted."""
        for state in self.states:
            if wanted(state):
                return state
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.socket.receive_json()
                if message.get("type") != "state":
                    raise Failed(f"the socket says {message}")
                self.states.append(message)
                self.at.append(time.monotonic())
                if wanted(message):
                    return dict(message)


async def flow(site: Site) -> Iterator[str]:
    """Go through it; a line on each step that went well."""
    told = []
    status, session = await site.call("POST", "/sessions", body={})
    expect("create", status, 201)
    place = f"/sessions/{session['sessionId']}"
    async with site.listening(session) as desktop:
        told.append("a session was made and subscribed to")
        phone = await claim(site, session)
        told.append(f"a phone claimed it, match code {phone['matchCode']}")
        upload = await upload_image(site, place, phone)
        await desktop.until(
            lambda state: any(
                one["id"] == upload and one["status"] == "STORED" for one in state["uploads"]
            )
        )
        told.append("an image was uploaded and pushed to the desktop")
        expect("download", await download(site, place, session, upload), PNG)
        told.append("it was downloaded byte for byte")
        told += await refusals(site, place, session, phone, upload)
        status, _ = await site.call("DELETE", place, session["desktopToken"])
        expect("cancel", status, 200)
        await desktop.until(lambda state: state["status"] == "CANCELLED")
        told.append("the session was cancelled, and the desktop heard of it")
    return iter(told)


async def claim(site: Site, session: Mapping[str, Any]) -> dict[str, Any]:
    """The phone's token and what it may send."""
    status, phone = await site.call(
        "POST",
        f"/sessions/{session['sessionId']}/claim",
        session["uploadToken"],
        {"phone": secrets.token_hex(16)},
    )
    expect("claim", status, 200)
    return dict(phone)


async def upload_image(site: Site, place: str, phone: Mapping[str, Any]) -> str:
    """The id of an image that S3 has taken."""
    upload = secrets.token_hex(16)
    asked = await ask(site, place, phone, upload, len(PNG))
    expect("upload", await site.put(asked, PNG), 200)
    expect("upload the same again", await site.put(asked, PNG), 412)
    return upload


async def ask(
    site: Site, place: str, phone: Mapping[str, Any], upload: str, size: int
) -> dict[str, Any]:
    """A presigned upload."""
    status, asked = await site.call(
        "POST",
        f"{place}/uploads",
        phone["phoneToken"],
        {"uploadId": upload, "contentType": TYPE, "size": size},
    )
    expect("ask for an upload", status, 201)
    return dict(asked)


async def download(site: Site, place: str, session: Mapping[str, Any], upload: str) -> bytes:
    """The image as the desktop gets it."""
    status, found = await site.call("GET", f"{place}/uploads/{upload}", session["desktopToken"])
    expect("ask for the download", status, 200)
    async with site.http.get(found["url"], headers={"Origin": site.origin}) as answer:
        expect("download", answer.status, 200)
        expect("download's type", answer.headers["Content-Type"], TYPE)
        return await answer.read()


async def refusals(
    site: Site, place: str, session: Mapping[str, Any], phone: Mapping[str, Any], upload: str
) -> list[str]:
    """Everything that has to be refused."""
    status, _ = await site.call(
        "POST",
        f"{place}/uploads",
        phone["phoneToken"],
        {"uploadId": secrets.token_hex(16), "contentType": TYPE, "size": phone["maxBytes"] + 1},
    )
    expect("ask for too large an upload", status, 413)
    asked = await ask(site, place, phone, secrets.token_hex(16), len(PNG))
    expect("send more than was signed", await site.put(asked, PNG + b"more"), 403)
    late = {**asked, "url": _expired(asked["url"])}
    expect("send with a changed expiry", await site.put(late, PNG), 403)
    status, _ = await site.call(
        "POST", f"{place}/claim", session["uploadToken"], {"phone": secrets.token_hex(16)}
    )
    expect("claim by a second phone", status, 409)
    status, _ = await site.call("GET", place, secrets.token_urlsafe(24))
    expect("read with a wrong token", status, 404)
    return ["too large, changed, expired, by a second phone, with a wrong token: all was refused"]


def _expired(url: str) -> str:
    """The URL as if it had been signed the day before."""
    day = url.partition("X-Amz-Date=")[2][:8]
    before = str(int(day) - 1)
    return url.replace(f"X-Amz-Date={day}", f"X-Amz-Date={before}")


async def smoke(outputs: Mapping[str, str]) -> int:
    """Go through a stack with these outputs; 0 if all is as it should be."""
    async with aiohttp.ClientSession() as http:
        site = Site(
            http, outputs["HttpApiUrl"], outputs["WebSocketUrl"], outputs["WebsiteURL"].rstrip("/")
        )
        try:
            for line in await flow(site):
                print(f"  {line}")
        except (Failed, aiohttp.ClientError, TimeoutError) as error:
            print(f"  FAILED  {error or type(error).__name__}", file=sys.stderr)
            return 1
    return 0


@contextmanager
def local_cloud(*options: str) -> Iterator[dict[str, Any]]:
    """The local cloud's ready line, for as long as the block runs."""
    command = (sys.executable, "-m", "localcloud", "--json", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise Failed("the local cloud didn't start")
            yield {**json.loads(line), "process": process.pid}
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            process.kill()


def alarms(name: str) -> int:
    """Does each alarm of an environment's template exist in CloudWatch? 0 if so."""
    rendered = render.render(settings.load(name, Path.cwd()), Path.cwd())
    own, resources = rendered.settings, rendered.value["Resources"]
    wanted = {one for one in resources if resources[one]["Type"] == "AWS::CloudWatch::Alarm"}
    session = boto3.Session(profile_name=own.aws.profile, region_name=own.aws.region)
    pages = session.client("cloudformation").get_paginator("list_stack_resources")
    made = {
        one["PhysicalResourceId"]: one["LogicalResourceId"]
        for page in pages.paginate(StackName=own.stack_name)
        for one in page["StackResourceSummaries"]
        if one["LogicalResourceId"] in wanted
    }
    found = session.client("cloudwatch").describe_alarms(AlarmNames=[*made])["MetricAlarms"]
    there = {made[one["AlarmName"]] for one in found if made}
    for missing in sorted(wanted - there):
        print(f"  FAILED  the alarm {missing} does not exist", file=sys.stderr)
    print(f"  {len(there)} of {len(wanted)} alarms of the template exist")
    return 1 if wanted - there else 0


def main(arguments: list[str]) -> int:
    """Against what the first word names; further words go to the local cloud."""
    if len(arguments) < 1:
        print("Which one? An environment, or: local", file=sys.stderr)
        return 2
    if arguments[0] == "local":
        with local_cloud("--quiet", *arguments[1:]) as ready:
            print(f"local cloud at {ready['url']}")
            return asyncio.run(smoke(ready["outputs"]))
    asked = (sys.executable, "-m", "pipeline", "outputs", arguments[0], "--json")
    found = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        return found.returncode
    print(f"the stack of {arguments[0]}")
    failed = asyncio.run(smoke(json.loads(found.stdout)))
    return alarms(arguments[0]) or failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
