"""Who may do what: tokens that are missing, malformed, wrong or another's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.drive import NONCE, UPLOAD_ID, Scene, http_event

SESSION_ID = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"
OTHER_ID = "f" * 32

ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/claim", {"phone": NONCE}),
    ("POST", "/uploads", {"uploadId": OTHER_ID, "contentType": "image/gif", "size": 1}),
    ("GET", f"/uploads/{UPLOAD_ID}", None),
]


@pytest.mark.parametrize(("method", "tail", "body"), ROUTES)
def test_a_wrong_token_and_an_unknown_session_answer_the_same_bytes(
    stored: Scene, method: str, tail: str, body: Any
) -> None:
    paths = (stored.path, f"/sessions/{SESSION_ID}", "/sessions/no-uuid")

    answers = [stored.app.http(method, path + tail, "wrong-token", body) for path in paths]

    assert answers[0].status == 404
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(("method", "tail", "body"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer =",
        "Basic x",
        "token",
        "Bearer a b",
        "Bearer a, Bearer b",
        "Bearer ü",
        "Bearer \u017f",  # the one letter outside ASCII that is an s in another case
        "\u00a0Bearer a",
        "Bearer " + "a" * 257,
        "Bearer " + "a" * 256 + "=",
    ],
)
def test_a_missing_or_malformed_token_is_unauthorized(
    stored: Scene, method: str, tail: str, body: Any, authorization: str | None
) -> None:
    made = http_event(method, stored.path + tail, None, body)
    if authorization is not None:
        made["headers"]["authorization"] = authorization

    answer = stored.app.http_answer(made)

    assert (answer.status, answer.body["error"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["a", "a" * 256, "a" * 255 + "=", "-._~+/=="])
def test_a_token_of_another_s_making_is_only_wrong(session: Scene, token: str) -> None:
    assert session.app.http("GET", session.path, token).status == 404


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_names_and_schemes_come_in_any_case(session: Scene, scheme: str, name: str) -> None:
    made = http_event("GET", session.path, None, None)
    made["headers"][name] = f"{scheme} {session.desktop}"

    assert session.app.http_answer(made).status == 200


def test_a_desktop_token_claims_nothing(session: Scene) -> None:
    session.upload = session.desktop

    assert session.claim().status == 404
