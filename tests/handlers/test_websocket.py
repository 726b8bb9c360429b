"""The WebSocket routes: connect, subscribe, ping, anything else, disconnect."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handlers.drive import ORIGIN, App, Scene, event
from tests.handlers.strategies import JSON, damaged, quick

UNKNOWN = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"


def _connect(app: App, **headers: str) -> int:
    made = event("websocket_connect")
    del made["headers"]["Origin"]
    made["headers"] |= headers
    status: int = app.events(made)["statusCode"]
    return status


@pytest.mark.parametrize("name", ["Origin", "origin", "ORIGIN"])
def test_our_page_connects(app: App, name: str) -> None:
    assert _connect(app, **{name: ORIGIN}) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        f"{ORIGIN}.evil.example",
        f"{ORIGIN}/",
        "http://www.example.com",
    ],
)
def test_a_foreign_page_does_not(app: App, origin: str) -> None:
    assert _connect(app, Origin=origin) == 403


def test_a_client_without_origin_does_not_connect(app: App) -> None:
    assert _connect(app) == 403


def test_connecting_touches_nothing(app: App) -> None:
    app.sessions = None

    assert _connect(app, Origin=ORIGIN) == 200


def test_subscribing_answers_the_full_state(claimed: Scene) -> None:
    answer = claimed.app.subscribe(claimed.id, claimed.desktop)

    assert answer == claimed.state()
    assert answer["rev"] == 3
    assert claimed.app.pusher.sent == []


def test_a_newer_connection_replaces_the_older(session: Scene) -> None:
    session.app.subscribe(session.id, session.desktop, "c1")
    session.app.subscribe(session.id, session.desktop, "c2")

    assert session.app.sessions.items[session.id].connection_id == "c2"


@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_a_late_join_sees_how_it_ended(stored: Scene, end: str) -> None:
    getattr(stored, end)()

    assert stored.app.subscribe(stored.id, stored.desktop) == stored.state()


@pytest.mark.parametrize("session_id", ["{id}", UNKNOWN, "no-uuid", ""])
def test_a_wrong_token_and_an_unknown_session_answer_the_same(
    session: Scene, session_id: str
) -> None:
    answer = session.app.subscribe(session_id.format(id=session.id), "wrong")

    assert answer == {"v": 1, "type": "error", "error": "not_found"}


@pytest.mark.parametrize("token", ["upload", "phone"])
def test_only_the_desktop_subscribes(claimed: Scene, token: str) -> None:
    answer = claimed.app.subscribe(claimed.id, getattr(claimed, token))

    assert answer["error"] == "not_found"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "bad_body"),
        ({"v": "1"}, "bad_body"),
        ({"v": True}, "bad_body"),
        ({"v": None}, "bad_body"),
        ({"sessionId": 5}, "bad_body"),
        ({"token": None}, "unauthorized"),
        ({"token": ""}, "unauthorized"),
        ({"token": "x" * 300}, "unauthorized"),
        ({"token": ["x"]}, "unauthorized"),
    ],
)
def test_a_bad_subscription_is_named(session: Scene, change: dict[str, Any], code: str) -> None:
    message = {"action": "subscribe", "v": 1, "sessionId": session.id, "token": session.desktop}

    answer = session.app.send("subscribe", message | change)

    assert answer == {"v": 1, "type": "error", "error": code}


def test_a_ping_needs_nothing_from_aws(app: App) -> None:
    app.sessions = None

    assert app.events(event("websocket_ping"))["body"] == '{"v":1,"type":"pong"}'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"action":"unheard"}', "unknown_action"),
        ('{"action":["subscribe"]}', "unknown_action"),
        ("{}", "unknown_action"),
        ("[1,2]", "bad_json"),
        ("hello", "bad_json"),
        ("[" * 5000, "bad_json"),
        ('{"a":"\\ud800"}', "bad_json"),
        ("", "bad_body"),
        ("x" * 9000, "too_large"),
    ],
)
def test_anything_else_is_answered_with_an_error(app: App, body: str, code: str) -> None:
    assert app.send("$default", body) == {"v": 1, "type": "error", "error": code}


def test_a_message_without_a_body_is_answered(app: App) -> None:
    made = event("websocket_default")
    del made["body"]

    assert json.loads(app.events(made)["body"])["error"] == "bad_body"


def test_a_binary_message_is_read(session: Scene) -> None:
    made = event("websocket_subscribe")
    message = json.loads(made["body"]) | {"sessionId": session.id, "token": session.desktop}
    made["body"] = base64.b64encode(json.dumps(message).encode()).decode()
    made["isBase64Encoded"] = True

    assert json.loads(session.app.events(made)["body"])["type"] == "state"


def test_disconnecting_forgets_the_connection(session: Scene) -> None:
    session.app.subscribe(session.id, session.desktop, "c1")

    assert session.app.disconnect("c1") == {"statusCode": 200}
    assert session.app.sessions.items[session.id].connection_id is None


def test_a_late_disconnect_leaves_the_newer_connection(session: Scene) -> None:
    session.app.subscribe(session.id, session.desktop, "c1")
    stale = session.app.sessions.items[session.id]
    session.app.subscribe(session.id, session.desktop, "c2")
    session.app.sessions.bound_to = lambda connection: [stale.id]

    assert session.app.disconnect("c1") == {"statusCode": 200}
    assert session.app.sessions.items[session.id].connection_id == "c2"


def test_a_stranger_s_disconnect_is_fine(app: App) -> None:
    assert app.disconnect("never-seen") == {"statusCode": 200}


WEBSOCKET = [
    f"websocket_{name}" for name in ("connect", "subscribe", "ping", "default", "disconnect")
]


@pytest.mark.parametrize("name", WEBSOCKET)
@quick
@given(data=st.data())
def test_no_damaged_event_raises(name: str, data: st.DataObject) -> None:
    made = event(name)
    context = data.draw(damaged(made["requestContext"]))
    made["requestContext"] = context | {"connectionId": data.draw(JSON)}
    made = made | {"body": data.draw(JSON)} if data.draw(st.booleans()) else made

    answer = App().events(made)

    assert answer["statusCode"] in {200, 403}
    if answer.get("body"):
        assert json.loads(answer["body"])["type"] in {"error", "pong"}
