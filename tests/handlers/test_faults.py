"""AWS's own ways to say no, as bytes on the wire: what moto never says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError

from qr_session import aws as ours
from qr_session.bucket import FIRST_BYTES, Head, S3Bucket
from qr_session.event_routes import RecordsFailed
from qr_session.push import GatewayPusher, Gone
from qr_session.session import upload_key
from qr_session.store_events import DynamoSessions as EventSessions
from qr_session.store_http import DynamoSessions as HttpSessions
from tests.handlers import aws
from tests.handlers.drive import UPLOAD_ID, App, Scene, bucket_event
from tests.handlers.wire import Reply, Wire, dynamodb_error, shared_client


def s3_error(code: str, status: int) -> Reply:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret text</Message></Error>"
    return status, {"content-type": "application/xml"}, body.encode()


def gateway_error(code: str, status: int) -> Reply:
    return status, {"x-amzn-errortype": code}, b'{"message":"secret text"}'


THROTTLED = dynamodb_error("ProvisionedThroughputExceededException")
DYNAMODB_FAULTS = [
    THROTTLED,
    dynamodb_error("ThrottlingException"),
    dynamodb_error("RequestLimitExceeded"),
    dynamodb_error("AccessDeniedException"),
    dynamodb_error("ResourceNotFoundException"),
    dynamodb_error("InternalServerError", 500),
    (503, {}, b"<html>"),
    ConnectTimeoutError(endpoint_url="https://secret.example"),
]


def _broken(adapter: Callable[..., Any], *arguments: str, replies: list[Reply]) -> Any:
    client = shared_client("dynamodb")
    Wire(client, *replies)
    return adapter(client, aws.TABLE, *arguments)


@pytest.mark.parametrize("reply", DYNAMODB_FAULTS)
@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("POST", None, None),
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/claim", {"phone": "x" * 16}),
        ("POST", "/uploads", {"uploadId": "a" * 32, "contentType": "image/gif", "size": 1}),
        ("GET", "/uploads/" + "a" * 32, None),
    ],
)
def test_a_fault_of_the_table_is_503(
    session: Scene, method: str, tail: str | None, body: Any, reply: Reply
) -> None:
    session.app.sessions = _broken(HttpSessions, replies=[reply])
    path = "/sessions" if tail is None else session.path + tail

    answer = session.app.http(method, path, session.desktop, body)

    assert (answer.status, answer.body) == (503, {"v": 1, "error": "unavailable"})


@pytest.mark.parametrize("reply", DYNAMODB_FAULTS)
def test_a_subscription_that_meets_a_fault_is_answered(session: Scene, reply: Reply) -> None:
    session.app.sessions = _broken(EventSessions, aws.INDEX, replies=[reply])

    answer = session.app.subscribe(session.id, session.desktop)

    assert answer == {"v": 1, "type": "error", "error": "unavailable"}


@pytest.mark.parametrize("reply", DYNAMODB_FAULTS)
def test_a_disconnect_that_meets_a_fault_is_fine(app: App, reply: Reply) -> None:
    app.sessions = _broken(EventSessions, aws.INDEX, replies=[reply])

    assert app.disconnect() == {"statusCode": 200}


def test_signing_without_credentials_is_503(claimed: Scene) -> None:
    def unsigned(*_: Any) -> str:
        raise NoCredentialsError

    claimed.app.uploads.put_url = unsigned

    assert claimed.request().status == 503


@pytest.mark.parametrize("reply", DYNAMODB_FAULTS)
def test_a_fault_of_the_table_brings_the_bucket_s_event_again(
    requested: Scene, reply: Reply
) -> None:
    key = upload_key(requested.id, UPLOAD_ID)
    requested.app.store_object(key)
    sessions = requested.app.sessions
    requested.app.sessions = _broken(EventSessions, aws.INDEX, replies=[reply])

    with pytest.raises(RecordsFailed, match=r"^1 of 1 records of the bucket failed$"):
        requested.app.events(bucket_event(key))

    requested.app.sessions = sessions
    requested.app.events(bucket_event(key))
    assert requested.state()["status"] == "COMPLETED"


def _bucket(*replies: Reply) -> tuple[S3Bucket, Wire]:
    client = shared_client("s3")
    return S3Bucket(client, aws.BUCKET), Wire(client, *replies)


def test_only_the_first_bytes_are_read() -> None:
    headers = {"content-type": "image/gif", "etag": '"abc"', "content-length": "6"}
    bucket, wire = _bucket((206, headers, b"GIF89a"))

    head = bucket.head("session-uploads/x")

    assert head == Head("image/gif", "abc", b"GIF89a")
    assert wire.sent[0].headers["Range"].decode() == f"bytes=0-{FIRST_BYTES - 1}"
    assert "versionId" not in wire.sent[0].url


@pytest.mark.parametrize("reply", [s3_error("AccessDenied", 403), s3_error("NoSuchKey", 404)])
def test_a_missing_object_is_gone_and_no_failure(requested: Scene, reply: Reply) -> None:
    requested.app.bucket, _ = _bucket(reply)  # type: ignore[assignment]  # the adapter itself

    requested.app.events(bucket_event(upload_key(requested.id, UPLOAD_ID)))

    assert requested.state()["uploads"][0]["status"] == "REQUESTED"


@pytest.mark.parametrize("code", ["InvalidRange", "416", "RequestedRangeNotSatisfiable"])
def test_an_empty_object_is_rejected_and_told_once_and_again(requested: Scene, code: str) -> None:
    requested.app.subscribe(requested.id, requested.desktop, "c1")
    requested.app.bucket, _ = _bucket(s3_error(code, 416), s3_error(code, 416))  # type: ignore[assignment]  # the adapter itself
    made = bucket_event(upload_key(requested.id, UPLOAD_ID))

    requested.app.events(made)
    requested.app.events(made)

    assert requested.state()["uploads"][0]["status"] == "REJECTED"
    assert requested.app.pushed() == [requested.state()] * 2


@pytest.mark.parametrize(
    "reply",
    [
        s3_error("SlowDown", 503),
        s3_error("InternalError", 500),
        s3_error("NoSuchBucket", 404),
        s3_error("RequestTimeTooSkewed", 403),
        s3_error("InvalidAccessKeyId", 403),
        ConnectTimeoutError(endpoint_url="https://secret.example"),
        (206, {"content-type": "image/gif", "etag": '"abc"', "content-length": "99"}, b"GIF"),
    ],
)
def test_a_fault_of_the_bucket_brings_the_event_again(requested: Scene, reply: Reply) -> None:
    requested.app.bucket, _ = _bucket(reply)  # type: ignore[assignment]  # the adapter itself

    with pytest.raises(RecordsFailed):
        requested.app.events(bucket_event(upload_key(requested.id, UPLOAD_ID)))


GATEWAY = f"https://{aws.ENVIRONMENT['WS_API_ENDPOINT']}"


def _pusher(*replies: Reply) -> tuple[GatewayPusher, Wire]:
    client = shared_client("apigatewaymanagementapi", endpoint_url=GATEWAY)
    return GatewayPusher(client), Wire(client, *replies)


def test_a_push_posts_to_the_connection() -> None:
    pusher, wire = _pusher((200, {}, b""))

    pusher.post("IU3kkeN4IAMCJwA=", b'{"v":1}')

    assert wire.sent[0].url == f"{GATEWAY}/@connections/IU3kkeN4IAMCJwA%3D"
    assert wire.sent[0].body == b'{"v":1}'


@pytest.mark.parametrize(
    "reply",
    [
        gateway_error("GoneException", 410),
        gateway_error("GoneException:http://internal.amazon.com/coral/x/", 410),
        (410, {}, b""),
        (410, {"content-type": "application/json"}, b""),
        (410, {}, b"{}"),
        (410, {}, b'{"message":null}'),
        (410, {}, b'{"Message":"Gone","__type":"GoneException"}'),
        (410, {}, b'{"message":"410 Gone"}'),
        (410, {"content-type": "text/html"}, b"<html>Gone</html>"),
        (410, {"x-amzn-errortype": "UnknownError"}, b"{}"),
    ],
    ids=lambda reply: f"{reply[1]} {reply[2].decode()}",
)
def test_a_closed_connection_is_gone_however_the_gateway_says_it(reply: Reply) -> None:
    pusher, _ = _pusher(reply)

    with pytest.raises(Gone):
        pusher.post("c1", b"{}")


@pytest.mark.parametrize(
    ("code", "status"),
    [("LimitExceededException", 429), ("ForbiddenException", 403), ("InternalServerError", 500)],
)
def test_any_other_answer_of_the_gateway_is_a_failure(code: str, status: int) -> None:
    pusher, _ = _pusher(gateway_error(code, status))

    with pytest.raises(ClientError, match=code):
        pusher.post("c1", b"{}")


def test_a_gone_desktop_is_forgotten_and_the_event_is_done(requested: Scene) -> None:
    requested.app.subscribe(requested.id, requested.desktop, "c1")
    requested.app.pusher, _ = _pusher(  # type: ignore[assignment]  # the adapter itself
        gateway_error("GoneException", 410)
    )

    requested.arrive()

    assert requested.app.sessions.items[requested.id].connection_id is None
    assert requested.state()["status"] == "COMPLETED"


def test_a_failed_push_is_healed_by_the_retry(requested: Scene) -> None:
    requested.app.subscribe(requested.id, requested.desktop, "c1")
    requested.app.pusher, wire = _pusher(  # type: ignore[assignment]  # the adapter itself
        gateway_error("LimitExceededException", 429), (200, {}, b"")
    )

    with pytest.raises(RecordsFailed):
        requested.arrive()
    requested.arrive()

    assert json.loads(wire.sent[-1].body) == requested.state()


def test_a_throttled_call_is_tried_again_before_it_fails() -> None:
    retries: Any = vars(ours.CONFIG)["_user_provided_options"]["retries"]

    assert retries == {"mode": "standard", "total_max_attempts": 3}
