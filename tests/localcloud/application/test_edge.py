"""A distribution's front between a viewer and what stands behind it: an API, sockets, a bucket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import BaseTestServer, TestServer, make_mocked_request

from localcloud.application.blueprint import (
    Behaviour,
    Blueprint,
    Bucket,
    Distribution,
    ErrorPage,
    Origin,
    RateRule,
)
from localcloud.application.conditions import Conditions
from localcloud.application.edge import firewall, patterns, viewer_events, viewer_functions
from localcloud.application.edge.distribution import DistributionFront
from localcloud.application.edge.firewall import Firewall, Seen
from localcloud.application.edge.viewer_functions import Failed, ViewerFunctions
from localcloud.application.pace import Pace
from localcloud.application.s3.stored_files import StoredFiles
from tests.localcloud.application.things import Lines, asynchronous, blueprint

KEY = "k" * 48
ALL = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")
API = Origin("api", api="HttpApi", headers={"x-origin-key": KEY})
PATIENCE = 30.0
PAGES = """
function handler(event) {
  const request = event.request;
  if (request.uri === "/old") {
    const value = `https://${request.headers.host.value}/new`;
    return { statusCode: 301, headers: { location: { value } } };
  }
  if (!request.uri.split("/").pop().includes(".")) request.uri = "/index.html";
  return request;
}
"""
READS = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
}


def _pattern(pattern: str) -> Behaviour:
    return Behaviour(pattern, "x", ALL)


# ---- paths


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        ("/sessions", "/sessions", True),
        ("sessions", "/sessions", True),
        ("/sessions", "/sessions/", False),
        ("/sessions", "/sessions/a", False),
        ("/sessions/*", "/sessions/a/claim", True),
        ("/sessions/*", "/sessions/", True),
        ("/sessions/*", "/sessions", False),
        ("/sessions/*", "/Sessions/a", False),
        ("/prod", "/prod", True),
        ("/prod", "/PROD", False),
        ("/prod", "/production", False),
        ("*.jpg", "/a/b.jpg", True),
        ("/a?c", "/abc", True),
        ("/a?c", "/ac", False),
        ("/a.c", "/abc", False),
        ("*", "/", True),
    ],
)
def test_a_path_pattern_matches_as_cloudfront_says(pattern: str, path: str, hit: bool) -> None:
    assert patterns.matches(pattern, path) is hit


def test_the_first_behaviour_that_matches_takes_the_path() -> None:
    listed = [_pattern("/a/*"), _pattern("/a/b"), _pattern("*")]

    assert patterns.find(listed, "/a/b").pattern == "/a/*"
    assert patterns.find(listed, "/c").pattern == "*"


# ---- the firewall


@dataclass
class Hands:
    """A clock that a test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


POSTS = {
    "AndStatement": {
        "Statements": [
            {
                "ByteMatchStatement": {
                    "FieldToMatch": {place: {}},
                    "PositionalConstraint": "EXACTLY",
                    "SearchString": text,
                    "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
                }
            }
            for place, text in (("Method", b"POST"), ("UriPath", b"/sessions"))
        ]
    }
}


def test_a_rate_is_of_one_address_and_passes_with_its_window() -> None:
    clock = Hands()
    wall = Firewall([RateRule("all", 3, 300)], Pace(), clock)
    mine, others = Seen("1.1.1.1", "GET", "/"), Seen("2.2.2.2", "GET", "/")

    assert [wall.blocked_by(mine) is None for _ in range(5)] == [True, True, True, False, False]
    assert wall.blocked_by(others) is None
    clock.now = 299.0
    assert wall.blocked_by(mine) is not None
    clock.now = 600.0
    assert wall.blocked_by(mine) is None


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("POST", "/sessions", True),
        ("GET", "/sessions", False),
        ("POST", "/sessions/", False),
        ("POST", "/Sessions", False),
    ],
)
def test_a_rule_counts_what_its_scope_says(method: str, path: str, counts: bool) -> None:
    wall = Firewall([RateRule("posts", 1, 300, POSTS)], Pace())
    seen = Seen("1.1.1.1", method, path)

    assert wall.blocked_by(seen) is None
    assert (wall.blocked_by(seen) is not None) is counts


