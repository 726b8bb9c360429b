"""The WebSocket/Event function's entry: tells WebSocket, S3 and stream events apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qr_session import logs, s3_events, stream_events, websocket_routes
from qr_session.event_service import Service
from qr_session.incoming import field, text


class UnknownEvent(Exception):
    """An event that nobody has configured this function for."""


class RecordsFailed(Exception):
    """Some records have to come again; Lambda retries an invocation that raises."""


def respond(service: Service, event: object, request_id: str | None = None) -> Any:
    """The answer for API Gateway, or for the stream's mapping; S3 waits for none.

    Raises UnknownEvent, and RecordsFailed after every record had its turn.
    """
    if isinstance(event, Mapping) and "requestContext" in event:
        return websocket_routes.respond(service, event, request_id)
    if text(event, "Event") == "s3:TestEvent":
        return None
    records = field(event, "Records")
    if not isinstance(records, list):
        raise UnknownEvent
    sources = {text(record, "eventSource") for record in records}
    if sources <= {"aws:s3"}:
        return _bucket(service, records)
    if sources == {"aws:dynamodb"}:
        return _stream(service, records)
    raise UnknownEvent


def _bucket(service: Service, records: list[object]) -> None:
    failed = _failures(s3_events.handle, service, records)
    if failed:
        raise RecordsFailed(f"{len(failed)} of {len(records)} records of the bucket failed")


def _stream(service: Service, records: list[object]) -> dict[str, object]:
    """The failed records' sequence numbers: the stream comes again from the first of them."""
    failed = _failures(stream_events.handle, service, records)
    numbers = [text(record, "dynamodb", "SequenceNumber") for record in failed]
    if not all(numbers):
        raise RecordsFailed(f"{len(failed)} of {len(records)} records of the stream failed")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def _failures(
    handle: Callable[[Service, object], None], service: Service, records: list[object]
) -> list[object]:
    """The records that failed; each had its turn, whatever became of the others."""
    failed = []
    for record in records:
        try:
            handle(service, record)
        except Exception as error:  # noqa: BLE001 - one bad record must not keep the next from its turn
            logs.write("record", level="ERROR", code="failed", error=error)
            failed.append(record)
    return failed
