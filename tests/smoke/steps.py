"""What a stack has to do, step by step; each with its entry of docs/operations.md."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from pipeline.website import CONFIG
from tests.smoke.account import Account
from tests.smoke.site import PNG, TYPE, Answer, Desktop, Failed, Site, expect

ELSEWHERE = "https://elsewhere.example.com"
SHORT_SECONDS = 5  # how long an address lives that is to expire
API_HEADERS = ("authorization", "content-type", "if-none-match")
PAGES = ("", "index.html", "phone.html")
ADDRESSED = ("index.html", "phone.html")
SECURITY_HEADERS = {
    "strict-transport-security": "max-age=",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "frame-ancestors 'none'",
}
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
NOT_LIVE = "not asked: live_status is off"
LOADED = re.compile(r'<(?:script|link)\b[^>]*\b(?:src|href)="([^":#?]+)"')

# Entries of docs/operations.md, "Troubleshooting".
WEBSITE = "The website doesn't answer, or names other addresses"
CORS = "A page may not speak to the API or to the bucket"
AROUND = "The APIs answer past the distribution, or not through it"
CONTRACT = "The API answers otherwise than the contract says"
DATABASE = "DynamoDB denies access"
SOCKET = "The WebSocket connection fails"
STREAM = "The desktop doesn't see the phone arrive"
TRANSFER = "An image can't be sent or fetched, or a wrong one is taken"
EVENT = "The function isn't triggered by S3"
ALARMS = "An alarm is missing"
OWN_RIGHTS = "The smoke test lacks a right, or leaves something behind"


@dataclass
class Visit:
    """One passage through an application, and what is known on the way."""

    site: Site
    account: Account
    outputs: Mapping[str, str]
    published: Mapping[str, str]
    open: AsyncExitStack
    made: list[str] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)
    phone: dict[str, Any] = field(default_factory=dict)
    address: dict[str, Any] = field(default_factory=dict)
    desktop: Desktop = field(init=False)

    def waits(self, seconds: float) -> None:
        """Be so patient from here on."""
        self.site.patience = seconds
        if hasattr(self, "desktop"):
            self.desktop.patience = seconds

    @property
    def place(self) -> str:
        """The session's path."""
        return f"/sessions/{self.session['sessionId']}"

    async def new_session(self) -> dict[str, Any]:
        """A session that is deleted at the end."""
        answer = await self.site.ask("POST", "/sessions", body={})
        answer.expect("making a session", 201)
        made = answer.json(
            "the new session", "sessionId", "desktopToken", "uploadToken", "createdAt", "expiresAt"
        )
        self.made.append(made["sessionId"])
        return made

    async def state(self) -> dict[str, Any]:
        """How the session is, asked as the desktop."""
        answer = await self.site.ask("GET", self.place, self.session["desktopToken"])
        answer.expect("reading the session", 200)
        return answer.json("the session's state", "status", "rev", "uploads")

    async def page(self, path: str) -> Answer:
        """A file of the website, as a visitor gets it."""
        answer = await self.site.request(
            "GET", f"{self.site.origin}/{path}", headers={"Origin": ""}
        )
        return answer.expect(f"/{path} of the website", 200)

    async def until(self, awaited: str, seen: Callable[[], Awaitable[str]]) -> None:
        """Ask until it is there: `seen` answers what isn't as awaited yet."""
        end = time.monotonic() + self.site.patience
        while got := await seen():
            if time.monotonic() > end:
                raise Failed(f"{awaited}, within {self.site.patience:g} s", got)
            await asyncio.sleep(0.2)


# ---- the website


async def pages_answer(visit: Visit) -> None:
    """Both pages, and what they load."""
    loaded = set()
    for path in PAGES:
        page = await visit.page(path)
        kind = page.headers.get("Content-Type", "")
        expect(f"the type of /{path}", kind.partition(";")[0], "text/html")
        loaded |= set(LOADED.findall(page.text))
    if not loaded:
        raise Failed("pages that load a script", "pages that load nothing")
    for path in sorted(loaded):
        await visit.page(path)


