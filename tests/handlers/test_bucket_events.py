"""The bucket's events: duplicated, reordered, late, foreign, broken."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given

from qr_session.event_routes import RecordsFailed, UnknownEvent
from qr_session.session import upload_key
from tests.handlers.drive import GIF, UPLOAD_ID, App, Scene, bucket_event, event
from tests.handlers.strategies import JSON, damaged, quick

OTHER_ID = "f" * 32


@pytest.fixture
def watched(requested: Scene) -> Scene:
    """A session with one upload asked for, and a desktop that watches it."""
    requested.app.subscribe(requested.id, requested.desktop, "c1")
    return requested


def _key(scene: Scene, upload_id: str = UPLOAD_ID) -> str:
    return upload_key(scene.id, upload_id)


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.99"])
def test_an_image_is_stored_and_told(watched: Scene, version: str) -> None:
    watched.app.store_object(_key(watched))
    made = bucket_event(_key(watched))
    made["Records"][0]["eventVersion"] = version

    watched.app.events(made)

    assert watched.state()["status"] == "COMPLETED"
    assert watched.app.pusher.sent[-1][0] == "c1"
    assert watched.app.pushed()[-1] == watched.state()
    assert watched.app.sessions.items[watched.id].upload_key == _key(watched)


def test_an_encoded_key_is_the_same_key(watched: Scene) -> None:
    watched.app.store_object(_key(watched))

    watched.app.events(bucket_event(quote_plus(_key(watched))))

    assert watched.state()["status"] == "COMPLETED"


def test_what_is_no_image_is_rejected_and_told(watched: Scene) -> None:
    watched.arrive(data=b"<svg>")

    assert watched.state()["status"] == "UPLOAD_REQUESTED"
    assert watched.state()["uploads"][0]["status"] == "REJECTED"
    assert watched.app.pushed()[-1] == watched.state()
    assert watched.app.sessions.items[watched.id].upload_key is None


def test_a_rejection_after_a_stored_image_leaves_the_session_completed(stored: Scene) -> None:
    stored.request(OTHER_ID)
    stored.app.sessions.finish(stored.id, OTHER_ID, "image/gif", "STORED", "x")
    stored.request("e" * 32)
    before = stored.state()["status"]

    stored.arrive("e" * 32, data=b"nothing")

    assert stored.state()["status"] == before


def test_a_repeated_event_writes_once_and_pushes_again(watched: Scene) -> None:
    watched.arrive()
    before = watched.state()

    watched.app.events(bucket_event(_key(watched)))

    assert watched.state() == before
    assert watched.app.pushed() == [before, before]


def test_a_repeat_with_another_etag_is_dropped(watched: Scene) -> None:
    watched.arrive()
    head = watched.app.bucket.objects[_key(watched)]
    watched.app.bucket.objects[_key(watched)] = type(head)(head.content_type, "other", GIF)

    watched.app.events(bucket_event(_key(watched)))

    assert len(watched.app.pushed()) == 1


@pytest.mark.parametrize("arrived_before", [True, False])
def test_a_cancelled_session_hears_nothing_more(watched: Scene, arrived_before: bool) -> None:
    if arrived_before:
        watched.arrive()
    watched.cancel()
    before, told = watched.state(), len(watched.app.pushed())

    watched.arrive()

    assert watched.state() == before
    assert len(watched.app.pushed()) == told


def test_an_image_that_comes_after_expiry_still_completes(watched: Scene) -> None:
    watched.expire()

    watched.arrive()

    assert watched.state()["status"] == "COMPLETED"
    assert watched.app.pushed()[-1]["status"] == "COMPLETED"


def test_a_deleted_session_does_not_come_back(watched: Scene) -> None:
    watched.app.sessions.items.clear()

    watched.arrive()

    assert watched.app.sessions.items == {}


def test_an_object_that_nobody_asked_for_is_dropped(watched: Scene) -> None:
    before = watched.state()

    watched.arrive(OTHER_ID)

    assert watched.state() == before
    assert watched.app.pusher.sent == []


def test_an_object_of_another_type_than_asked_for_is_dropped(watched: Scene) -> None:
    before = watched.state()
    watched.app.store_object(_key(watched), "image/png", b"\x89PNG\r\n\x1a\n")

    watched.app.events(bucket_event(_key(watched)))

    assert watched.state() == before


def test_an_object_that_is_gone_is_no_failure(watched: Scene) -> None:
    watched.app.events(bucket_event(_key(watched)))

    assert watched.state()["status"] == "UPLOAD_REQUESTED"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "other/x",
        "session-uploads/",
        "session-uploads/x/y",
        "{key}/x",
        "x/{key}",
        "{key}x",
        "{key}%0A",
    ],
)
def test_a_foreign_key_is_left_alone(watched: Scene, key: str) -> None:
    if not key:
        return
    watched.app.events(bucket_event(key.format(key=_key(watched))))

    assert watched.state()["status"] == "UPLOAD_REQUESTED"


def test_a_foreign_bucket_is_left_alone(watched: Scene) -> None:
    watched.app.store_object(_key(watched))

    watched.app.events(bucket_event(_key(watched), bucket="somebody-elses"))

    assert watched.state()["status"] == "UPLOAD_REQUESTED"


def test_other_things_that_happen_to_objects_are_skipped(watched: Scene) -> None:
    watched.app.store_object(_key(watched))
    made = event("s3_restore_2.3")
    made["Records"][0]["s3"]["object"]["key"] = _key(watched)

    watched.app.events(made)

    assert watched.state()["status"] == "UPLOAD_REQUESTED"


@pytest.mark.parametrize("made", [event("s3_test_event"), {"Records": []}])
def test_the_events_of_setting_up_are_fine(app: App, made: Any) -> None:
    assert app.events(made) is None


def _given_up(made: Any) -> Any:
    """The message in the failure queue, as somebody may send it in again without unwrapping it."""
    return {
        "version": "1.0",
        "timestamp": "2026-03-10T06:16:23.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:x:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": made,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"errorType": "RecordsFailed"},
    }


@pytest.mark.parametrize(
    "made",
    [
        {},
        [],
        None,
        "text",
        {"source": "aws.events", "detail": {}},
        {"Records": None},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {"Records": [{"EventSource": "aws:sns"}]},
        {"requestContext": None},
        event("http_create"),
        _given_up(bucket_event("a")),
        {"Records": bucket_event("a")["Records"] + event("stream_modify")["Records"]},
    ],
)
def test_an_unknown_event_raises(app: App, made: Any) -> None:
    with pytest.raises(UnknownEvent):
        app.events(made)


def test_a_broken_record_fails_after_the_others_had_their_turn(watched: Scene) -> None:
    watched.app.store_object(_key(watched))
    made = bucket_event("x", _key(watched))
    made["Records"][0]["eventVersion"] = "3.0"

    with pytest.raises(RecordsFailed, match="1 of 2 records"):
        watched.app.events(made)

    assert watched.state()["status"] == "COMPLETED"


@quick
@given(damaged(event("s3_put_2.6")) | damaged(event("stream_modify")))
def test_a_damaged_event_is_handled_or_comes_again(made: Any) -> None:
    _raises_only_ours(made)


@quick
@given(JSON)
def test_any_json_is_handled_or_refused(made: Any) -> None:
    _raises_only_ours(made)


def _raises_only_ours(made: Any) -> None:
    try:
        App().events(made)
    except (UnknownEvent, RecordsFailed):
        return
