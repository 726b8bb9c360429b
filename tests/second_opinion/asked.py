"""The same requests for two clouds: what a phone, a desktop and a stranger may send.

Each is a coroutine on a side and answers in a few words: the status, the code or message, and
whether a page may read it. Nothing in an answer depends on the run.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from tests.smoke.site import PNG, Answer, Failed, Site
from tests.smoke.steps import ELSEWHERE

THROTTLED = "429"
PATIENT_TRIES = 20
QUIET_SECONDS = 10.0  # after that a socket has nothing more to say
CODE = re.compile(r"<Code>(\w+)</Code>")


@dataclass(frozen=True)
class Side:
    """One of the two clouds."""

    site: Site

    async def address(self) -> dict[str, Any]:
        """A fresh address for an upload, of a session of its own."""
        session, phone = await self.claimed()
        return await self.site.upload_address(f"/sessions/{session['sessionId']}", phone)

    async def claimed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A session and its phone."""
        made = (await self.site.ask("POST", "/sessions", body={})).expect("a session", 201)
        session = made.json("a session", "sessionId", "uploadToken", "desktopToken")
        return session, await self.site.claim(session)

    async def stored(self) -> str:
        """The address of an image that is there."""
        session, phone = await self.claimed()
        place = f"/sessions/{session['sessionId']}"
        asked = await self.site.upload_address(place, phone)
        (await self.site.put(asked, PNG)).expect("the upload", 200)
        for _ in range(100):
            path = f"{place}/uploads/{asked['uploadId']}"
            status, address = await self.site.call("GET", path, session["desktopToken"])
            if status == 200:
                return str(address["url"])
            await asyncio.sleep(0.1)
        raise TimeoutError("the image never was STORED")


Ask = Callable[[Side], Awaitable[str]]


@dataclass(frozen=True)
class Request:
    """One request, for the table."""

    service: str
    title: str
    ask: Ask


def s3(answer: Answer, origin: str = "") -> str:
    """What S3 says."""
    code = CODE.search(answer.text)
    return _told(answer, code[1] if code else "", origin)


def http(answer: Answer, origin: str = "") -> str:
    """What the API says."""
    try:
        value = json.loads(answer.data)
    except ValueError:
        value = {}
    said = value.get("message") or value.get("error") or "" if isinstance(value, dict) else ""
    return _told(answer, str(said), origin)


def _told(answer: Answer, said: str, origin: str) -> str:
    words = [str(answer.status), said]
    if origin:
        words.append("readable" if answer.granted(origin) else "unreadable")
    return " ".join(word for word in words if word)


# ---- S3, as a phone meets it


def put(data: bytes = PNG, **headers: str) -> Ask:
    """The signed PUT with other bytes or headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def ask(side: Side) -> str:
        return s3(await side.site.put(await side.address(), data, **sent))

    return ask


def changed(change: Callable[[str], str], method: str = "PUT") -> Ask:
    """The address changed, or used for another method."""

    async def ask(side: Side) -> str:
        asked = await side.address()
        data, headers = (PNG, asked["headers"]) if method == "PUT" else (None, {})
        return s3(await side.site.request(method, change(asked["url"]), data, headers))

    return ask


async def twice(side: Side) -> str:
    """The same image again."""
    asked = await side.address()
    await side.site.put(asked, PNG)
    return s3(await side.site.put(asked, PNG))


def upload_preflight(method: str, *headers: str, foreign: bool = False) -> Ask:
    """What a browser asks the bucket."""

    async def ask(side: Side) -> str:
        origin = ELSEWHERE if foreign else side.site.origin
        url = (await side.address())["url"]
        return s3(await side.site.preflight(url, method, *headers, origin=origin), origin)

    return ask


def download(change: Callable[[str], str] = str, method: str = "GET", **headers: str) -> Ask:
    """An image fetched with its address."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def ask(side: Side) -> str:
        answer = await side.site.request(method, change(await side.stored()), None, sent)
        shown = answer.headers.get("Content-Disposition", "") if answer.status == 200 else ""
        return f"{s3(answer)} {shown}".strip()

    return ask


def _parameter(name: str, value: str) -> Callable[[str], str]:
    return lambda url: re.sub(rf"{name}=[^&]*", f"{name}={value}", url)


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


