"""What every store of sessions does, the dict and DynamoDB alike: one arrow a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from qr_session.items import item_of, session_of
from qr_session.session import Session, Status, Upload, UploadStatus, upload_key
from qr_session.store import Unchanged
from qr_session.store_events import DynamoSessions as EventSessions
from qr_session.store_http import DynamoSessions as HttpSessions
from tests.handlers import aws
from tests.handlers.fakes import NOW, DictSessions

ID = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"
UPLOAD = Upload("0" * 32, UploadStatus.REQUESTED, "image/gif", 5, NOW)
NEW = Session(ID, Status.AWAITING_SCAN, NOW, NOW + 1800, 1, "desktop", "upload")
CLAIMED = replace(NEW, status=Status.SCANNED, rev=2, phone_hash="phone")
REQUESTED = replace(CLAIMED, status=Status.UPLOAD_REQUESTED, rev=3, uploads=(UPLOAD,))
STORED = replace(
    REQUESTED,
    status=Status.COMPLETED,
    rev=4,
    uploads=(replace(UPLOAD, status=UploadStatus.STORED, etag="e"),),
    upload_key=upload_key(ID, UPLOAD.id),
)
CANCELLED = replace(REQUESTED, status=Status.CANCELLED)


class Both(HttpSessions, EventSessions):
    """Both functions' adapters over one client."""


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Both]:
    """The adapters over moto's table; making it takes longer than all that is done with it."""
    with mock_aws():
        client = aws.dynamodb()
        aws.make_table(client)
        yield Both(client, aws.TABLE, aws.INDEX)


@pytest.fixture(params=["dict", "dynamodb"])
def sessions(request: pytest.FixtureRequest) -> Any:
    """An empty store of each kind."""
    if request.param == "dict":
        return DictSessions()
    adapters = request.getfixturevalue("dynamodb")
    adapters.client.delete_item(TableName=aws.TABLE, Key={"sessionId": {"S": ID}})
    return adapters


def _put(sessions: Any, session: Session) -> None:
    sessions.create(session)


def _unchanged(sessions: Any, old: Session | None, change: Callable[[], Any]) -> None:
    with pytest.raises(Unchanged) as refused:
        change()

    assert refused.value.old == old
    assert sessions.read(ID) == old


@pytest.mark.parametrize(
    "session", [NEW, CLAIMED, REQUESTED, STORED, replace(STORED, connection_id="c")]
)
def test_what_was_created_is_read(sessions: Any, session: Session) -> None:
    _put(sessions, session)

    assert sessions.read(ID) == session


def test_what_was_never_created_is_not_there(sessions: Any) -> None:
    assert sessions.read(ID) is None


def test_an_id_is_taken_once(sessions: Any) -> None:
    _put(sessions, NEW)

    with pytest.raises(Unchanged):
        sessions.create(replace(NEW, desktop_hash="other"))

    assert sessions.read(ID) == NEW


def test_a_claim_scans(sessions: Any) -> None:
    _put(sessions, NEW)

    after = sessions.claim(ID, "upload", "phone", NOW + 1799)

    assert after == CLAIMED
    assert sessions.read(ID) == CLAIMED


@pytest.mark.parametrize("old", [None, NEW, CLAIMED, REQUESTED, STORED, CANCELLED])
@pytest.mark.parametrize(("token", "now"), [("wrong", NOW), ("upload", NOW + 1800)])
def test_a_claim_needs_its_token_and_time(
    sessions: Any, old: Session | None, token: str, now: int
) -> None:
    if old is not None:
        _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.claim(ID, token, "other", now))


@pytest.mark.parametrize("old", [CLAIMED, REQUESTED, STORED, CANCELLED])
def test_a_claim_happens_once(sessions: Any, old: Session) -> None:
    _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.claim(ID, "upload", "phone", NOW))


@pytest.mark.parametrize("old", [CLAIMED, replace(STORED, uploads=())])
def test_a_phone_asks_for_an_upload(sessions: Any, old: Session) -> None:
    _put(sessions, old)

    after = sessions.request_upload(ID, "phone", UPLOAD, 1)

    assert after == replace(old, status=Status.UPLOAD_REQUESTED, rev=old.rev + 1, uploads=(UPLOAD,))
    assert sessions.read(ID) == after


@pytest.mark.parametrize(
    ("old", "phone", "now", "limit"),
    [
        (None, "phone", NOW, 10),
        (NEW, "phone", NOW, 10),
        (CANCELLED, "phone", NOW, 10),
        (replace(CLAIMED, status=Status.CANCELLED), "phone", NOW, 10),
        (CLAIMED, "wrong", NOW, 10),
        (CLAIMED, "phone", NOW + 1800, 10),
        (CLAIMED, "phone", NOW, 0),
        (REQUESTED, "phone", NOW, 10),
        (STORED, "phone", NOW, 10),
    ],
)
def test_an_upload_needs_token_time_room_and_a_new_id(
    sessions: Any, old: Session | None, phone: str, now: int, limit: int
) -> None:
    if old is not None:
        _put(sessions, old)
    upload = replace(UPLOAD, requested_at=now)

    _unchanged(sessions, old, lambda: sessions.request_upload(ID, phone, upload, limit))


def test_uploads_asked_for_in_the_same_second_keep_their_order(sessions: Any) -> None:
    _put(sessions, CLAIMED)
    ids = [character * 32 for character in "9f05c1"]

    for upload_id in ids:
        sessions.request_upload(ID, "phone", replace(UPLOAD, id=upload_id), 10)

    assert [upload.id for upload in sessions.read(ID).uploads] == ids


