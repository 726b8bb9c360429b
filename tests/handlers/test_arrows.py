"""Every arrow as it goes over the wire: one conditional UpdateItem that brings the old item."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qr_session.session import Upload, UploadStatus
from qr_session.store import Unchanged
from qr_session.store_events import DynamoSessions as EventSessions
from qr_session.store_http import DynamoSessions as HttpSessions
from tests.handlers import aws
from tests.handlers.wire import Wire, dynamodb_error, shared_client

ID = "3f1c7a52-9d0e-4b6a-8c11-2f7e5d90aa01"
UPLOAD = Upload("0" * 32, UploadStatus.REQUESTED, "image/gif", 5, 1)


class Both(HttpSessions, EventSessions):
    """Both functions' adapters over one client."""


ARROWS: list[Callable[[Both], Any]] = [
    lambda s: s.claim(ID, "upload", "phone", 1),
    lambda s: s.request_upload(ID, "phone", UPLOAD, 10),
    lambda s: s.cancel(ID, "desktop"),
    lambda s: s.bind(ID, "desktop", "c1"),
    lambda s: s.unbind(ID, "c1"),
    lambda s: s.finish(ID, UPLOAD.id, "image/gif", UploadStatus.STORED, "e"),
    lambda s: s.finish(ID, UPLOAD.id, "image/gif", UploadStatus.REJECTED, "e"),
]


@pytest.mark.parametrize("arrow", ARROWS)
def test_an_arrow_is_one_conditional_update(arrow: Callable[[Both], Any]) -> None:
    client = shared_client("dynamodb")
    wire = Wire(client, dynamodb_error("ConditionalCheckFailedException"))

    with pytest.raises(Unchanged):
        arrow(Both(client, aws.TABLE, aws.INDEX))

    (sent,) = wire.sent
    update = json.loads(sent.body)
    assert sent.headers["X-Amz-Target"] == b"DynamoDB_20120810.UpdateItem"
    assert update["ConditionExpression"].startswith("attribute_exists(sessionId) AND ")
    assert update["UpdateExpression"].endswith(" ADD rev :one")
    assert update["ReturnValues"] == "ALL_NEW"
    assert update["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