S3 = {
    "PUT as signed": put(),
    "the same PUT again": twice,
    "more bytes than were signed": put(PNG + b"!"),
    "fewer bytes": put(PNG[:-1]),
    "another Content-Type": put(content_type="text/html"),
    "no Content-Type": put(content_type=""),
    "no If-None-Match": put(if_none_match=""),
    "If-None-Match with an ETag": put(if_none_match='"0"'),
    "an unsigned Cache-Control": put(cache_control="no-cache"),
    "an unsigned x-amz-acl": put(x_amz_acl="public-read"),
    "an unsigned x-amz-meta-a": put(x_amz_meta_a="b"),
    "a wrong Content-MD5": put(content_md5=_digest(b"another")),
    "a malformed Content-MD5": put(content_md5="short"),
    "the right Content-MD5": put(content_md5=_digest(PNG)),
    "another key": changed(lambda url: url.replace("?", "x?", 1)),
    "another signature": changed(_parameter("X-Amz-Signature", "0" * 64)),
    "a longer life": changed(_parameter("X-Amz-Expires", "3600")),
    "an earlier date": changed(_parameter("X-Amz-Date", "20200101T000000Z")),
    "a parameter more": changed(lambda url: f"{url}&a=b"),
    "no signature": changed(lambda url: url.partition("?")[0]),
    "GET on an address for PUT": changed(str, "GET"),
    "HEAD on it": changed(str, "HEAD"),
    "DELETE on it": changed(str, "DELETE"),
    "POST on it": changed(str, "POST"),
    "preflight of the PUT": upload_preflight("PUT", "content-type", "if-none-match"),
    "preflight of another site": upload_preflight("PUT", "content-type", foreign=True),
    "preflight with another header": upload_preflight("PUT", "x-amz-acl"),
    "preflight of DELETE": upload_preflight("DELETE"),
    "GET of an image": download(),
    "GET with a range": download(Range="bytes=0-3"),
    "GET with a range behind its end": download(Range="bytes=9999-"),
    "GET with another disposition": download(lambda url: url.replace("attachment", "inline")),
    "PUT on an address for GET": download(str, "PUT"),
}


# ---- the HTTP API


def call(method: str, path: str, data: bytes | None = None, **headers: str) -> Ask:
    """Any call of the API."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def ask(side: Side) -> str:
        url = f"{side.site.api}{path}"
        return http(await side.site.request(method, url, data, sent), side.site.origin)

    return ask


def api_preflight(path: str, method: str, *, foreign: bool = False) -> Ask:
    """What a browser asks the API."""

    async def ask(side: Side) -> str:
        origin, url = ELSEWHERE if foreign else side.site.origin, f"{side.site.api}{path}"
        return http(await side.site.preflight(url, method, "content-type", origin=origin), origin)

    return ask


async def unchanged(side: Side) -> str:
    """A state that the page has already."""
    session, _ = await side.claimed()
    place, token = f"/sessions/{session['sessionId']}", session["desktopToken"]
    tag = (await side.site.ask("GET", place, token)).headers.get("ETag", "")
    again = await side.site.ask("GET", place, token, **{"If-None-Match": tag})
    return http(again, side.site.origin)


def foreign_call() -> Ask:
    """A call of another site's page."""

    async def ask(side: Side) -> str:
        answer = await side.site.ask("POST", "/sessions", body={}, Origin=ELSEWHERE)
        return http(answer, ELSEWHERE)

    return ask


TOKEN = f"Bearer {'A' * 32}"
NO_ONE = "/sessions/00000000-0000-4000-8000-000000000000"
HTTP = {
    "POST /sessions": call("POST", "/sessions", b"{}"),
    "POST /sessions of another site": foreign_call(),
    "a list for a body": call("POST", "/sessions", b"[]"),
    "a body that isn't JSON": call("POST", "/sessions", b"{"),
    "a body of 9 KiB": call("POST", "/sessions", b'{"a":"' + b"x" * 9216 + b'"}'),
    "a body above 10 MB": call("POST", "/sessions", b"x" * (10 * 1024 * 1024 + 1)),
    "a header of 9,000 bytes": call("POST", "/sessions", x_a="v" * 9_000),
    "a header of 12,000 bytes": call("POST", "/sessions", x_a="v" * 12_000),
    "GET without a token": call("GET", NO_ONE),
    "GET of no one's session": call("GET", NO_ONE, authorization=TOKEN),
    "GET with a NUL in the path": call("GET", "/sessions/%00", authorization=TOKEN),
    "a state that is known": unchanged,
    "no such route": call("GET", "/nothing"),
    "a route by another method": call("PUT", "/sessions"),
    "HEAD": call("HEAD", "/sessions"),
    "a slash at the end": call("POST", "/sessions/", b"{}"),
    "preflight": api_preflight("/sessions", "POST"),
    "preflight of another site": api_preflight("/sessions", "POST", foreign=True),
    "preflight of no route": api_preflight("/nothing", "POST"),
}


