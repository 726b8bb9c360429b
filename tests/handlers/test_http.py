"""The six routes, as the contract's table says them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from qr_session.environment import MOST_UPLOADS
from qr_session.outgoing import encoded
from qr_session.session import Session, Status, Upload, UploadStatus, state
from tests.handlers.drive import (
    GIF,
    MAX_BYTES,
    MAX_UPLOADS,
    NONCE,
    UPLOAD_ID,
    App,
    Scene,
    event,
    http_event,
)
from tests.handlers.fakes import NOW

SESSION_ID = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"
OTHER_ID = "f" * 32


@pytest.mark.parametrize("body", [None, "", "{}", '{"later":"field"}'])
def test_a_session_is_created_with_or_without_a_body(app: App, body: str | None) -> None:
    answer = app.http("POST", "/sessions", None, body)

    assert answer.status == 201
    assert answer.body == {
        "v": 1,
        "sessionId": answer.body["sessionId"],
        "status": "AWAITING_SCAN",
        "rev": 1,
        "createdAt": NOW,
        "expiresAt": NOW + 1800,
        "maxUploads": MAX_UPLOADS,
        "desktopToken": answer.body["desktopToken"],
        "uploadToken": answer.body["uploadToken"],
    }


def test_the_table_holds_hashes_and_no_tokens(session: Scene) -> None:
    kept = session.app.sessions.items[session.id]

    assert kept.desktop_hash == hashlib.sha256(session.desktop.encode()).hexdigest()
    assert kept.upload_hash == hashlib.sha256(session.upload.encode()).hexdigest()


def test_a_taken_id_is_not_given_twice(app: App) -> None:
    first = app.http("POST", "/sessions")
    app.ids.made = 0

    second = app.http("POST", "/sessions")

    assert second.status == 201
    assert second.body["sessionId"] != first.body["sessionId"]


def test_the_genuine_events_find_their_routes(app: App) -> None:
    names = ("create", "read", "claim", "request_upload", "download", "cancel")

    answers = {name: app.http_answer(event(f"http_{name}")).status for name in names}

    assert answers == dict.fromkeys(names, 404) | {"create": 201}


def test_the_desktop_and_the_phone_read_the_state(claimed: Scene) -> None:
    answers = [claimed.app.http("GET", claimed.path, t) for t in (claimed.desktop, claimed.phone)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    assert answers[0].body == {
        "v": 1,
        "type": "state",
        "sessionId": claimed.id,
        "rev": 2,
        "status": "SCANNED",
        "expiresAt": NOW + 1800,
        "now": NOW,
        "uploads": [],
        "matchCode": answers[0].body["matchCode"],
    }


def test_the_upload_token_reads_nothing(claimed: Scene) -> None:
    assert claimed.app.http("GET", claimed.path, claimed.upload).status == 404


@pytest.mark.parametrize(
    "sent", ['"1-AWAITING_SCAN"', 'W/"1-AWAITING_SCAN"', '"0-X", "1-AWAITING_SCAN"', "*"]
)
def test_a_poll_of_what_is_known_is_304(session: Scene, sent: str) -> None:
    answer = session.app.http("GET", session.path, session.desktop, if_none_match=sent)

    assert (answer.status, answer.text) == (304, "")
    assert answer.headers["etag"] == '"1-AWAITING_SCAN"'


def test_expiry_changes_the_etag_though_nothing_is_written(session: Scene) -> None:
    session.expire()

    answer = session.app.http(
        "GET", session.path, session.desktop, if_none_match='"1-AWAITING_SCAN"'
    )

    assert answer.status == 200
    assert answer.headers["etag"] == '"1-EXPIRED"'
    assert answer.body["status"] == "EXPIRED"


def test_a_claim_answers_the_bound_token_and_the_limits(session: Scene) -> None:
    answer = session.claim()

    digest = hmac.new(session.upload.encode(), f"{session.id}{NONCE}".encode(), "sha256").digest()
    token = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    code = int(hashlib.sha256(token.encode()).hexdigest()[:8], 16) % 100
    assert answer.status == 200
    assert answer.body == {
        "v": 1,
        "phoneToken": token,
        "status": "SCANNED",
        "rev": 2,
        "matchCode": f"{code:02d}",
        "maxBytes": MAX_BYTES,
        "maxUploads": MAX_UPLOADS,
        "types": [f"image/{t}" for t in ("jpeg", "png", "gif", "webp", "heic", "heif", "avif")],
    }


def test_a_repeated_claim_answers_the_same_token_and_writes_nothing(session: Scene) -> None:
    first, again = session.claim(), session.claim()

    assert again.status == 200
    assert again.body == first.body


def test_a_repeated_claim_tells_how_far_the_session_came(requested: Scene) -> None:
    assert requested.claim().body["status"] == "UPLOAD_REQUESTED"


def test_another_phone_comes_too_late(claimed: Scene) -> None:
    answer = claimed.claim("another-phones-nonce")

    assert (answer.status, answer.body) == (409, {"v": 1, "error": "conflict"})


@pytest.mark.parametrize("nonce", [NONCE, "another-phones-nonce"])
@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_gone_beats_the_repeat_and_the_conflict(claimed: Scene, end: str, nonce: str) -> None:
    getattr(claimed, end)()

    answer = claimed.claim(nonce)

    assert (answer.status, answer.body["error"]) == (410, "gone")


@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_an_ended_session_takes_no_first_claim(session: Scene, end: str) -> None:
    getattr(session, end)()

    assert session.claim().status == 410


@pytest.mark.parametrize("nonce", ["x" * 15, "x" * 129, "", None, 1, True, ["x" * 16], {}])
def test_a_nonce_has_16_to_128_characters(session: Scene, nonce: Any) -> None:
    answer = session.claim(nonce)

    assert (answer.status, answer.body["error"]) == (422, "bad_phone")


@pytest.mark.parametrize("nonce", ["x" * 16, "x" * 128, "\U0001f4f1" * 16])
def test_a_nonce_is_any_text_of_that_length(session: Scene, nonce: str) -> None:
    assert session.claim(nonce).status == 200


def test_an_upload_is_answered_with_its_url(claimed: Scene) -> None:
    answer = claimed.request()

    assert answer.status == 201
    assert answer.body == {
        "v": 1,
        "uploadId": UPLOAD_ID,
        "method": "PUT",
        "url": f"https://uploads.example/session-uploads/{claimed.id}/{UPLOAD_ID}"
        f"?put=image/gif&size={len(GIF)}&seconds=300",
        "headers": {"content-type": "image/gif", "if-none-match": "*"},
        "expiresAt": NOW + 300,
    }


def test_the_url_dies_with_the_session(claimed: Scene) -> None:
    claimed.app.clock.now += 1700

    answer = claimed.request()

    assert answer.body["url"].endswith("seconds=100")
    assert answer.body["expiresAt"] == NOW + 1800


def test_asking_again_is_free(requested: Scene) -> None:
    before = requested.app.sessions.items[requested.id]
    requested.app.clock.now += 100

    answer = requested.request()

    assert answer.status == 200
    assert answer.body["expiresAt"] == NOW + 400
    assert requested.app.sessions.items[requested.id] == before


@pytest.mark.parametrize("other", [{"size": 1}, {"content_type": "image/png"}])
def test_an_id_stands_for_one_type_and_size(requested: Scene, other: dict[str, Any]) -> None:
    answer = requested.request(**other)

    assert (answer.status, answer.body["error"]) == (409, "conflict")


def test_a_stored_upload_is_not_asked_for_again(stored: Scene) -> None:
    answer = stored.request()

    assert (answer.status, answer.body["error"]) == (409, "already_stored")


def test_a_rejected_upload_is_not_asked_for_again(requested: Scene) -> None:
    requested.arrive(data=b"not an image")

    answer = requested.request()

    assert (answer.status, answer.body["error"]) == (409, "conflict")


def test_the_quota_counts_ids(claimed: Scene) -> None:
    for number in range(MAX_UPLOADS):
        assert claimed.request(f"{number:032x}").status == 201

    answer, known = claimed.request(OTHER_ID), claimed.request("0" * 32)

    assert (answer.status, answer.body["error"]) == (409, "quota")
    assert known.status == 200


@pytest.mark.parametrize("end", ["expire", "cancel"])
@pytest.mark.parametrize("upload_id", [UPLOAD_ID, OTHER_ID])
def test_an_ended_session_takes_no_upload(requested: Scene, end: str, upload_id: str) -> None:
    getattr(requested, end)()

    answer = requested.request(upload_id)

    assert (answer.status, answer.body["error"]) == (410, "gone")


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"upload_id": "g" * 32}, 422, "bad_upload_id"),
        ({"upload_id": "a" * 31}, 422, "bad_upload_id"),
        ({"upload_id": "a" * 33}, 422, "bad_upload_id"),
        ({"upload_id": "a" * 32 + "\n"}, 422, "bad_upload_id"),
        ({"upload_id": "\u0661" * 32}, 422, "bad_upload_id"),
        ({"upload_id": None}, 422, "bad_upload_id"),
        ({"content_type": "image/svg+xml"}, 415, "unsupported_type"),
        ({"content_type": "image/jpg"}, 415, "unsupported_type"),
        ({"content_type": None}, 415, "unsupported_type"),
        ({"content_type": ["image/gif"]}, 415, "unsupported_type"),
        ({"size": 0}, 422, "bad_size"),
        ({"size": -1}, 422, "bad_size"),
        ({"size": True}, 422, "bad_size"),
        ({"size": "1"}, 422, "bad_size"),
        ({"size": 1.0}, 422, "bad_size"),
        ({"size": None}, 422, "bad_size"),
        ({"size": MAX_BYTES + 1}, 413, "too_large"),
        ({"size": 10**30}, 413, "too_large"),
    ],
)
def test_a_bad_upload_is_named(
    claimed: Scene, wanted: dict[str, Any], status: int, code: str
) -> None:
    answer = claimed.request(**wanted)

    assert (answer.status, answer.body) == (status, {"v": 1, "error": code})


def test_the_largest_upload_is_taken(claimed: Scene) -> None:
    assert claimed.request(size=MAX_BYTES).status == 201


def test_a_stored_image_is_downloaded_for_a_minute(stored: Scene) -> None:
    answer = stored.app.http("GET", f"{stored.path}/uploads/{UPLOAD_ID}", stored.desktop)

    assert answer.status == 200
    assert set(answer.body) == {"v", "url"}
    assert answer.body["url"].endswith(f"{UPLOAD_ID}?get=image/gif&seconds=60")


@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_an_ended_session_is_still_read_and_downloaded(stored: Scene, end: str) -> None:
    getattr(stored, end)()

    answer = stored.app.http("GET", f"{stored.path}/uploads/{UPLOAD_ID}", stored.desktop)

    assert answer.status == 200
    assert stored.state()["uploads"][0]["status"] == "STORED"


@pytest.mark.parametrize("upload_id", [UPLOAD_ID, OTHER_ID, "no-id", "%2e%2e"])
def test_what_is_not_stored_is_not_found(requested: Scene, upload_id: str) -> None:
    answer = requested.app.http("GET", f"{requested.path}/uploads/{upload_id}", requested.desktop)

    assert (answer.status, answer.body["error"]) == (404, "not_found")


def test_a_phone_downloads_nothing(stored: Scene) -> None:
    answer = stored.app.http("GET", f"{stored.path}/uploads/{UPLOAD_ID}", stored.phone)

    assert answer.status == 404


def test_cancelling_twice_is_one_cancellation(stored: Scene) -> None:
    first, again = stored.cancel(), stored.cancel()

    assert (first.status, again.status) == (200, 200)
    assert first.body == again.body
    assert first.body["status"] == "CANCELLED"


def test_an_expired_session_can_be_cancelled(session: Scene) -> None:
    session.expire()

    assert session.cancel().body["status"] == "CANCELLED"


def test_a_further_upload_goes_back_to_requested(stored: Scene) -> None:
    stored.request(OTHER_ID)

    state = stored.state()

    assert state["status"] == "UPLOAD_REQUESTED"
    assert [one["status"] for one in state["uploads"]] == ["STORED", "REQUESTED"]


def test_a_completed_session_never_shows_expired(stored: Scene) -> None:
    stored.expire()

    assert stored.state()["status"] == "COMPLETED"


def test_a_body_in_base64_is_read(session: Scene) -> None:
    made = http_event("POST", f"{session.path}/claim", session.upload, {"phone": NONCE})
    made["body"] = base64.b64encode(made["body"].encode()).decode()
    made["isBase64Encoded"] = True

    assert session.app.http_answer(made).status == 200


def test_the_answers_are_json_text(stored: Scene) -> None:
    answer = stored.app.http("GET", stored.path, stored.desktop)

    assert json.loads(answer.text) == answer.body
    assert answer.headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "etag": f'"{answer.body["rev"]}-COMPLETED"',
    }


def test_the_longest_state_is_far_below_what_a_push_may_be() -> None:
    uploads = tuple(
        Upload(f"{number:032x}", UploadStatus.REQUESTED, "image/heic", 5 * 1024**3, NOW)
        for number in range(MOST_UPLOADS)
    )
    longest = Session(
        SESSION_ID, Status.UPLOAD_REQUESTED, NOW, NOW, 999, "d", "u", "f" * 64, uploads=uploads
    )

    assert len(encoded(state(longest, 0))) < 16 * 1024
