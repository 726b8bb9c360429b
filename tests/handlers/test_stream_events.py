"""The table's stream: the desktop sees the phone arrive."""

from __future__ import annotations

from typing import Any

import pytest

from qr_session.event_routes import RecordsFailed
from qr_session.items import item_of
from tests.handlers.drive import App, Scene, event


def _record(old: Any, new: Any, number: str = "100") -> Any:
    made = event("stream_modify")["Records"][0]
    images = {"OldImage": item_of(old), "NewImage": item_of(new)}
    made["dynamodb"] |= images | {"SequenceNumber": number}
    return made


@pytest.fixture
def watched(session: Scene) -> Scene:
    """A session whose desktop watches."""
    session.app.subscribe(session.id, session.desktop, "c1")
    return session


def _stream(scene: Scene, *steps: str) -> Any:
    """What the function answers to the stream's records of these steps."""
    records: list[Any] = []
    for step in steps:
        old = scene.app.sessions.items[scene.id]
        getattr(scene, step)()
        new = scene.app.sessions.items[scene.id]
        records.append(_record(old, new, str(100 + len(records))))
    return scene.app.events({"Records": records})


def test_the_documented_event_is_pushed(app: App) -> None:
    answer = app.events(event("stream_modify"))

    assert answer == {"batchItemFailures": []}
    assert app.pusher.sent[0][0] == "IU3kkeN4IAMCJwA="
    assert app.pushed()[0]["status"] == "SCANNED"


def test_every_step_of_the_phone_is_pushed(watched: Scene) -> None:
    _stream(watched, "claim", "request", "cancel")

    assert [one["status"] for one in watched.app.pushed()] == [
        "SCANNED",
        "UPLOAD_REQUESTED",
        "CANCELLED",
    ]
    assert watched.app.pushed()[-1] == watched.state()


def test_binding_and_unbinding_are_no_news(claimed: Scene) -> None:
    old = claimed.app.sessions.items[claimed.id]
    claimed.app.subscribe(claimed.id, claimed.desktop, "c1")
    new = claimed.app.sessions.items[claimed.id]

    claimed.app.events({"Records": [_record(old, new), _record(new, old)]})

    assert claimed.app.pusher.sent == []


def test_a_completed_session_is_the_bucket_s_news(watched: Scene) -> None:
    watched.claim()
    watched.request()
    told = len(watched.app.pushed())

    _stream(watched, "arrive")

    assert len(watched.app.pushed()) == told + 1


@pytest.mark.parametrize("name", ["INSERT", "REMOVE"])
def test_what_is_no_change_of_a_session_is_skipped(app: App, name: str) -> None:
    made = event("stream_modify")
    made["Records"][0]["eventName"] = name
    made["Records"][0]["dynamodb"].pop("OldImage" if name == "INSERT" else "NewImage")

    assert app.events(made) == {"batchItemFailures": []}
    assert app.pusher.sent == []


def test_a_session_that_nobody_watches_is_not_pushed(session: Scene) -> None:
    _stream(session, "claim")

    assert session.app.pusher.sent == []


def test_a_gone_connection_is_forgotten_and_that_ends_it(watched: Scene) -> None:
    watched.app.pusher.gone.add("c1")

    answer = _stream(watched, "claim")

    assert answer == {"batchItemFailures": []}
    assert watched.app.sessions.items[watched.id].connection_id is None


def test_a_late_gone_leaves_the_newer_connection(watched: Scene) -> None:
    old = watched.app.sessions.items[watched.id]
    watched.claim()
    new = watched.app.sessions.items[watched.id]
    watched.app.subscribe(watched.id, watched.desktop, "c2")
    watched.app.pusher.gone.add("c1")

    watched.app.events({"Records": [_record(old, new)]})

    assert watched.app.sessions.items[watched.id].connection_id == "c2"


def test_failed_records_are_named_after_all_had_their_turn(watched: Scene) -> None:
    old = watched.app.sessions.items[watched.id]
    watched.claim()
    new = watched.app.sessions.items[watched.id]
    broken = _record(old, new, "100")
    broken["dynamodb"]["NewImage"].pop("expiresAt")

    answer = watched.app.events({"Records": [broken, _record(old, new, "101")]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "100"}]}
    assert len(watched.app.pushed()) == 1


def test_a_failed_record_without_a_number_fails_them_all(app: App) -> None:
    made = event("stream_modify")
    made["Records"][0]["dynamodb"] = {}

    with pytest.raises(RecordsFailed):
        app.events(made)