# ---- the WebSocket API


def handshake(origin: str | None = None, stage: str = "") -> Ask:
    """May it connect?"""

    async def ask(side: Side) -> str:
        url = side.site.socket if not stage else side.site.socket.rsplit("/", 1)[0] + stage
        given = side.site.origin if origin is None else origin
        headers = {"Origin": given} if given else {}
        try:
            async with side.site.http.ws_connect(url, headers=headers):
                return "101"
        except aiohttp.WSServerHandshakeError as refused:
            return str(refused.status)

    return ask


def message(*texts: str | bytes) -> Ask:
    """What comes after these messages: an answer, silence, or an end."""

    async def ask(side: Side) -> str:
        async with side.site.connected() as desktop:
            for text in texts:
                if isinstance(text, bytes):
                    await desktop.socket.send_bytes(text)
                else:
                    await desktop.socket.send_str(text)
            return await _heard(desktop.socket)

    return ask


async def _heard(socket: aiohttp.ClientWebSocketResponse) -> str:
    try:
        came = await socket.receive(QUIET_SECONDS)
    except TimeoutError:
        return "silence"
    if came.type != aiohttp.WSMsgType.TEXT:
        return f"closed with {socket.close_code}"
    value = json.loads(came.data)
    kept = {key: value[key] for key in ("type", "error", "message", "status") if key in value}
    return " ".join(str(one) for one in kept.values())


def subscription(token: str = "") -> Ask:
    """The state of a session, with its token or another."""

    async def ask(side: Side) -> str:
        session, _ = await side.claimed()
        asked = {"action": "subscribe", "v": 1, "sessionId": session["sessionId"]}
        return await message(json.dumps(asked | {"token": token or session["desktopToken"]}))(side)

    return ask


WEBSOCKET = {
    "a handshake": handshake(),
    "a handshake of another site": handshake(ELSEWHERE),
    "a handshake without Origin": handshake(""),
    "a handshake at another stage": handshake(stage="/other"),
    "ping": message('{"action":"ping"}'),
    "an unknown action": message('{"action":"dance"}'),
    "an action called $connect": message('{"action":"$connect"}'),
    "text that isn't JSON": message("garbage"),
    "a list": message("[]"),
    "an object of 31 KiB": message(json.dumps({"action": "ping", "a": "x" * 31 * 1024})),
    "a frame above 32 KiB": message(json.dumps({"action": "ping", "a": "x" * 32 * 1024})),
    "a message above 128 KiB": message("x" * (128 * 1024 + 1)),
    "a binary frame": message(b'{"action":"ping"}'),
    "subscribe": subscription(),
    "subscribe with a wrong token": subscription(secrets.token_hex(16)),
}
REQUESTS = tuple(
    Request(service, title, ask)
    for service, asked in (("S3", S3), ("HTTP API", HTTP), ("WebSocket API", WEBSOCKET))
    for title, ask in asked.items()
)


async def answers(site: Site) -> dict[Request, str]:
    """What one cloud answers to all of them."""
    side = Side(replace(site, patience=20.0))
    return {request: await _answer(side, request) for request in REQUESTS}


async def _answer(side: Side, request: Request) -> str:
    """What is said when it isn't too much at once, which the environment's own limit decides."""
    for _ in range(PATIENT_TRIES):
        try:
            told = await request.ask(side)
        except Failed as failed:
            if not failed.got.startswith(THROTTLED):
                raise
            told = THROTTLED
        except aiohttp.ClientError as error:
            return f"no answer ({type(error).__name__})"
        if not told.startswith(THROTTLED):
            return told
        await asyncio.sleep(1)
    return told
