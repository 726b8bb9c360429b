"""Nothing secret is logged, returned to the wrong one, or raised."""

from __future__ import annotations

import contextlib
import hashlib
import json
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError

from qr_session import event_routes, logs
from qr_session.event_routes import RecordsFailed
from qr_session.session import upload_key
from tests.handlers.drive import NONCE, UPLOAD_ID, App, Scene, bucket_event, event, scene

FIELDS = {
    "level",
    "what",
    "route",
    "status",
    "code",
    "session",
    "error",
    "at",
    "requestId",
}
PLANTED = "planted-secret"


def _whole_life(app: App) -> Scene:
    """Everything that a session can go through, with failures on the way."""
    one = scene(app)
    app.subscribe(one.id, one.desktop, "connection-secret")
    one.claim()
    one.claim("another-phones-nonce")
    one.request()
    one.request(size=0)
    one.arrive()
    app.http("GET", f"{one.path}/uploads/{UPLOAD_ID}", one.desktop)
    app.http("GET", one.path, PLANTED)
    app.http("GET", f"{one.path}/{PLANTED}", PLANTED)
    app.http(PLANTED, one.path, PLANTED, PLANTED)
    app.send("subscribe", {"action": "subscribe", "v": 1, "sessionId": PLANTED, "token": PLANTED})
    app.send(PLANTED, PLANTED)
    app.disconnect("connection-secret")
    one.cancel()
    return one


def test_no_log_line_holds_a_secret(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    one = _whole_life(app)

    logged = capsys.readouterr().out
    secrets = [one.id, one.desktop, one.upload, one.phone, NONCE, UPLOAD_ID]
    secrets += [PLANTED, "connection-secret", "https://", "seconds=", "Bearer", "example.com"]
    assert [secret for secret in secrets if secret in logged] == []


def test_every_log_line_is_json_with_known_fields(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    _whole_life(app)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 12
    assert set().union(*lines) <= FIELDS
    assert {len(line["session"]) for line in lines if "session" in line} == {16}


def test_the_request_that_begins_a_session_is_found_by_the_session_too(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = scene(app)
    app.http("GET", begun.path)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    routes = {line["route"]: line.get("session") for line in lines if line["what"] == "http"}
    assert routes["POST /sessions"] == routes["GET /sessions/{sessionId}"]
    assert routes["POST /sessions"]


def test_every_refusal_is_logged_with_its_code(
    session: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    answers = [
        session.app.http("PATCH", session.path),
        session.app.http("GET", session.path),
        session.app.http("GET", "/nowhere"),
        session.app.http("POST", "/sessions", None, "{"),
    ]

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["code"] for line in lines] == [answer.body["error"] for answer in answers]


@pytest.mark.parametrize("failing", [False, True])
def test_a_record_s_line_says_whose_it_was_and_in_which_invocation(
    requested: Scene, capsys: pytest.CaptureFixture[str], failing: bool
) -> None:
    key = upload_key(requested.id, UPLOAD_ID)
    requested.app.store_object(key)
    if failing:
        requested.app.sessions = Careless("fault")
    capsys.readouterr()

    with contextlib.suppress(RecordsFailed):
        event_routes.respond(requested.app.event_service, bucket_event(key), "the-request")

    line = json.loads(capsys.readouterr().out)
    assert line["what"] == "s3"
    assert line["code"] == ("failed" if failing else "nobody")
    assert line["session"] == hashlib.sha256(requested.id.encode()).hexdigest()[:16]
    assert line["requestId"] == "the-request"


def test_a_stream_s_failure_says_whose_it_was(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    made = event("stream_modify")
    del made["Records"][0]["dynamodb"]["NewImage"]["rev"]
    session_id = made["Records"][0]["dynamodb"]["Keys"]["sessionId"]["S"]

    event_routes.respond(app.event_service, made, "the-request")

    line = json.loads(capsys.readouterr().out)
    assert (line["what"], line["code"], line["requestId"]) == ("stream", "failed", "the-request")
    assert line["session"] == hashlib.sha256(session_id.encode()).hexdigest()[:16]


class Careless:
    """A collaborator that quotes in its error what it was given."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        def fail(*arguments: Any) -> Any:
            text = f"{PLANTED} {arguments}"
            if self._kind == "bug":
                raise KeyError(text)
            raise ClientError({"Error": {"Code": "Broken", "Message": text}}, "UpdateItem")

        return fail


@pytest.mark.parametrize(("kind", "status"), [("bug", 500), ("fault", 503)])
def test_an_error_s_text_goes_nowhere(
    session: Scene, capsys: pytest.CaptureFixture[str], kind: str, status: int
) -> None:
    session.app.sessions = Careless(kind)
    capsys.readouterr()

    answer = session.app.http("GET", session.path, session.desktop)
    socket = session.app.subscribe(session.id, session.desktop)
    session.app.disconnect()

    logged = capsys.readouterr().out
    code = {500: "internal", 503: "unavailable"}[status]
    assert (answer.status, answer.body) == (status, {"v": 1, "error": code})
    assert socket == {"v": 1, "type": "error", "error": code}
    assert PLANTED not in logged
    assert session.id not in logged
    assert logged.count('"level":"ERROR"') == 3


@pytest.mark.parametrize("kind", ["bug", "fault"])
def test_what_lambda_prints_of_a_raised_error_holds_no_secret(
    requested: Scene, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    key = upload_key(requested.id, UPLOAD_ID)
    requested.app.store_object(key)
    requested.app.sessions = Careless(kind)

    with pytest.raises(RecordsFailed) as failed:
        requested.app.events(bucket_event(key))

    printed = "".join(traceback.format_exception(failed.value)) + capsys.readouterr().out
    assert PLANTED not in printed
    assert requested.id not in printed
    assert UPLOAD_ID not in printed


def test_a_stream_s_failure_is_reported_without_its_image(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    made = event("stream_modify")
    made["Records"][0]["dynamodb"]["NewImage"]["uploads"] = {"M": {PLANTED: {}}}

    answer = app.events(made)

    assert answer["batchItemFailures"]
    assert PLANTED not in capsys.readouterr().out


def test_only_the_answers_to_their_owners_hold_tokens(stored: Scene) -> None:
    texts = [
        stored.app.http("GET", stored.path, token).text for token in (stored.desktop, stored.phone)
    ]
    texts += [message.decode() for _, message in stored.app.pusher.sent]
    texts += [stored.request().text, stored.cancel().text]

    for secret in (stored.desktop, stored.upload, stored.phone, "https://", "hash"):
        assert not any(secret.lower() in text.lower() for text in texts)


def test_a_log_line_has_no_room_for_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.write("http", session_id="id", error=KeyError(PLANTED))

    line = json.loads(capsys.readouterr().out)
    assert line == {
        "level": "INFO",
        "what": "http",
        "session": line["session"],
        "error": "KeyError",
        "at": [],
    }
