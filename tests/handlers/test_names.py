"""The name that a phone gives an image: for the desktop's eyes, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qr_session.environment import MOST_UPLOADS
from qr_session.items import item_of, session_of
from qr_session.outgoing import encoded
from qr_session.session import NAME_BYTES, Session, Status, Upload, UploadStatus, is_name, state
from tests.handlers.drive import UPLOAD_ID, App, Scene, bucket_event, scene

NAME = "Sommer in Zürich ☀ 夏.jpg"
PUSH_BYTES = 32 * 1024


@pytest.fixture
def named() -> Scene:
    """A session whose phone has asked for an upload by a name."""
    made = scene(App())
    made.app.subscribe(made.id, made.desktop)
    made.claim()
    assert made.request(name=NAME).status == 201
    return made


def test_the_desktop_reads_the_name_wherever_it_reads_the_state(named: Scene) -> None:
    named.arrive()

    answer = named.app.subscribe(named.id, named.desktop)
    states = [named.state(), answer, *named.app.pushed()]

    assert [state["uploads"][0]["name"] for state in states] == [NAME] * 3


def test_the_phone_is_not_told_the_names(named: Scene) -> None:
    answer = named.app.http("GET", named.path, named.phone)

    assert "name" not in answer.body["uploads"][0]
    assert answer.body["uploads"][0]["size"] == named.state()["uploads"][0]["size"]


def test_a_name_is_in_no_log_and_no_key(named: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    url = named.request(name=NAME).body["url"]
    named.arrive()
    with pytest.raises(Exception, match="failed"):
        named.app.events({"Records": [*bucket_event("x")["Records"], {"eventSource": "aws:s3"}]})

    assert url.split("?")[0].endswith(f"/{named.id}/{UPLOAD_ID}")
    assert "rich" not in capsys.readouterr().out


def test_an_upload_without_a_name_has_none(named: Scene) -> None:
    named.request("f" * 32)
    named.request("e" * 32, name=None)

    nameless = [upload["id"] for upload in named.state()["uploads"] if "name" not in upload]
    assert sorted(nameless) == ["e" * 32, "f" * 32]


def test_a_repeat_keeps_the_first_name(named: Scene) -> None:
    answer = named.request(name="another.jpg")

    assert answer.status == 200
    assert named.state()["uploads"][0]["name"] == NAME


@pytest.mark.parametrize(
    "name",
    ["", 7, True, [], {}, "a/b", "a\\b", 'a"b', "a\nb", "a\0b", "a\x85b", "x" * 121, "ü" * 61],
)
def test_what_is_no_name_is_refused_and_writes_nothing(named: Scene, name: Any) -> None:
    rev = named.state()["rev"]

    answer = named.request("f" * 32, name=name)

    assert (answer.status, answer.body["error"]) == (422, "bad_name")
    assert named.state()["rev"] == rev


def test_a_name_survives_the_table(named: Scene) -> None:
    upload = Upload("0" * 32, UploadStatus.STORED, "image/gif", 5, 1, "etag", NAME)
    session = Session("s", Status.COMPLETED, 1, 2, 3, "d", "u", uploads=(upload,))

    assert session_of(item_of(session)) == session


NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"/\\', exclude_categories=["Cc"]))


@given(NAMES.map(lambda text: text.encode()[:NAME_BYTES].decode(errors="ignore")).filter(is_name))
@example("😀" * 30)
@example("x" * NAME_BYTES)
def test_the_largest_state_with_any_names_can_be_pushed(name: str) -> None:
    uploads = tuple(
        Upload(f"{n:032x}", UploadStatus.REQUESTED, "image/jpeg", 5 * 1024**3, 1, name=name)
        for n in range(MOST_UPLOADS)
    )
    full = Session(
        "3f1c7a52-9d0e-4b6a-8c11-000000000001",
        *(Status.UPLOAD_REQUESTED, 1_790_000_000, 1_790_001_800, 10**6, "d" * 64, "u" * 64),
        phone_hash="f" * 64,
        uploads=uploads,
    )

    size = len(encoded(state(full, 0)).encode())

    assert size < PUSH_BYTES