async def addresses_are_its_own(visit: Visit) -> None:
    """config.json names the stack's addresses, and the pages' own policies allow them."""
    wanted = visit.published[CONFIG]
    expect(f"/{CONFIG}", (await visit.page(CONFIG)).text, wanted)
    for path in ADDRESSED:
        policy = _connections(visit.published[path])
        expect(f"connect-src of /{path}", _connections((await visit.page(path)).text), policy)


def _connections(page: str) -> str:
    """The addresses to which a page lets itself connect."""
    policy = POLICY.search(page)
    parts = policy[1].split(";") if policy else []
    return next((part.strip() for part in parts if part.strip().startswith("connect-src")), "")


async def pages_are_protected(visit: Visit) -> str:
    """The page's own policy, and security headers where something can send them."""
    for path in PAGES:
        page = await visit.page(path)
        policy = POLICY.search(page.text)
        if policy is None or "default-src 'none'" not in policy[1]:
            raise Failed(
                f"a policy inside /{path}: default-src 'none'", policy[1] if policy else "none"
            )
        if "DistributionId" in visit.outputs:
            for name, wanted in SECURITY_HEADERS.items():
                value = page.headers.get(name, "")
                if wanted not in value:
                    raise Failed(f"{name} of /{path}: {wanted}", value or "no such header")
    return "" if "DistributionId" in visit.outputs else "no headers: S3 alone sends none"


# ---- the API


async def api_may_be_called(visit: Visit) -> str:
    """Preflight and answer, by the website's pages and by nobody else's."""
    url = f"{visit.site.api}/sessions"
    for method in ("GET", "POST", "DELETE"):
        what = f"the API's answer to a preflight of {method}"
        if not visit.site.is_one_address:
            own = await visit.site.preflight(url, method, *API_HEADERS, origin=visit.site.origin)
            _expect_granted(what, own, visit.site.origin, method, API_HEADERS)
        foreign = await visit.site.preflight(url, method, *API_HEADERS, origin=ELSEWHERE)
        _expect_not_granted(what, foreign)
    answer = await visit.site.ask("GET", "/sessions/none")
    answer.expect("reading without a token", 401)
    if not visit.site.is_one_address:
        _expect_readable("the API's answer", answer, visit.site.origin)
    _expect_not_granted(
        "the API's answer", await visit.site.ask("GET", "/sessions/none", Origin=ELSEWHERE)
    )
    for name, wanted in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
        expect(f"{name} of the API's answer", answer.headers.get(name), wanted)
    return "without preflights: it is their own address" if visit.site.is_one_address else ""


async def nobody_goes_around(visit: Visit) -> str:
    """Past the distribution neither API answers, whatever key is made up."""
    if not visit.site.is_one_address:
        return "no distribution before them"
    stage = urlsplit(visit.site.socket).path
    for api, url in sorted((await asyncio.to_thread(visit.account.own_addresses)).items()):
        for key in ({}, {"x-origin-key": secrets.token_hex(24)}):
            if url.startswith("ws"):
                await _expect_no_socket(visit, url + stage, key)
                continue
            answer = await visit.site.request("POST", f"{url}/sessions", b"{}", key)
            answer.expect(f"a session asked for at {api} itself", 403)
            said = answer.json(f"the refusal of {api}", "error")
            expect(f"the refusal of {api}", said["error"], "forbidden")
    return ""


async def _expect_no_socket(visit: Visit, url: str, headers: Mapping[str, str]) -> None:
    what = "a connection past the distribution"
    try:
        async with visit.site.http.ws_connect(url, origin=visit.site.origin, headers=headers):
            raise Failed(f"{what} refused with 403", "a connection")
    except aiohttp.WSServerHandshakeError as refused:
        expect(what, refused.status, 403)


def _expect_granted(
    what: str, answer: Answer, origin: str, method: str, headers: tuple[str, ...]
) -> None:
    answer.expect(what, 200, 204)
    if not answer.granted(origin):
        raise Failed(f"{what}: allowed to {origin}", _cors(answer))
    methods = _listed(answer, "Access-Control-Allow-Methods")
    allowed = _listed(answer, "Access-Control-Allow-Headers")
    if method.lower() not in methods | ({method.lower()} if "*" in methods else set()):
        raise Failed(f"{what}: the method {method} allowed", _cors(answer))
    if missing := set(headers) - allowed:
        raise Failed(f"{what}: the headers {', '.join(sorted(missing))} allowed", _cors(answer))