@pytest.mark.parametrize("path", ["/sessions", "/%73essions", "//sessions", "/x/../sessions"])
def test_an_address_counts_in_each_of_its_spellings(path: str) -> None:
    statement = {
        "ByteMatchStatement": {
            "FieldToMatch": {"UriPath": {}},
            "PositionalConstraint": "EXACTLY",
            "SearchString": b"/sessions",
            "TextTransformations": [
                {"Priority": 0, "Type": "URL_DECODE"},
                {"Priority": 1, "Type": "NORMALIZE_PATH"},
            ],
        }
    }

    assert firewall.not_judged(statement) == ""
    assert firewall.holds(statement, Seen("", "POST", path))
    assert not firewall.holds(statement, Seen("", "POST", f"{path}/1"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (None, ""),
        (POSTS, ""),
        ({"NotStatement": {"Statement": POSTS}}, ""),
        ({"GeoMatchStatement": {"CountryCodes": ["AT"]}}, "GeoMatchStatement"),
        ({"OrStatement": {"Statements": [POSTS, {"IPSetReferenceStatement": {}}]}}, "IPSet"),
    ],
)
def test_what_a_scope_asks_and_nobody_judges_here_is_named(statement: Any, said: str) -> None:
    assert firewall.not_judged(statement).startswith(said)
    assert bool(firewall.not_judged(statement)) is bool(said)


def test_a_scope_is_a_whole_expression() -> None:
    either = {"OrStatement": {"Statements": [POSTS, {"NotStatement": {"Statement": POSTS}}]}}

    assert firewall.holds(either, Seen("", "GET", "/"))
    assert not firewall.holds({"NotStatement": {"Statement": either}}, Seen("", "GET", "/"))


# ---- viewer functions


@asynchronous
async def test_a_function_is_run_and_its_context_has_nothing_of_this_machine() -> None:
    functions = ViewerFunctions()
    try:
        for name in ("process", "require", "fetch", "setTimeout", "Buffer"):
            code = f"function handler() {{ return {{ uri: '/' + typeof {name} }} }}"
            assert await functions.run(code, {}) == {"uri": "/undefined"}
        waiting = "async function handler(event) { return await { uri: event.uri } }"
        assert await functions.run(waiting, {"uri": "/ä"}) == {"uri": "/ä"}
    finally:
        await functions.close()


@pytest.mark.parametrize(
    "code",
    [
        "function handler() { throw new Error('no') }",
        "function handler() { while (true); }",
        "function handler() { return eval('1') }",
        "function other() {}",
        "function (",
    ],
)
@asynchronous
async def test_a_function_that_fails_says_so_and_ends_no_other(code: str) -> None:
    functions = ViewerFunctions()
    try:
        with pytest.raises(Failed):
            await functions.run(code, {})
        assert await functions.run("function handler() { return { uri: '/' } }", {}) == {"uri": "/"}
    finally:
        await functions.close()


@asynchronous
async def test_a_function_that_never_answers_is_ended_and_another_runs_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    functions = ViewerFunctions()
    try:
        with monkeypatch.context() as hurried:
            hurried.setattr(viewer_functions, "LONGEST_SECONDS", 0.1)
            with pytest.raises(Failed, match="did not end"):
                await functions.run("async function handler() { await new Promise(() => {}) }", {})
        assert await functions.run("function handler() { return { uri: '/' } }", {}) == {"uri": "/"}
    finally:
        await functions.close()


@pytest.mark.parametrize(
    ("path", "said"), [("/x?b=%20&a=+&b", "b=%20&a=+&b"), ("/x?a?b", "a?b"), ("/x", "undefined")]
)
@asynchronous
async def test_a_function_reads_the_query_as_it_was_sent(path: str, said: str) -> None:
    code = """
        function handler(event) {
          var location = { value: "q:" + event.request.rawQueryString() };
          return { statusCode: 302, headers: { location: location } };
        }"""
    async with edge(behaviours=(Behaviour("*", "website", ("GET",), {}, code),)) as made:
        _, headers, _ = await made.ask("GET", path)

    assert headers["Location"] == f"q:{said}"


