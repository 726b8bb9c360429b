"""What the HTTP function does with requests that no client of ours sends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handlers.drive import App, Scene, event, http_event, scene
from tests.handlers.strategies import JSON, damaged, quick

SESSION = "/sessions/{id}"


def test_a_stage_in_front_of_the_path_is_taken_off(app: App) -> None:
    made = http_event("POST", "/dev/sessions", None, None)
    made["requestContext"]["stage"] = "dev"

    assert app.http_answer(made).status == 201


def test_only_a_whole_segment_is_a_stage(app: App) -> None:
    made = http_event("POST", "/devsessions", None, None)
    made["requestContext"]["stage"] = "dev"

    assert app.http_answer(made).status == 404


def test_a_custom_domain_s_path_has_no_stage(app: App) -> None:
    made = http_event("POST", "/sessions", None, None)
    made["requestContext"]["stage"] = "dev"

    assert app.http_answer(made).status == 201


@pytest.mark.parametrize(
    "path",
    ["", "/", "/session", "/sessions/", "//sessions", "/sessions//claim", "/$default/sessions"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_an_unknown_path_is_not_found(app: App, method: str, path: str) -> None:
    answer = app.http(method, path)

    assert (answer.status, answer.body) == (404, {"v": 1, "error": "not_found"})


@pytest.mark.parametrize(
    ("method", "tail", "allow"),
    [
        ("GET", "", "OPTIONS, POST"),
        ("HEAD", "", "OPTIONS, POST"),
        ("POST", "/x", "DELETE, GET, HEAD, OPTIONS"),
        ("PATCH", "/x", "DELETE, GET, HEAD, OPTIONS"),
        ("GET", "/x/claim", "OPTIONS, POST"),
        ("PUT", "/x/uploads", "OPTIONS, POST"),
        ("DELETE", "/x/uploads/y", "GET, HEAD, OPTIONS"),
        ("", "", "OPTIONS, POST"),
    ],
)
def test_a_wrong_method_says_what_is_allowed(app: App, method: str, tail: str, allow: str) -> None:
    answer = app.http(method, f"/sessions{tail}")

    assert (answer.status, answer.headers["allow"]) == (405, allow)


def test_head_is_get_without_a_body(session: Scene) -> None:
    head = session.app.http("HEAD", session.path, session.desktop)

    assert (head.status, head.text) == (200, "")
    assert head.headers == session.app.http("GET", session.path, session.desktop).headers


def test_a_head_that_fails_has_no_body_either(session: Scene) -> None:
    assert session.app.http("HEAD", session.path).text == ""


@pytest.mark.parametrize("path", ["/", "/sessions", "/sessions/x/claim", "/nowhere"])
def test_options_is_answered_everywhere_and_makes_nothing(app: App, path: str) -> None:
    answer = app.http("OPTIONS", path)

    assert (answer.status, answer.text) == (204, "")
    assert app.sessions.items == {}


@pytest.mark.parametrize("tail", ["", "/uploads/" + "a" * 32])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_nothing(requested: Scene, method: str, tail: str) -> None:
    before = dict(requested.app.sessions.items)

    requested.app.http(method, requested.path + tail, requested.desktop)

    assert requested.app.sessions.items == before


BAD_BODIES = [
    ("[]", "bad_json"),
    ("null", "bad_json"),
    ('"text"', "bad_json"),
    ("{", "bad_json"),
    ("{'a':1}", "bad_json"),
    ('{"a":NaN}', "bad_json"),
    ('{"a":-Infinity}', "bad_json"),
    ('{"a":"\\ud800"}', "bad_json"),
    ('{"\\udfff":1}', "bad_json"),
    ("[" * 8000, "bad_json"),
    ('{"a":' * 1600, "bad_json"),
    ('{"a":' + "9" * 8000 + "}", "bad_json"),
    ('{"a":"\ud800"}', "bad_body"),
    (5, "bad_body"),
    (True, "bad_body"),
    ({}, "bad_body"),
    ([], "bad_body"),
]


@pytest.mark.parametrize("path", ["/sessions", "{path}/claim", "{path}/uploads"])
@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
def test_a_bad_body_is_400(session: Scene, path: str, body: Any, code: str) -> None:
    made = http_event("POST", path.format(path=session.path), session.upload, "")
    made["body"] = body

    answer = session.app.http_answer(made)

    assert (answer.status, answer.body["error"]) == (400, code)


@pytest.mark.parametrize("body", ["x", "!!!!", "e30", "e30=\n=", "\u00fc", "/w=="])
def test_bad_base64_is_400(app: App, body: str) -> None:
    made = http_event("POST", "/sessions", None, body)
    made["isBase64Encoded"] = True

    answer = app.http_answer(made)

    assert (answer.status, answer.body["error"]) == (400, "bad_body")


@pytest.mark.parametrize("path", ["{path}/claim", "{path}/uploads"])
def test_a_missing_body_is_400(session: Scene, path: str) -> None:
    answer = session.app.http("POST", path.format(path=session.path), session.upload)

    assert (answer.status, answer.body["error"]) == (400, "bad_body")


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_may_have_8_kib_and_no_byte_more(app: App, encoded: bool) -> None:
    def answer(size: int) -> int:
        body = "{" + " " * (size - 2) + "}"
        made = http_event("POST", "/sessions", None, body)
        if encoded:
            made["body"] = base64.b64encode(body.encode()).decode()
            made["isBase64Encoded"] = True
        return app.http_answer(made).status

    assert (answer(8192), answer(8193), answer(10_000_000)) == (201, 413, 413)


@pytest.mark.parametrize("byte", [b" ", b"\xff"])
def test_too_large_is_said_before_anything_is_read(app: App, byte: bytes) -> None:
    made = http_event("POST", "/sessions", None, base64.b64encode(byte * 8193).decode())
    made["isBase64Encoded"] = True

    assert app.http_answer(made).status == 413


def test_the_cap_counts_bytes_and_not_characters(app: App) -> None:
    body = json.dumps({"a": "\u00fc" * 5000}, ensure_ascii=False)

    assert app.http("POST", "/sessions", None, body).status == 413


@quick
@given(damaged(event("http_claim")))
def test_no_damaged_event_is_our_fault(made: Any) -> None:
    _never_our_fault(App().http_answer(made))


@quick
@given(
    st.sampled_from(["create", "read", "claim", "request_upload", "download", "cancel"]),
    JSON | st.text() | st.binary(),
    st.booleans(),
)
def test_no_body_is_our_fault(name: str, body: Any, encoded: bool) -> None:
    made = event(f"http_{name}") | {"isBase64Encoded": encoded}
    made["body"] = body if isinstance(body, str | bytes) else json.dumps(body)

    _never_our_fault(App().http_answer(made))


@quick
@given(st.dictionaries(st.sampled_from(["uploadId", "contentType", "size", "phone"]), JSON))
def test_no_field_is_our_fault(body: dict[str, Any]) -> None:
    app = App()
    one = scene(app)
    one.claim()

    _never_our_fault(app.http("POST", f"{one.path}/uploads", one.phone, body))
    _never_our_fault(app.http("POST", f"{one.path}/claim", one.upload, body))


ANY_TEXT = st.text(st.characters(exclude_categories=[])) | st.sampled_from(["\ud800", "a\udfff"])


@quick
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_no_path_method_or_token_is_our_fault(path: str, method: str, token: str) -> None:
    app = App()
    one = scene(app)

    _never_our_fault(app.http(method, f"/sessions/{path}", token))
    _never_our_fault(app.http("GET", one.path, token))
    _never_our_fault(app.http("GET", one.path, one.desktop, if_none_match=token))


@quick
@given(JSON)
def test_no_json_at_all_is_our_fault(made: Any) -> None:
    _never_our_fault(App().http_answer(made))


def _never_our_fault(answer: Any) -> None:
    assert answer.status < 500
    if answer.status >= 400 and answer.text:
        assert set(answer.body) == {"v", "error"}
    json.dumps(answer.headers).encode()