def _expect_readable(what: str, answer: Answer, origin: str) -> None:
    if not answer.granted(origin):
        raise Failed(f"{what}: readable by {origin}", _cors(answer))
    if "etag" not in _listed(answer, "Access-Control-Expose-Headers"):
        raise Failed(f"{what}: ETag readable", _cors(answer))


def _expect_not_granted(what: str, answer: Answer) -> None:
    if answer.granted(ELSEWHERE):
        raise Failed(f"{what}: nothing allowed to {ELSEWHERE}", _cors(answer))


def _listed(answer: Answer, name: str) -> set[str]:
    return {one.strip().lower() for one in answer.headers.get(name, "").split(",") if one.strip()}


def _cors(answer: Answer) -> str:
    """What an answer says to a browser."""
    said = {
        name.lower(): value
        for name, value in answer.headers.items()
        if name.lower().startswith("access-control-")
    }
    told = ", ".join(f"{name}: {value}" for name, value in sorted(said.items()))
    return f"{answer.status} with {told or 'no CORS header'}"


async def session_is_made(visit: Visit) -> None:
    """POST /sessions, and the state that can be read of it, once."""
    visit.session = await visit.new_session()
    answer = await visit.site.ask("GET", visit.place, visit.session["desktopToken"])
    answer.expect("reading the session", 200)
    state = answer.json("the session's state", "status", "rev", "uploads")
    expect("a new session's status", state["status"], "AWAITING_SCAN")
    tag = answer.headers.get("ETag", "")
    again = await visit.site.ask(
        "GET", visit.place, visit.session["desktopToken"], **{"If-None-Match": tag}
    )
    again.expect("reading the session again, with its ETag", 304)


async def phone_claims(visit: Visit) -> None:
    """A phone gets its own token, and a second one gets none."""
    visit.phone = await visit.site.claim(visit.session)
    second = {"phone": secrets.token_hex(16)}
    answer = await visit.site.ask(
        "POST", f"{visit.place}/claim", visit.session["uploadToken"], second
    )
    answer.expect("a claim by a second phone", 409)
    wrong = await visit.site.ask("GET", visit.place, secrets.token_urlsafe(24))
    wrong.expect("reading with a wrong token", 404)


async def wrong_files_get_no_address(visit: Visit) -> None:
    """Too large, or of a type that isn't an image's."""
    for what, status, wrong in (
        ("too large", 413, {"size": visit.phone["maxBytes"] + 1}),
        ("of another type", 415, {"contentType": "image/svg+xml"}),
    ):
        asked = {"uploadId": secrets.token_hex(16), "contentType": TYPE, "size": len(PNG)} | wrong
        answer = await visit.site.ask(
            "POST", f"{visit.place}/uploads", visit.phone["phoneToken"], asked
        )
        answer.expect(f"asking for an address of a file {what}", status)


# ---- the socket


async def socket_refuses_others(visit: Visit) -> None:
    """A page of another site gets no connection."""
    try:
        async with visit.site.connected(ELSEWHERE):
            raise Failed(f"a connection of {ELSEWHERE} refused with 403", "a connection")
    except aiohttp.WSServerHandshakeError as refused:
        expect(f"a connection of {ELSEWHERE}", refused.status, 403)


async def desktop_subscribes(visit: Visit) -> None:
    """A connection, an answer to a ping, and the session's state."""
    visit.desktop = await visit.open.enter_async_context(visit.site.connected())
    await visit.desktop.socket.send_json({"action": "ping", "v": 1})
    async with asyncio.timeout(visit.site.patience):
        pong = await visit.desktop.message("an answer to a ping")
    expect("an answer to a ping", pong.get("type"), "pong")
    await visit.desktop.subscribe(visit.session)


async def desktop_sees_the_phone(visit: Visit) -> str:
    """Pushed by the table's stream, before any file."""
    if not visit.account.pushes_at_once():
        return NOT_LIVE
    await visit.desktop.until(
        "a push that the phone is there", lambda state: state["status"] == "SCANNED"
    )
    return ""