def test_a_question_mark_alone_is_an_empty_query() -> None:
    assert viewer_events.query(make_mocked_request("GET", "/x?")) == ""
    assert viewer_events.query(make_mocked_request("GET", "/x")) is None


@asynchronous
async def test_requests_at_once_get_each_their_own_answer() -> None:
    functions = ViewerFunctions()
    code = "function handler(event) { return event }"
    try:
        answers = await asyncio.gather(*(functions.run(code, {"n": n}) for n in range(50)))
    finally:
        await functions.close()

    assert answers == [{"n": n} for n in range(50)]


# ---- the whole front


@dataclass
class Edge:
    """A front on a port, and what its origin saw."""

    url: str = ""
    http: aiohttp.ClientSession = field(init=False)
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any, str]:
        """Status, headers and text."""
        given = {"allow_redirects": False, **more}
        async with self.http.request(method, self.url + path, **given) as answer:
            return answer.status, answer.headers, await answer.text()


class Files:
    """A bucket with three objects, as an S3 client."""

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803 - AWS's names
        from botocore.exceptions import ClientError

        if Key not in {"index.html", "app.js", "a b.txt"}:
            error: Any = {"ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(error, "GetObject")

        class Body:
            def read(self) -> bytes:
                return Key.encode()

        return {"ContentType": "text/html", "ETag": '"tag"', "Body": Body()}


def _distribution(**changed: Any) -> Distribution:
    made = Distribution(
        logical_id="Distribution",
        id="E1",
        domain="d1.cloudfront.net",
        aliases=(),
        root="index.html",
        origins={
            "website": Origin("website", bucket="pages"),
            "api": API,
            "gone": Origin("gone", api="Gone"),
        },
        behaviours=(
            Behaviour("/sessions", "api", ALL, {"X-Policy": "json"}),
            Behaviour("/sessions/*", "api", ALL, {"X-Policy": "json"}),
            Behaviour("/prod", "api", ALL),
            Behaviour("/gone", "gone", ALL),
            Behaviour("*", "website", ("GET", "HEAD"), {"X-Policy": "pages"}, PAGES),
        ),
    )
    return replace(made, **changed)


@asynccontextmanager
async def edge(policy: Any = None, **changed: Any) -> AsyncIterator[Edge]:
    """A front with an origin behind it that answers what its path says."""
    statements = [READS, {**READS, "Action": "s3:ListBucket"}] if policy is None else policy
    bucket = Bucket("Pages", "pages", (), (), (), {"Statement": statements})
    stack = blueprint(buckets={"pages": bucket}, distribution=_distribution(**changed))
    made, fronts = Edge(), list[DistributionFront]()

    async def front(request: web.Request) -> web.StreamResponse:
        return await fronts[0].handle(request)

    async with (
        TestServer(_serving(_origin(made))) as behind,
        TestServer(_serving(front)) as before,
        aiohttp.ClientSession() as made.http,
    ):
        made.url = _url(before)
        fronts.append(_front(stack, made, _url(behind)))
        try:
            yield made
        finally:
            made.over.set()
            await fronts[0].close()


def _serving(handle: Any) -> web.Application:
    application = web.Application(client_max_size=1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handle)
    return application


def _url(server: BaseTestServer) -> str:
    return str(server.make_url("")).rstrip("/")


def _front(stack: Blueprint, made: Edge, behind: str) -> DistributionFront:
    def api_url(name: str) -> str:
        return behind if name == "HttpApi" else "http://127.0.0.1:9"

    conditions = Conditions(made.lines.log)
    files = StoredFiles(lambda: stack, Files())
    return DistributionFront(lambda: stack, files, made.url, api_url, conditions)


def _origin(made: Edge) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        made.seen.append(request)
        made.bodies.append(await request.read())
        if request.path == "/prod":
            return await _socket(request)
        if request.path == "/sessions/late":
            await made.over.wait()
        status = int(request.path.rsplit("/", 1)[1]) if request.path[-3:].isdecimal() else 200
        headers = {"ETag": '"3-SCANNED"', "X-Policy": "origin"}
        return web.json_response({"ok": True}, status=status, headers=headers)

    return handle


async def _socket(request: web.Request) -> web.StreamResponse:
    if request.query.get("refuse"):
        return web.json_response({"message": "Forbidden"}, status=403)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.data == "end":
            await socket.close(code=1009, message=b"too long")
        elif message.data == "cut":
            assert request.transport is not None
            request.transport.abort()
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        else:
            await socket.send_str(f"{message.data}!")
    return socket


@asynchronous
async def test_the_api_gets_everything_but_the_host_and_the_distribution_s_key() -> None:
    async with edge() as made:
        status, headers, text = await made.ask(
            "POST",
            "/sessions/a%2Fb?x=1&x=%20",
            data=b'{"a":1}',
            headers={
                "Authorization": "Bearer t",
                "If-None-Match": '"1"',
                "Origin": made.url,
                "X-Origin-Key": "forged",
                "X-Forwarded-For": "6.6.6.6",
                "User-Agent": "Mozilla/5.0 (iPhone) Mobile",
            },
        )

    (seen,) = made.seen
    assert (status, text) == (200, '{"ok": true}')
    assert seen.raw_path == "/sessions/a%2Fb?x=1&x=%20"
    assert made.bodies == [b'{"a":1}']
    assert seen.headers.getall("X-Origin-Key") == [KEY]
    assert seen.headers["Authorization"] == "Bearer t"
    assert seen.headers["If-None-Match"] == '"1"'
    assert seen.headers["Origin"] == made.url
    assert seen.headers["Host"] not in made.url
    assert seen.headers["X-Forwarded-For"] == "6.6.6.6, 127.0.0.1"
    assert "(CloudFront)" in seen.headers["Via"]
    assert (headers["ETag"], headers["X-Policy"]) == ('"3-SCANNED"', "json")


@pytest.mark.parametrize("status", [304, 401, 404, 405, 413, 429, 500, 503])
@asynchronous
async def test_an_api_s_own_answer_stays_its_own(status: int) -> None:
    async with edge() as made:
        told, headers, text = await made.ask("GET", f"/sessions/{status}")

    assert told == status
    assert headers["X-Policy"] == "json"
    assert text == ("" if status == 304 else '{"ok": true}')


@asynchronous
async def test_an_error_page_of_the_distribution_takes_an_api_s_place_too() -> None:
    async with edge(error_pages={404: ErrorPage("/index.html", 404)}) as made:
        status, headers, text = await made.ask("GET", "/sessions/404")

    assert (status, headers["Content-Type"], text) == (404, "text/html", "index.html")


@asynchronous
async def test_methods_and_bodies_that_a_behaviour_takes_not_end_at_the_distribution() -> None:
    async with edge() as made:
        for method, path, more in (
            ("POST", "/index.html", {}),
            ("OPTIONS", "/", {}),
            ("PROPFIND", "/sessions", {}),
            ("GET", "/sessions/a", {"data": b"x"}),
        ):
            status, headers, text = await made.ask(method, path, **more)
            assert (status, headers["Content-Type"][:9]) == (403, "text/html"), (method, path)
            assert "ERROR" in text

    assert made.seen == []
    assert len(made.lines.saying("ends at the distribution → 403")) == 4


@asynchronous
async def test_an_origin_that_is_late_or_gone_is_a_page_of_cloudfront_s() -> None:
    impatient = {**_distribution().origins, "api": replace(API, read_seconds=0.1)}
    async with edge(origins=impatient) as made:
        late = await made.ask("GET", "/sessions/late")
        gone = await made.ask("GET", "/gone")

    assert (late[0], gone[0]) == (504, 502)
    assert "ERROR" in late[2]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "index.html"),
        ("/no/such/page", 200, "index.html"),
        ("/app.js", 200, "app.js"),
        ("/a%20b.txt", 200, "a b.txt"),
        ("/missing.js", 404, "NoSuchKey"),
    ],
)
@asynchronous
async def test_pages_come_from_the_bucket_by_way_of_the_function(
    path: str, status: int, text: str
) -> None:
    async with edge() as made:
        told, headers, said = await made.ask("GET", path)

    assert (told, headers["X-Policy"]) == (status, "pages")
    assert text in said


