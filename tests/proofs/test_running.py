"""The running application from outside: S3, both APIs, the connections, the website, the log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import re
import secrets
import socket
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from yarl import URL

from tests.localcloud.application.conftest import Running
from tests.localcloud.application.things import asynchronous
from tests.smoke.__main__ import account, smoke
from tests.smoke.local import local_client
from tests.smoke.site import PNG, TYPE, Site

ELSEWHERE = "http://elsewhere.example.com"


@dataclass
class Session:
    """A claimed session."""

    site: Site
    created: dict[str, Any]
    phone: dict[str, Any]

    @property
    def place(self) -> str:
        return f"/sessions/{self.created['sessionId']}"

    async def ask(self, size: int = len(PNG), upload: str = "") -> dict[str, Any]:
        """A presigned upload."""
        upload = upload or secrets.token_hex(16)
        return await self.site.upload_address(self.place, self.phone, upload, size)

    async def state(self) -> dict[str, Any]:
        _, state = await self.site.call("GET", self.place, self.created["desktopToken"])
        return dict(state)


@asynccontextmanager
async def session(cloud: Running) -> AsyncIterator[Session]:
    async with cloud.site() as site:
        status, created = await site.call("POST", "/sessions", body={})
        assert status == 201
        yield Session(site, created, await site.claim(created))


@asynchronous
async def test_the_whole_flow_goes_through(cloud: Running) -> None:
    outputs = cloud.ready["outputs"]
    seen = account("dev", outputs, local_client(cloud.ready))

    async with aiohttp.ClientSession() as http:
        assert await smoke(outputs, seen, http) == 0


# ---- S3


async def put(made: Session, url: str, data: bytes = PNG, **headers: str) -> tuple[int, str, Any]:
    """Status, error code and headers of a PUT."""
    sent = {"content-type": TYPE, "if-none-match": "*", "Origin": made.site.origin}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with made.site.http.put(url, data=data, headers=sent) as answer:
        text = await answer.text()
        code = ET.fromstring(text).findtext("Code") if text else ""  # noqa: S314 - our own
        return answer.status, code or "", answer.headers


@asynchronous
async def test_an_upload_is_answered_as_s3_does(cloud: Running) -> None:
    async with session(cloud) as made:
        asked = await made.ask()

        status, _, headers = await put(made, asked["url"], cache_control="no-cache")
        again, code, _ = await put(made, asked["url"])

    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == made.site.origin
    assert headers["Access-Control-Expose-Headers"] == "ETag"
    assert headers["ETag"].startswith('"')
    assert headers["x-amz-request-id"]
    assert (again, code) == (412, "PreconditionFailed")


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (PNG + b"!", {}),
        (PNG[:-1], {}),
        (PNG, {"content_type": "image/jpeg"}),
        (PNG, {"if_none_match": ""}),
    ],
    ids=["longer", "shorter", "other type", "without write-once"],
)
@asynchronous
async def test_an_upload_that_was_not_signed_so_is_refused(
    cloud: Running, data: bytes, headers: dict[str, str]
) -> None:
    async with session(cloud) as made:
        asked = await made.ask()

        status, code, answered = await put(made, asked["url"], data, **headers)

    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert answered["Access-Control-Allow-Origin"] == made.site.origin


@pytest.mark.parametrize(
    ("digest", "answer"),
    [
        (hashlib.md5(b"another", usedforsecurity=False).digest(), (400, "BadDigest")),
        (b"short", (400, "InvalidDigest")),
        (hashlib.md5(PNG, usedforsecurity=False).digest(), (200, "")),
    ],
    ids=["another body's", "no digest", "its own"],
)
@asynchronous
async def test_a_digest_that_came_along_has_to_fit(
    cloud: Running, digest: bytes, answer: tuple[int, str]
) -> None:
    async with session(cloud) as made:
        asked = await made.ask()
        sent = base64.b64encode(digest).decode()

        status, code, _ = await put(made, asked["url"], PNG, content_md5=sent)

    assert (status, code) == answer


@pytest.mark.parametrize("method", ["DELETE", "POST", "GET", "HEAD"])
@asynchronous
async def test_an_address_for_an_upload_is_for_nothing_else(cloud: Running, method: str) -> None:
    async with session(cloud) as made:
        asked = await made.ask()

        async with made.site.http.request(method, URL(asked["url"], encoded=True)) as answer:
            assert answer.status == 403


@asynchronous
async def test_of_two_uploads_at_once_one_is_kept(cloud: Running) -> None:
    async with session(cloud) as made:
        asked = await made.ask()

        answers = await asyncio.gather(*(put(made, asked["url"]) for _ in range(5)))

    statuses = sorted(status for status, _, _ in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}


@asynchronous
async def test_a_bucket_shows_nothing_to_who_has_no_signature(cloud: Running) -> None:
    async with session(cloud) as made:
        url = (await made.ask())["url"].partition("?")[0]
        for method in ("GET", "PUT", "DELETE", "POST"):
            async with made.site.http.request(method, url) as answer:
                assert answer.status in {403, 405}
        async with made.site.http.get(url.partition("/session-uploads")[0]) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("origin", "method", "headers", "status"),
    [
        ("own", "PUT", "content-type, if-none-match", 200),
        ("own", "GET", "", 200),
        ("own", "DELETE", "", 403),
        ("own", "PUT", "x-amz-acl", 403),
        (ELSEWHERE, "PUT", "content-type", 403),
    ],
)
@asynchronous
async def test_a_preflight_is_answered_from_the_buckets_rules(
    cloud: Running, origin: str, method: str, headers: str, status: int
) -> None:
    async with cloud.site() as site:
        origin = site.origin if origin == "own" else origin
        outputs = cloud.ready["outputs"]
        url = (
            f"http://{outputs['UploadBucketHost']}/{outputs['UploadBucketName']}/session-uploads/a"
        )
        sent = {"Origin": origin, "Access-Control-Request-Method": method}
        if headers:
            sent["Access-Control-Request-Headers"] = headers
        async with site.http.options(url, headers=sent) as answer:
            assert answer.status == status
            if status == 200:
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert answer.headers["Access-Control-Max-Age"] == "3600"
                assert answer.headers.get("Access-Control-Allow-Headers", "") == headers
            else:
                assert "CORSResponse" in await answer.text()


@asynchronous
async def test_a_download_has_the_type_and_headers_that_were_signed(cloud: Running) -> None:
    async with session(cloud) as made:
        asked = await made.ask()
        upload = asked["uploadId"]
        (await made.site.put(asked, PNG)).expect("the upload", 200)
        async with made.site.listening(made.created) as desktop:
            await desktop.until("a push", lambda state: state["status"] == "COMPLETED")
        _, found = await made.site.call(
            "GET", f"{made.place}/uploads/{upload}", made.created["desktopToken"]
        )
        async with made.site.http.get(found["url"]) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Disposition"] == "attachment"
            assert answer.headers["Cache-Control"] == "private, no-store"
        async with made.site.http.get(found["url"], headers={"Range": "bytes=0-3"}) as answer:
            assert (answer.status, await answer.read()) == (206, PNG[:4])
        forced = found["url"].replace("attachment", "inline")
        async with made.site.http.get(forced) as answer:
            assert answer.status == 403


# ---- the HTTP API


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/sessions"),
        ("PUT", "/sessions"),
        ("HEAD", "/sessions/x"),
        ("GET", "/nothing/like/this"),
    ],
)
@asynchronous
async def test_what_is_no_route_is_the_gateways_own_404(
    cloud: Running, method: str, path: str
) -> None:
    async with cloud.site() as site, site.http.request(method, f"{site.api}{path}") as answer:
        assert answer.status == 404
        if method != "HEAD":
            assert await answer.json() == {"message": "Not Found"}


@asynchronous
async def test_the_gateway_answers_preflights_itself_on_any_path(cloud: Running) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    async with cloud.site() as site:
        for origin, allowed in ((site.origin, True), (ELSEWHERE, False)):
            sent = asked | {"Origin": origin}
            async with site.http.options(f"{site.api}/nothing", headers=sent) as answer:
                assert answer.status == 204
                found = answer.headers.get("Access-Control-Allow-Origin")
                assert found == (origin if allowed else None)
                if allowed:
                    assert answer.headers["Access-Control-Allow-Methods"] == "GET,POST,DELETE"


@asynchronous
async def test_answers_can_be_read_by_the_websites_origin_alone(cloud: Running) -> None:
    async with cloud.site() as site:
        for origin in (site.origin, ELSEWHERE):
            async with site.http.post(f"{site.api}/sessions", headers={"Origin": origin}) as answer:
                found = answer.headers.get("Access-Control-Allow-Origin")
                assert answer.status == 201
                assert found == (origin if origin == site.origin else None)


@asynchronous
async def test_too_much_for_the_gateway_never_reaches_the_function(cloud: Running) -> None:
    async with cloud.site() as site:
        url = f"{site.api}/sessions"
        async with site.http.post(url, data=io.BytesIO(b"x" * (10 * 1024 * 1024 + 1))) as answer:
            assert answer.status == 413
            assert await answer.json() == {"message": "Request Entity Too Large"}


@pytest.mark.parametrize(
    ("sizes", "status"), [((9_000,), 201), ((12_000,), 431), ((4_000,) * 3, 431)]
)
@asynchronous
async def test_a_requests_head_has_the_size_that_api_gateway_takes(
    cloud: Running, sizes: Sequence[int], status: int
) -> None:
    headers = {f"x-{number}": "v" * size for number, size in enumerate(sizes)}
    async with (
        cloud.site() as site,
        site.http.post(f"{site.api}/sessions", headers=headers) as answer,
    ):
        assert answer.status == status
        if status == 431:
            assert await answer.json() == {"message": "Request Header Fields Too Large"}


@asynchronous
async def test_a_nul_in_a_path_is_found_nowhere(cloud: Running) -> None:
    async with cloud.site() as site:
        for place in (f"{site.origin}/%00", f"{site.origin}/a%00b/", f"{site.api}/%00"):
            async with site.http.get(URL(place, encoded=True)) as answer:
                assert answer.status == 404, place
        read = URL(f"{site.api}/sessions/%00", encoded=True)
        async with site.http.get(read, headers={"Authorization": f"Bearer {'A' * 32}"}) as answer:
            assert answer.status == 404


# ---- the WebSocket API


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [("/dev", ELSEWHERE, 403), ("/other", "own", 403), ("/dev", "own", 101)],
)
@asynchronous
async def test_a_handshake_is_decided_by_stage_and_function(
    cloud: Running, path: str, origin: str, status: int
) -> None:
    async with cloud.site() as site:
        url = site.socket.removesuffix("/dev") + path
        origin = site.origin if origin == "own" else origin
        if status == 101:
            async with site.http.ws_connect(url, origin=origin) as socket:
                assert not socket.closed
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await site.http.ws_connect(url, origin=origin)
            assert refused.value.status == status


@asynchronous
async def test_messages_are_answered_by_their_route(cloud: Running) -> None:
    async with (
        cloud.site() as site,
        site.http.ws_connect(site.socket, origin=site.origin) as socket,
    ):
        await socket.send_json({"action": "ping"})
        assert await socket.receive_json() == {"v": 1, "type": "pong"}
        for text in ("garbage", "[]", '{"action":"$connect"}', '{"action":["ping"]}'):
            await socket.send_str(text)
            assert (await socket.receive_json())["type"] == "error"


@asynchronous
async def test_a_message_larger_than_a_frame_ends_the_connection(cloud: Running) -> None:
    async with (
        cloud.site() as site,
        site.http.ws_connect(site.socket, origin=site.origin) as socket,
    ):
        await socket.send_str("x" * (32 * 1024 + 1))
        await socket.receive()
        assert socket.close_code == 1009


@asynchronous
async def test_a_binary_frame_ends_the_connection(cloud: Running) -> None:
    async with (
        cloud.site() as site,
        site.http.ws_connect(site.socket, origin=site.origin) as socket,
    ):
        await socket.send_bytes(b'{"action":"ping"}')
        received = await socket.receive()

        assert received.type == aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1003


@asynchronous
async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(cloud: Running) -> None:
    async with cloud.site() as site:
        idle = await site.http.ws_connect(site.socket, origin=site.origin)
        ended = asyncio.create_task(idle.receive())
        async with site.http.ws_connect(site.socket, origin=site.origin) as busy:
            for _ in range(6):
                await busy.send_json({"action": "ping"})
                await busy.receive_json()
                await asyncio.sleep(1)

            assert not busy.closed
        await ended
        assert idle.close_code == 1001


def management(cloud: Running) -> Any:
    url = cloud.ready["outputs"]["WebSocketUrl"].replace("ws://", "http://")
    session: Any = boto3.Session(region_name="us-east-1")
    return session.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_connections_are_not_for_strangers(cloud: Running) -> None:
    with pytest.raises(ClientError) as refused:
        management(cloud).post_to_connection(ConnectionId="abc=", Data=b"x")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@asynchronous
async def test_a_gone_connection_is_forgotten_by_the_function(cloud: Running) -> None:
    async with session(cloud) as made:
        async with made.site.http.ws_connect(made.site.socket, origin=made.site.origin) as socket:
            await socket.send_json(
                {
                    "action": "subscribe",
                    "v": 1,
                    "sessionId": made.created["sessionId"],
                    "token": made.created["desktopToken"],
                }
            )
            await socket.receive_json()
            since = len(cloud.lines)
            asked = await made.ask()
            _cut(socket)
        await put(made, asked["url"])

        await asyncio.to_thread(its_event_is_done, cloud, since)

        assert (await made.state())["status"] == "COMPLETED"


def its_event_is_done(cloud: Running, since: int) -> str:
    """The number of the first upload from that line on, once the function is done with it."""
    put = re.compile(r"  (#\d+)  S3 PUT .*→ 200")
    number = put.search(cloud.wait(lambda line: bool(put.search(line)), since, "S3 PUT"))
    assert number is not None
    told = re.compile(rf"  function +{number[1]}  .*event → done")
    cloud.wait(lambda line: bool(told.search(line)), since, f"event {number[1]} → done")
    return number[1]


def _cut(socket: aiohttp.ClientWebSocketResponse) -> None:
    """End it as a network does: without a word."""
    connection: Any = socket._response.connection
    connection.transport.abort()


# ---- events, the operator's side


def operator(cloud: Running, service: str) -> Any:
    given = cloud.ready["environment"]
    keys = given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"]
    session: Any = boto3.Session(*keys, region_name="us-east-1")
    return session.client(service, endpoint_url=given["AWS_ENDPOINT_URL"])


def test_an_event_that_always_fails_ends_in_the_failure_queue(cloud: Running) -> None:
    since = len(cloud.lines)

    operator(cloud, "lambda").invoke(
        FunctionName=cloud.ready["outputs"]["WebSocketEventLambdaArn"],
        InvocationType="Event",
        Payload=json.dumps({"no": "event of ours"}),
    )

    cloud.wait_for("RetriesExhausted: now in qr-upload-failures-dev", since)
    queue = operator(cloud, "sqs")
    (message,) = queue.receive_message(QueueUrl=cloud.ready["outputs"]["FailureQueueUrl"])[
        "Messages"
    ]
    kept = json.loads(message["Body"])
    assert kept["requestPayload"] == {"no": "event of ours"}
    assert kept["requestContext"]["approximateInvokeCount"] == 3


def test_a_function_can_be_invoked_as_on_aws(cloud: Running) -> None:
    answer = operator(cloud, "lambda").invoke(
        FunctionName="qr-upload-websocket-event-dev", Payload=json.dumps({"Records": []})
    )

    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer


# ---- the website


@asynchronous
async def test_the_website_is_published_with_this_machines_addresses(cloud: Running) -> None:
    async with cloud.site() as site:
        async with site.http.get(f"{site.origin}/") as answer:
            page = await answer.text()
            assert answer.status == 200
            assert answer.content_type == "text/html"
            assert answer.headers["Cache-Control"] == "no-cache"
            tag = answer.headers["ETag"]
        async with site.http.get(f"{site.origin}/", headers={"If-None-Match": tag}) as answer:
            assert answer.status == 304
        async with site.http.get(f"{site.origin}/config.json") as answer:
            config = await answer.text()
        async with site.http.get(f"{site.origin}/no/such/page") as answer:
            assert answer.status == 404
            assert await answer.text() == page
    assert "amazonaws.com" not in page + config
    assert cloud.ready["outputs"]["HttpApiUrl"] in config
    assert "${" not in page + config


@asynchronous
async def test_another_name_of_this_machine_leads_to_the_one_that_works(cloud: Running) -> None:
    async with cloud.site() as site:
        other = site.origin.replace("127.0.0.1", "localhost")
        async with site.http.get(f"{other}/a?b", allow_redirects=False) as answer:
            assert answer.status == 307
            assert answer.headers["Location"] == f"{site.origin}/a?b"


# ---- the log


@asynchronous
async def test_the_log_can_be_followed_and_holds_no_secret(cloud: Running) -> None:
    since = len(cloud.lines)
    async with session(cloud) as made, made.site.listening(made.created) as desktop:
        asked = await made.ask()
        await put(made, asked["url"], user_agent="Mozilla/5.0 (iPhone) Mobile")
        await desktop.until("a push", lambda state: state["status"] == "COMPLETED")
    number = await asyncio.to_thread(its_event_is_done, cloud, since)

    text = "\n".join(cloud.lines[since:])
    for hop in ("phone ", "function ", "table ", "push "):
        assert hop in text
    assert re.search(rf"phone +{number}  S3 PUT", text)
    hops = [line.split()[1] for line in cloud.lines if f" {number} " in line]
    assert {"phone", "function", "table", "push"} <= set(hops)
    secret = [made.created["sessionId"], made.created["desktopToken"], made.phone["phoneToken"]]
    secret += [made.created["uploadToken"], asked["url"], asked["uploadId"], "X-Amz-Signature"]
    assert [one for one in secret if one in text] == []


def test_it_serves_on_loopback_only(cloud: Running) -> None:
    for url in (cloud.ready["url"], cloud.ready["endpoint"]):
        with socket.socket() as elsewhere:
            elsewhere.settimeout(1)
            port = int(url.rsplit(":", 1)[1])

            assert elsewhere.connect_ex(("127.0.0.2", port)) != 0
