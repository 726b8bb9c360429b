"""The key that only the distribution sends: who is let in with it, and what nobody learns of it."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr_session import origin
from qr_session.environment import BadEnvironment, Environment
from qr_session.http_routes import ROUTES
from tests.handlers.drive import App, Scene, bucket_event, event, scene
from tests.handlers.functions import FUNCTIONS, load
from tests.handlers.strategies import quick

OLD = "OldOldOldOldOldOldOldOldOldOldOldOldOldOldOldOld"
NEW = "NewNewNewNewNewNewNewNewNewNewNewNewNewNewNewNew"
HTTP = [(method, path) for path, methods in ROUTES.items() for method in methods]
HTTP += [("OPTIONS", "/sessions"), ("HEAD", "/sessions/{sessionId}"), ("GET", "/nowhere")]
KEYS = st.text(st.sampled_from("abXY0189"), min_size=32, max_size=33)


def _app(*keys: str) -> App:
    return App(origin_keys=tuple(key.encode() for key in keys))


def _connect(app: App, **headers: str) -> int:
    made = event("websocket_connect")
    made["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    status: int = app.events(made)["statusCode"]
    return status


@pytest.mark.parametrize(("method", "path"), HTTP)
@pytest.mark.parametrize("sent", [{}, {"x_origin_key": ""}, {"x_origin_key": OLD[:-1] + "X"}])
def test_a_request_around_the_distribution_is_forbidden(
    method: str, path: str, sent: dict[str, str]
) -> None:
    app = _app(OLD)

    answer = app.http(method, path, "a-token", {}, **sent)

    assert answer.status == 403
    assert answer.body == (None if method == "HEAD" else {"v": 1, "error": "forbidden"})
    assert answer.headers["cache-control"] == "no-store"
    assert app.sessions.items == {}


@pytest.mark.parametrize("sent", ["", OLD[:-1], OLD + "X", OLD.lower(), f"{OLD},{OLD}"])
def test_a_socket_around_the_distribution_does_not_open(sent: str) -> None:
    assert _connect(_app(OLD)) == 403
    assert _connect(_app(OLD), X_Origin_Key=sent) == 403


@pytest.mark.parametrize("name", ["x-origin-key", "X-Origin-Key", "X-ORIGIN-KEY"])
def test_a_socket_opens_with_the_key_however_its_name_is_written(name: str) -> None:
    assert _connect(_app(OLD), **{name: OLD}) == 200


def test_the_key_does_not_stand_for_the_page_s_origin() -> None:
    assert _connect(_app(OLD), X_Origin_Key=OLD, Origin="https://evil.example") == 403


def test_the_key_does_not_stand_for_a_token() -> None:
    app = _app(OLD)
    made = app.http("POST", "/sessions", None, {}, x_origin_key=OLD).body

    path = f"/sessions/{made['sessionId']}"

    assert app.http("GET", path, None, None, x_origin_key=OLD).status == 401
    assert app.http("GET", path, "wrong", None, x_origin_key=OLD).status == 404
    assert app.http("GET", path, made["desktopToken"], None, x_origin_key=OLD).status == 200


# ---- the three deployments of a rotation


@pytest.mark.parametrize(
    ("accepted", "old", "new"),
    [((OLD,), 201, 403), ((OLD, NEW), 201, 201), ((NEW,), 403, 201)],
    ids=["old only", "both", "new only"],
)
def test_each_deployment_of_a_rotation_takes_the_keys_that_it_accepts(
    accepted: tuple[str, ...], old: int, new: int
) -> None:
    app = _app(*accepted)

    assert app.http("POST", "/sessions", x_origin_key=OLD).status == old
    assert app.http("POST", "/sessions", x_origin_key=NEW).status == new
    assert (_connect(app, X_Origin_Key=OLD) == 200) == (old == 201)
    assert (_connect(app, X_Origin_Key=NEW) == 200) == (new == 201)


# ---- what has no headers


def test_frames_events_and_the_stream_need_no_key(session: Scene) -> None:
    app = session.app
    app.subscribe(session.id, session.desktop)
    session.claim()
    session.request()
    app.origin_keys = ()

    assert app.send("ping") == {"v": 1, "type": "pong"}
    assert app.subscribe(session.id, session.desktop)["type"] == "state"
    session.arrive()
    assert app.pushed()[-1]["status"] == "COMPLETED"
    assert app.events(event("stream_modify")) == {"batchItemFailures": []}
    assert app.events(bucket_event()) is None
    assert app.disconnect() == {"statusCode": 200}


# ---- the variable


def test_without_the_variable_nothing_is_asked() -> None:
    assert Environment({}).origin_keys() is None
    assert scene(App()).state()["status"] == "AWAITING_SCAN"
    assert _connect(App()) == 200


@pytest.mark.parametrize("value", ["", " ", ",", " , ,"])
def test_a_blank_variable_lets_nobody_in(value: str) -> None:
    keys = Environment({"ORIGIN_KEYS": value}).origin_keys()
    app = App(origin_keys=keys)

    assert keys == ()
    assert app.http("POST", "/sessions").status == 403
    assert app.http("POST", "/sessions", x_origin_key="").status == 403
    assert app.http("POST", "/sessions", x_origin_key=value).status == 403
    assert _connect(app, X_Origin_Key=value) == 403


def test_the_variable_is_a_list_with_room_to_breathe() -> None:
    variables = {"ORIGIN_KEYS": f" {OLD} ,{NEW}"}

    assert Environment(variables).origin_keys() == (OLD.encode(), NEW.encode())


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "value", ["{{resolve:secretsmanager:OriginKey1}}", "short", f"{OLD},x", OLD + "é", OLD * 6]
)
def test_a_function_does_not_start_with_what_is_no_key(function: str, value: str) -> None:
    with pytest.raises(BadEnvironment, match=r"^ORIGIN_KEYS is not ") as refused:
        load(function, {"ORIGIN_KEYS": value})

    assert value not in str(refused.value)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_functions_read_the_variable(function: str) -> None:
    assert load(function, {"ORIGIN_KEYS": OLD}).SERVICE.origin_keys == (OLD.encode(),)
    assert load(function, {"ORIGIN_KEYS": ""}).SERVICE.origin_keys == ()
    assert load(function, {"ORIGIN_KEYS": None}).SERVICE.origin_keys is None


# ---- what nobody learns


def test_neither_the_log_nor_a_service_s_text_shows_a_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = _app(OLD, NEW)

    app.http("POST", "/sessions", x_origin_key=OLD)
    app.http("POST", "/sessions", x_origin_key="planted-key")
    _connect(app, X_Origin_Key="planted-key")

    logged = capsys.readouterr().out
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line.get("code") for line in lines] == [None, "forbidden", "forbidden"]
    assert [line["status"] for line in lines] == [201, 403, 403]
    for text in (logged, repr(app.http_service), repr(app.event_service)):
        assert [word for word in (OLD, NEW, "planted") if word in text] == []


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    digest = hmac.compare_digest

    def compare(sent: bytes, key: bytes) -> bool:
        compared.append((sent, key))
        return digest(sent, key)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    origin.demand_key((OLD.encode(), NEW.encode()), {"headers": {"x-origin-key": OLD}})

    assert compared == [(OLD.encode(), OLD.encode()), (OLD.encode(), NEW.encode())]


@quick
@given(
    accepted=st.lists(KEYS, max_size=3),
    sent=st.none() | KEYS | st.text(st.characters(exclude_categories=[]), max_size=40),
    pick=st.integers(0, 5),
)
def test_exactly_an_accepted_key_gets_in(accepted: list[str], sent: str | None, pick: int) -> None:
    if pick < len(accepted):
        sent = accepted[pick]
    app = _app(*accepted)
    headers: dict[str, Any] = {} if sent is None else {"x-origin-key": sent}

    opened = _connect(app, **headers) == 200
    answered = app.http("POST", "/sessions", **{"x_origin_key": sent} if sent is not None else {})

    assert opened == (sent in accepted)
    assert (answered.status == 201) == (sent in accepted)