@asynchronous
async def test_a_function_may_answer_itself_and_knows_the_host_as_the_distribution_s() -> None:
    async with edge(aliases=("upload.example.com",)) as made:
        status, headers, _ = await made.ask("GET", "/old")

    assert (status, headers["Location"]) == (301, "https://upload.example.com/new")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("function handler() { throw new Error('no') }", 503),
        ("function handler() { return {} }", 502),
        ("function handler() { return { uri: 'no-slash' } }", 502),
        ("function handler() { return null }", 502),
    ],
)
@asynchronous
async def test_a_function_that_fails_is_cloudfront_s_error(code: str, status: int) -> None:
    behaviours = (Behaviour("*", "website", ("GET",), {}, code),)
    async with edge(behaviours=behaviours) as made:
        assert (await made.ask("GET", "/"))[0] == status


@asynchronous
async def test_a_page_that_is_known_already_is_not_sent_again() -> None:
    async with edge() as made:
        assert (await made.ask("GET", "/app.js", headers={"If-None-Match": '"tag"'}))[0] == 304


@asynchronous
async def test_a_distribution_reads_what_the_bucket_lets_it_read() -> None:
    async with edge(policy=[READS]) as made:
        assert (await made.ask("GET", "/app.js"))[0] == 200
        assert (await made.ask("GET", "/missing.js"))[0] == 403
    async with edge(policy=[]) as made:
        assert (await made.ask("GET", "/app.js"))[0] == 403