# ---- the bucket


async def bucket_may_be_used(visit: Visit) -> None:
    """Preflights of both requests, by the website's pages and by nobody else's."""
    visit.address = await visit.site.upload_address(visit.place, visit.phone)
    for method, headers in (("PUT", tuple(visit.address["headers"])), ("GET", ())):
        what = f"the bucket's answer to a preflight of {method}"
        own = await visit.site.preflight(
            visit.address["url"], method, *headers, origin=visit.site.origin
        )
        _expect_granted(what, own, visit.site.origin, method, headers)
        _expect_not_granted(
            what,
            await visit.site.preflight(visit.address["url"], method, *headers, origin=ELSEWHERE),
        )


async def bucket_refuses_what_was_not_signed(visit: Visit) -> None:
    """Another size, another type, no write-once, another key, a longer life, nothing signed."""
    address = visit.address
    url, upload = address["url"], address["uploadId"]
    lives = f"X-Amz-Expires={dict(parse_qsl(urlsplit(url).query))['X-Amz-Expires']}"
    headers: dict[str, dict[str, str]] = {
        "of another type than was signed": {"content-type": "text/html"},
        "without write-once": {"if-none-match": ""},
    }
    urls = {
        "under another key": url.replace(upload, upload[::-1]),
        "with a life that was made longer": url.replace(lives, "X-Amz-Expires=86400"),
        "without a signature": url.partition("?")[0],
    }
    answers = {"larger than was signed": await visit.site.put(address, PNG + b"more")}
    answers |= {what: await visit.site.put(address, PNG, **sent) for what, sent in headers.items()}
    for what, other in urls.items():
        answers[what] = await visit.site.put({**address, "url": other}, PNG)
    for what, answer in answers.items():
        answer.expect(f"sending a file {what}", 403)


async def image_is_taken_once(visit: Visit) -> None:
    """What was signed is stored, and never replaced."""
    stored = await visit.site.put(visit.address, PNG)
    stored.expect("sending the image", 200)
    _expect_readable("the bucket's answer", stored, visit.site.origin)
    _expect_not_granted(
        "the bucket's answer", await visit.site.put(visit.address, PNG, Origin=ELSEWHERE)
    )
    (await visit.site.put(visit.address, PNG)).expect("sending the same image again", 412)


async def event_settles_it(visit: Visit) -> None:
    """The bucket tells the function, which looks at the image and writes that it is there."""

    async def seen() -> str:
        uploads = {one["id"]: one["status"] for one in (await visit.state())["uploads"]}
        status = uploads.get(visit.address["uploadId"], "not listed")
        return "" if status == "STORED" else f"the upload is {status}"

    await visit.until("the upload to be STORED", seen)


async def desktop_hears_of_it(visit: Visit) -> None:
    """Pushed by the function that the event started."""
    await visit.desktop.until(
        "a push that the upload is STORED",
        lambda state: any(
            upload["id"] == visit.address["uploadId"] and upload["status"] == "STORED"
            for upload in state["uploads"]
        ),
    )


async def image_is_fetched(visit: Visit) -> None:
    """Byte for byte, as an attachment of its type, with an address that only reads."""
    path = f"{visit.place}/uploads/{visit.address['uploadId']}"
    asked = await visit.site.ask("GET", path, visit.session["desktopToken"])
    url = asked.expect("asking for the image's address", 200).json("the image's address", "url")[
        "url"
    ]
    answer = await visit.site.request("GET", url)
    answer.expect("fetching the image", 200)
    expect("the image's bytes", answer.data, PNG)
    expect("the image's type", answer.headers.get("Content-Type"), TYPE)
    expect("the image's disposition", answer.headers.get("Content-Disposition"), "attachment")
    if not answer.granted(visit.site.origin):
        raise Failed(f"the image readable by {visit.site.origin}", _cors(answer))
    (await visit.site.request("DELETE", url)).expect("deleting with the address", 403)


# ---- the end


async def cancelled_and_heard(visit: Visit) -> str:
    """The session is ended, and the desktop hears of it."""
    answer = await visit.site.ask("DELETE", visit.place, visit.session["desktopToken"])
    answer.expect("cancelling the session", 200)
    if not visit.account.pushes_at_once():
        return NOT_LIVE
    await visit.desktop.until(
        "a push that the session is over", lambda state: state["status"] == "CANCELLED"
    )
    return ""


