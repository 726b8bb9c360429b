"""Events are of the same shape as the fixtures that the functions are tested with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from localcloud.application.access.identities import Identities
from localcloud.application.blueprint import Api, Bucket, Notification
from localcloud.application.compute.streams import shaped
from localcloud.application.http_api import http_events, routes
from localcloud.application.s3 import s3_events
from localcloud.application.websocket import websocket_events
from localcloud.application.websocket.connections import Connection
from tests.conftest import ROOT
from tests.localcloud.application import things
from tests.localcloud.application.things import ACCOUNT, api, blueprint, function

EVENTS = ROOT / "tests" / "handlers" / "events"
SESSION = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"


def fixture(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def shape(value: Any) -> Any:
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
    )


def request(made_from: dict[str, Any]) -> web.Request:
    """The request that such an event is about."""
    context = made_from["requestContext"]["http"]
    own = ("x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
    headers = {name: one for name, one in made_from["headers"].items() if name not in own}
    headers["User-Agent"] = context["userAgent"]
    return make_mocked_request(context["method"], made_from["rawPath"], headers)


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.glob("http_*.json")))
def test_a_request_reaches_the_function_in_payload_format_2_0(name: str) -> None:
    wanted = fixture(name)
    match = routes.find(
        api(wanted["routeKey"]), wanted["requestContext"]["http"]["method"], wanted["rawPath"]
    )
    assert match is not None
    body = wanted.get("body", "").encode()

    event = http_events.event(ACCOUNT, match, request(wanted), body)

    assert shape(event) == shape(wanted)
    assert event["routeKey"] == wanted["routeKey"]
    assert event["rawPath"] == wanted["rawPath"]
    assert event.get("pathParameters") == wanted.get("pathParameters")
    assert event.get("body") == wanted.get("body")
    same = ("host", "authorization", "content-type", "origin")
    for header in same:
        assert event["headers"].get(header) == wanted["headers"].get(header)


def test_a_body_that_is_no_text_comes_in_base64() -> None:
    made = make_mocked_request("POST", "/a", {"Content-Type": "image/png"})
    match = routes.find(api("POST /a"), "POST", "/a")
    assert match is not None

    event = http_events.event(ACCOUNT, match, made, b"\x89PNG")

    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)


def test_query_and_cookies_come_as_format_2_0_has_them() -> None:
    made = make_mocked_request("GET", "/a?x=1&x=2&y=", {"Cookie": "a=1; b=2"})
    match = routes.find(api("GET /a"), "GET", "/a")
    assert match is not None

    event = http_events.event(ACCOUNT, match, made, b"")

    assert event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    ("value", "status", "body", "kind"),
    [
        ({"statusCode": 201, "body": "x", "headers": {"X-A": "b"}}, 201, b"x", "text/plain"),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, 200, b"\xff", "text/plain"),
        ({"a": 1}, 200, b'{"a": 1}', "application/json"),
        ("said", 200, b"said", "application/json"),
        ({"statusCode": 204}, 204, b"", "text/plain"),
    ],
)
def test_the_functions_answer_goes_out(value: Any, status: int, body: bytes, kind: str) -> None:
    answer = http_events.answer(value)

    assert answer.status == status
    assert answer.body == body
    assert answer.content_type == kind


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "x"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "*", "isBase64Encoded": True},
    ],
)
def test_an_answer_that_is_none_is_malformed(value: Any) -> None:
    with pytest.raises(http_events.Malformed):
        http_events.answer(value)


# ---- WebSocket


@pytest.fixture
def sockets() -> Api:
    wanted = fixture("websocket_connect")["requestContext"]
    return api(id=wanted["apiId"], host=wanted["domainName"], stage="dev", selection=("action",))


@pytest.fixture
def connection() -> Connection:
    own = ("X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
    sent = fixture("websocket_connect")["headers"]
    headers = {name: one for name, one in sent.items() if name not in own}
    headers |= {"Connection": "Upgrade", "Upgrade": "websocket"}
    made = make_mocked_request("GET", "/dev", headers)
    return Connection("Socket", made, cast("web.WebSocketResponse", SimpleNamespace()), "browser")


def test_a_handshake_reaches_the_function(sockets: Api, connection: Connection) -> None:
    event = websocket_events.connect(sockets, connection)

    assert shape(event) == shape(fixture("websocket_connect"))


@pytest.mark.parametrize("name", ["websocket_subscribe", "websocket_ping", "websocket_default"])
def test_a_message_reaches_the_function(sockets: Api, connection: Connection, name: str) -> None:
    wanted = fixture(name)
    route = wanted["requestContext"]["routeKey"]

    event = websocket_events.message(sockets, connection, route, wanted["body"])

    assert shape(event) == shape(wanted)
    assert event["body"] == wanted["body"]


def test_an_end_reaches_the_function(sockets: Api, connection: Connection) -> None:
    event = websocket_events.disconnect(sockets, connection)

    assert shape(event) == shape(fixture("websocket_disconnect"))


def test_a_querys_values_come_with_the_handshake(sockets: Api) -> None:
    made = make_mocked_request("GET", str(URL("/dev?a=1&a=2")))
    opened = Connection("S", made, cast("web.WebSocketResponse", SimpleNamespace()), "browser")

    event = websocket_events.connect(sockets, opened)

    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}


# ---- the bucket and the stream


def test_a_new_object_reaches_the_function() -> None:
    bucket = Bucket("UploadBucket", "example-uploads", (), (), (), None)
    notification = Notification("uploads", ("s3:ObjectCreated:*",), "answerer")
    written = s3_events.Written(f"session-uploads/{SESSION}/a b", 1024, "d41d8cd9")
    identity = Identities().issue(function())

    event = s3_events.event(blueprint(), bucket, notification, written, identity, "192.0.2.1")

    assert shape(event) == shape(fixture("s3_put_2.1"))
    assert event["Records"][0]["s3"]["object"]["key"] == f"session-uploads/{SESSION}/a+b"


@pytest.mark.parametrize(
    ("events", "prefix", "suffix", "hit"),
    [
        (("s3:ObjectCreated:*",), "in/", "", True),
        (("s3:ObjectCreated:Put",), "", ".png", True),
        (("s3:ObjectCreated:Copy", "s3:ObjectRemoved:*"), "", "", False),
        (("s3:ObjectCreated:*",), "out/", "", False),
        (("s3:ObjectCreated:*",), "", ".jpg", False),
    ],
)
def test_a_notification_wants_some_events_of_some_keys(
    events: tuple[str, ...], prefix: str, suffix: str, hit: bool
) -> None:
    notification = Notification("n", events, "answerer", prefix, suffix)

    assert s3_events.concerns(notification, "s3:ObjectCreated:Put", "in/a.png") is hit


def test_a_changed_item_reaches_the_function() -> None:
    wanted = fixture("stream_modify")
    record = json.loads(json.dumps(wanted["Records"][0]))
    record["dynamodb"]["ApproximateCreationDateTime"] = datetime.now(UTC)
    arn = record.pop("eventSourceARN")
    stream = things.stream(arn=arn)

    event = {"Records": [shaped(record, stream)]}

    assert shape(event) == shape(wanted)
