"""The WebSocket/Event function's entry: tells WebSocket, S3 and stream events apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qr_session import logs, s3_events, stream_events, websocket_routes
from qr_session.event_service import Service
from qr_session.incoming import field, text


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of records: its name in the log, what is done to one, and whose one is."""

    what: str
    handle: Callable[[Service, object], str | None]
    session_id: Callable[[object], str | None]


BUCKET = Kind("s3", s3_events.handle, s3_events.session_id)
STREAM = Kind("stream", stream_events.handle, stream_events.session_id)

# HTTP APIs and the failure queue's messages have a requestContext too, without any of these.
_OF_A_CONNECTION = {"connectionId", "eventType", "messageDirection"}


class UnknownEvent(Exception):
    """An event that nobody has configured this function for."""


class RecordsFailed(Exception):
    """Some records have to come again; Lambda retries an invocation that raises."""


def respond(service: Service, event: object, request_id: str | None = None) -> Any:
    """The answer for API Gateway, or for the stream's mapping; S3 waits for none.

    Raises UnknownEvent, and RecordsFailed after every record had its turn.
    """
    context = field(event, "requestContext")
    if isinstance(context, Mapping) and not _OF_A_CONNECTION.isdisjoint(context):
        return websocket_routes.respond(service, event, request_id)
    if text(event, "Event") == "s3:TestEvent":
        return None
    records = field(event, "Records")
    if not isinstance(records, list):
        raise UnknownEvent
    sources = {text(record, "eventSource") for record in records}
    if sources <= {"aws:s3"}:
        return _bucket(service, records, request_id)
    if sources == {"aws:dynamodb"}:
        return _stream(service, records, request_id)
    raise UnknownEvent


def _bucket(service: Service, records: list[object], request_id: str | None) -> None:
    failed = _failures(BUCKET, service, records, request_id)
    if failed:
        raise RecordsFailed(f"{len(failed)} of {len(records)} records of the bucket failed")


def _stream(service: Service, records: list[object], request_id: str | None) -> dict[str, object]:
    """The failed records' sequence numbers: the stream comes again from the first of them."""
    failed = _failures(STREAM, service, records, request_id)
    numbers = [text(record, "dynamodb", "SequenceNumber") for record in failed]
    if not all(numbers):
        raise RecordsFailed(f"{len(failed)} of {len(records)} records of the stream failed")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def _failures(
    kind: Kind, service: Service, records: list[object], request_id: str | None
) -> list[object]:
    """The records that failed; each had its turn, whatever became of the others."""
    failed = []
    for record in records:
        error: Exception | None = None
        try:
            outcome = kind.handle(service, record)
        except Exception as fault:  # noqa: BLE001 - one bad record must not keep the next from its turn
            outcome, error = "failed", fault
            failed.append(record)
        if outcome:
            logs.write(
                kind.what,
                level="ERROR" if error else "INFO",
                code=outcome,
                session_id=kind.session_id(record),
                error=error,
                request_id=request_id,
            )
    return failed