async def connection_is_forgotten(visit: Visit) -> None:
    """The function finds the session of a closed connection by the table's index."""
    session = visit.session["sessionId"]
    if await asyncio.to_thread(visit.account.connection, session) is None:
        raise Failed("a session that is bound to the desktop's connection", "one that isn't")
    await visit.desktop.socket.close()

    async def seen() -> str:
        bound = await asyncio.to_thread(visit.account.connection, session)
        return "the session is still bound to it" if bound else ""

    await visit.until("a closed connection to be forgotten", seen)


async def nothing_works_late(visit: Visit) -> None:
    """An address ends with its session, whose time is made short, and so does everything else."""
    session, began = await visit.new_session(), time.monotonic()
    place, phone = f"/sessions/{session['sessionId']}", await visit.site.claim(session)
    passed = int(time.monotonic() - began)  # rounded up, the end might be later than wanted
    end = session["createdAt"] + passed + SHORT_SECONDS
    await asyncio.to_thread(visit.account.let_end, session["sessionId"], end)
    address = await visit.site.upload_address(place, phone)
    lives = int(dict(parse_qsl(urlsplit(address["url"]).query))["X-Amz-Expires"])
    if lives > SHORT_SECONDS:
        raise Failed(f"an address that lives {SHORT_SECONDS} s, as its session does", f"{lives} s")
    await asyncio.sleep(lives + 1)
    late = (await visit.site.put(address, PNG)).expect(
        "sending with an address that has expired", 403
    )
    if "expired" not in late.text:
        raise Failed("a refusal because the address has expired", late.excerpt)
    asked = {"uploadId": secrets.token_hex(16), "contentType": TYPE, "size": len(PNG)}
    again = await visit.site.ask("POST", f"{place}/uploads", phone["phoneToken"], asked)
    again.expect("asking for an address after the session's end", 410)


async def alarms_are_there(visit: Visit) -> str:
    """Every alarm of the template."""
    number = await asyncio.to_thread(visit.account.check_alarms)
    return f"{number} of them" if number else "this environment has none"


Act = Callable[[Visit], Awaitable[str | None]]


@dataclass(frozen=True)
class Step:
    """A line of the report, and what makes it true."""

    title: str
    entry: str
    act: Act  # what it returns are more words for the line, if any


STEPS = (
    Step("the website's pages answer, with what they load", WEBSITE, pages_answer),
    Step("they name this stack's addresses", WEBSITE, addresses_are_its_own),
    Step("they are protected by headers or their own policy", WEBSITE, pages_are_protected),
    Step("the API may be called by them, and by no other site's", CORS, api_may_be_called),
    Step("nobody goes around what stands before it", AROUND, nobody_goes_around),
    Step("a session is made", DATABASE, session_is_made),
    Step("the socket refuses another site's page", SOCKET, socket_refuses_others),
    Step("a desktop connects and subscribes", SOCKET, desktop_subscribes),
    Step("a phone claims the session, and no second one", DATABASE, phone_claims),
    Step("the desktop sees the phone arrive", STREAM, desktop_sees_the_phone),
    Step("a wrong file gets no address", CONTRACT, wrong_files_get_no_address),
    Step("the bucket may be used by the pages, and by no other site's", CORS, bucket_may_be_used),
    Step("it refuses what wasn't signed", TRANSFER, bucket_refuses_what_was_not_signed),
    Step("it takes an image, once", TRANSFER, image_is_taken_once),
    Step("its event reaches the function", EVENT, event_settles_it),
    Step("the desktop hears of the image", SOCKET, desktop_hears_of_it),
    Step("the image is fetched, byte for byte", TRANSFER, image_is_fetched),
    Step("the session is cancelled, and the desktop hears of it", STREAM, cancelled_and_heard),
    Step("a closed connection is forgotten", DATABASE, connection_is_forgotten),
    Step("nothing works after its time", TRANSFER, nothing_works_late),
    Step("every alarm of the template exists", ALARMS, alarms_are_there),
)