@asynchronous
async def test_a_rate_is_answered_as_its_rule_says_and_never_reaches_the_api() -> None:
    rule = RateRule("Posts", 2, 300, POSTS, 429, {"retry-after": "60"})
    async with edge(rules=(rule,)) as made:
        answers = [await made.ask("POST", "/sessions") for _ in range(3)]
        other = await made.ask("GET", "/sessions")

    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[2][1]["Retry-After"] == "60"
    assert other[0] == 200
    assert len(made.seen) == 3
    assert made.lines.saying("the firewall's Posts")


@asynchronous
async def test_another_name_of_this_machine_leads_to_the_one_that_works() -> None:
    async with edge() as made:
        status, headers, _ = await made.ask("GET", "/a?b", headers={"Host": "localhost:1"})

    assert (status, headers["Location"]) == (307, f"{made.url}/a?b")


# ---- sockets


@asynchronous
async def test_a_socket_goes_through_both_ways_with_the_key() -> None:
    async with (
        edge() as made,
        made.http.ws_connect(
            f"{made.url}/prod", origin="https://d1.cloudfront.net", headers={"X-Origin-Key": "no"}
        ) as socket,
    ):
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello!"
        await socket.send_bytes(b"\x00\x01")
        assert (await socket.receive()).data == b"\x00\x01"

    (seen,) = made.seen
    assert seen.headers.getall("X-Origin-Key") == [KEY]
    assert seen.headers["Origin"] == "https://d1.cloudfront.net"


@asynchronous
async def test_a_socket_ends_as_its_origin_ends_it() -> None:
    async with edge() as made:
        async with made.http.ws_connect(f"{made.url}/prod") as socket:
            await socket.send_str("end")
            assert (await socket.receive()).type == WSMsgType.CLOSE
            assert socket.close_code == 1009
        async with made.http.ws_connect(f"{made.url}/prod") as socket:
            await socket.send_str("cut")
            await socket.receive()
            assert socket.close_code == 1006


@asynchronous
async def test_a_viewer_that_leaves_leaves_the_origin_too() -> None:
    async with edge() as made:
        async with made.http.ws_connect(f"{made.url}/prod") as socket:
            await socket.send_str("hello")
            await socket.receive()
        async with asyncio.timeout(PATIENCE):
            while True:
                held = made.seen[0].transport
                if held is None or held.is_closing():
                    break
                await asyncio.sleep(0.02)


@asynchronous
async def test_a_refused_handshake_stays_refused() -> None:
    async with edge() as made:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await made.http.ws_connect(f"{made.url}/prod?refuse=1")

    assert refused.value.status == 403