def test_a_session_from_before_the_order_was_kept_goes_on(dynamodb: Both) -> None:
    item = item_of(replace(REQUESTED, id="older"))
    del item["uploadIds"]
    dynamodb.client.put_item(TableName=aws.TABLE, Item=item)
    later = replace(UPLOAD, id="f" * 32)

    after = dynamodb.request_upload("older", "phone", later, 10)

    assert after.uploads == (UPLOAD, later)
    assert dynamodb.read("older") == after


@pytest.mark.parametrize("old", [NEW, CLAIMED, REQUESTED, STORED])
def test_a_desktop_cancels(sessions: Any, old: Session) -> None:
    _put(sessions, old)

    after = sessions.cancel(ID, "desktop")

    assert after == replace(old, status=Status.CANCELLED, rev=old.rev + 1)
    assert sessions.read(ID) == after


@pytest.mark.parametrize(("old", "token"), [(None, "desktop"), (NEW, "x"), (CANCELLED, "desktop")])
def test_a_cancellation_needs_its_token_and_happens_once(
    sessions: Any, old: Session | None, token: str
) -> None:
    if old is not None:
        _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.cancel(ID, token))


@pytest.mark.parametrize("old", [NEW, CANCELLED, replace(STORED, connection_id="older")])
def test_the_newest_connection_is_bound(sessions: Any, old: Session) -> None:
    _put(sessions, old)

    after = sessions.bind(ID, "desktop", "c1")

    assert after == replace(old, connection_id="c1", rev=old.rev + 1)
    assert sessions.bound_to("c1") == [ID]
    assert sessions.bound_to("older") == []


@pytest.mark.parametrize("old", [None, NEW])
def test_binding_needs_the_desktop(sessions: Any, old: Session | None) -> None:
    if old is not None:
        _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.bind(ID, "wrong", "c1"))


def test_a_connection_is_forgotten(sessions: Any) -> None:
    _put(sessions, replace(STORED, connection_id="c1"))

    after = sessions.unbind(ID, "c1")

    assert after == replace(STORED, rev=STORED.rev + 1)
    assert sessions.bound_to("c1") == []


@pytest.mark.parametrize("old", [None, NEW, replace(STORED, connection_id="newer")])
def test_only_this_connection_is_forgotten(sessions: Any, old: Session | None) -> None:
    if old is not None:
        _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.unbind(ID, "c1"))


def test_a_stored_upload_completes(sessions: Any) -> None:
    _put(sessions, REQUESTED)

    after = sessions.finish(ID, UPLOAD.id, "image/gif", UploadStatus.STORED, "e")

    assert after == STORED
    assert sessions.read(ID) == STORED


def test_an_upload_of_an_unknown_type_is_settled_whatever_was_declared(sessions: Any) -> None:
    _put(sessions, REQUESTED)

    after = sessions.finish(ID, UPLOAD.id, None, UploadStatus.REJECTED, "e")

    rejected = replace(UPLOAD, status=UploadStatus.REJECTED, etag="e")
    assert after.uploads == (rejected,)


def test_a_rejected_upload_leaves_the_status(sessions: Any) -> None:
    _put(sessions, REQUESTED)

    after = sessions.finish(ID, UPLOAD.id, "image/gif", UploadStatus.REJECTED, "e")

    rejected = replace(UPLOAD, status=UploadStatus.REJECTED, etag="e")
    assert after == replace(REQUESTED, rev=4, uploads=(rejected,))


@pytest.mark.parametrize(
    ("old", "upload_id", "content_type"),
    [
        (None, UPLOAD.id, "image/gif"),
        (CLAIMED, UPLOAD.id, "image/gif"),
        (REQUESTED, "f" * 32, "image/gif"),
        (REQUESTED, UPLOAD.id, "image/png"),
        (STORED, UPLOAD.id, "image/gif"),
        (CANCELLED, UPLOAD.id, "image/gif"),
    ],
)
@pytest.mark.parametrize("status", [UploadStatus.STORED, UploadStatus.REJECTED])
def test_an_upload_is_settled_once_and_as_it_was_asked_for(
    sessions: Any, old: Session | None, upload_id: str, content_type: str, status: UploadStatus
) -> None:
    if old is not None:
        _put(sessions, old)

    _unchanged(sessions, old, lambda: sessions.finish(ID, upload_id, content_type, status, "e"))


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
_UPLOADS = st.builds(
    Upload,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.sampled_from(UploadStatus),
    _TEXT,
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.none() | _TEXT,
)
_SESSIONS = st.builds(
    Session,
    id=_TEXT,
    status=st.sampled_from(Status),
    created_at=st.integers(0, 2**40),
    expires_at=st.integers(0, 2**40),
    rev=st.integers(1, 2**40),
    desktop_hash=_TEXT,
    upload_hash=_TEXT,
    phone_hash=st.none() | _TEXT,
    connection_id=st.none() | _TEXT,
    upload_key=st.none() | _TEXT,
    uploads=st.lists(_UPLOADS, max_size=3, unique_by=lambda one: one.id).map(tuple),
)


@given(_SESSIONS)
@settings(max_examples=40)
def test_an_item_gives_its_session_back_and_has_no_null(session: Session) -> None:
    item = item_of(session)

    assert session_of(item) == session
    assert all("NULL" not in value for value in item.values())
