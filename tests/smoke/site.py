"""A deployed application from outside, without a browser: its addresses, its two people."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

PATIENCE = 20.0
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TYPE = "image/png"
EXCERPT = 200


class Failed(Exception):
    """Something that isn't as it has to be: what was awaited, and what came."""

    def __init__(self, awaited: str, got: str) -> None:
        super().__init__(f"awaited {awaited}, got {got}")
        self.awaited = awaited
        self.got = got


def expect(what: str, found: object, wanted: object) -> None:
    """Stop where the two differ."""
    if found != wanted:
        raise Failed(f"{what}: {wanted!r}", repr(found))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def text(self) -> str:
        """The body, whatever its encoding."""
        return self.data.decode(errors="replace")

    @property
    def excerpt(self) -> str:
        """What the body says, on one line; of an S3 error no more than its code and message."""
        said = [found[1] for found in map(self._tag, ("Code", "Message")) if found]
        return ": ".join(said) or " ".join(self.text.split())[:EXCERPT]

    def _tag(self, name: str) -> re.Match[str] | None:
        return re.search(rf"<{name}>([^<]*)</{name}>", self.text)

    def expect(self, what: str, *statuses: int) -> Answer:
        """The answer itself, if its status is one of these."""
        if self.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise Failed(f"{what}: status {wanted}", f"{self.status} {self.excerpt}".strip())
        return self

    def json(self, what: str, *fields: str) -> dict[str, Any]:
        """The JSON object in the body, which has to have these fields."""
        try:
            value = json.loads(self.data)
        except ValueError:
            raise Failed(f"{what}: JSON", self.excerpt or "an empty body") from None
        if not isinstance(value, dict) or not set(fields) <= value.keys():
            raise Failed(f"{what}: JSON with {', '.join(fields)}", self.excerpt)
        return value

    def granted(self, origin: str) -> bool:
        """May a page of that origin read this answer?"""
        return self.headers.get("Access-Control-Allow-Origin") in {origin, "*"}


@dataclass
class Site:
    """A deployed application, by its addresses."""

    http: aiohttp.ClientSession
    api: str
    socket: str
    origin: str
    patience: float = PATIENCE

    @classmethod
    def of(
        cls, http: aiohttp.ClientSession, outputs: Mapping[str, str], patience: float = PATIENCE
    ) -> Site:
        """The application of a stack with these outputs."""
        origin = outputs["WebsiteURL"].rstrip("/")
        return cls(http, outputs["HttpApiUrl"], outputs["WebSocketUrl"], origin, patience)

    @property
    def is_one_address(self) -> bool:
        """Are the pages and both APIs behind one host, so that a browser asks no preflight?"""
        return urlsplit(self.api).netloc == urlsplit(self.origin).netloc

    async def request(
        self,
        method: str,
        url: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any request, sent as it is written; the website's origin unless another is given."""
        sent = {"Origin": self.origin, **(headers or {})}
        async with self.http.request(
            method,
            URL(url, encoded=True),
            data=io.BytesIO(data) if data else data,  # what is large would block the loop
            headers={name: value for name, value in sent.items() if value},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(self.patience),
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def ask(
        self, method: str, path: str, token: str = "", body: object = None, **headers: str
    ) -> Answer:
        """A call of the API."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return await self.request(method, f"{self.api}{path}", data, {**sent, **headers})

    async def call(
        self, method: str, path: str, token: str = "", body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of a call of the API."""
        answer = await self.ask(method, path, token, body, **headers)
        return answer.status, json.loads(answer.data) if answer.data else None

    async def put(self, asked: Mapping[str, Any], data: bytes, **headers: str) -> Answer:
        """An upload as the phone does it; headers may differ from those that it was told."""
        return await self.request("PUT", asked["url"], data, {**asked["headers"], **headers})

    async def preflight(self, url: str, method: str, *headers: str, origin: str) -> Answer:
        """What a browser asks before a page may send such a request."""
        asked = {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(headers)),
        }
        return await self.request("OPTIONS", url, headers={"Origin": origin, **asked})

    @asynccontextmanager
    async def connected(self, origin: str = "") -> AsyncIterator[Desktop]:
        """A socket that has subscribed to nothing yet."""
        async with self.http.ws_connect(
            self.socket,
            origin=origin or self.origin,
            timeout=aiohttp.ClientWSTimeout(ws_close=self.patience),
        ) as socket:
            yield Desktop(socket, self.patience)

    @asynccontextmanager
    async def listening(self, session: Mapping[str, Any]) -> AsyncIterator[Desktop]:
        """A desktop that is subscribed to a session."""
        async with self.connected() as desktop:
            await desktop.subscribe(session)
            yield desktop

    async def claim(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """The phone's token and what it may send."""
        answer = await self.ask(
            "POST",
            f"/sessions/{session['sessionId']}/claim",
            session["uploadToken"],
            {"phone": secrets.token_hex(16)},
        )
        answer.expect("claiming the session", 200)
        return answer.json("the claim's answer", "phoneToken", "matchCode", "maxBytes")

    async def upload_address(
        self, place: str, phone: Mapping[str, Any], upload: str = "", size: int = len(PNG)
    ) -> dict[str, Any]:
        """A presigned upload."""
        wanted = {"uploadId": upload or secrets.token_hex(16), "contentType": TYPE, "size": size}
        answer = await self.ask("POST", f"{place}/uploads", phone["phoneToken"], wanted)
        answer.expect("asking for an upload's address", 201)
        return answer.json("the upload's address", "uploadId", "url", "headers")


@dataclass
class Desktop:
    """What a desktop hears, newest last; `at` is when each message came."""

    socket: aiohttp.ClientWebSocketResponse
    patience: float = PATIENCE
    states: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    async def subscribe(self, session: Mapping[str, Any]) -> None:
        """Follow a session, and hear how it is."""
        asked = {"sessionId": session["sessionId"], "token": session["desktopToken"]}
        await self.socket.send_json({"action": "subscribe", "v": 1, **asked})
        await self.until(
            "the session's state", lambda state: state["sessionId"] == session["sessionId"]
        )

    async def until(self, awaited: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first state, heard or to come, that is as wanted."""
        for state in self.states:
            if wanted(state):
                return state
        try:
            async with asyncio.timeout(self.patience):
                while True:
                    message = await self.message(awaited)
                    if message.get("type") != "state":
                        raise Failed(awaited, f"the socket says {message}")
                    self.states.append(message)
                    self.at.append(time.monotonic())
                    if wanted(message):
                        return message
        except TimeoutError:
            got = f"last {_shown(self.states[-1])}" if self.states else "no message"
            raise Failed(f"{awaited}, within {self.patience:g} s", got) from None

    async def message(self, awaited: str) -> dict[str, Any]:
        """The next message."""
        came = await self.socket.receive()
        if came.type != aiohttp.WSMsgType.TEXT:
            raise Failed(awaited, f"the socket was closed with {self.socket.close_code}")
        value = json.loads(came.data)
        return value if isinstance(value, dict) else {"message": value}


def _shown(state: Mapping[str, Any]) -> str:
    uploads = ", ".join(upload["status"] for upload in state["uploads"]) or "none"
    return f"{state['status']}, revision {state['rev']}, uploads: {uploads}"
