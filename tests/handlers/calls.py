"""Which AWS calls each route makes: both functions as they are deployed, on moto."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from qr_session.session import upload_key
from tests.handlers import aws
from tests.handlers.drive import GIF, GIF_BYTES, UPLOAD_ID, bucket_event, event, http_event
from tests.handlers.functions import load


class Functions:
    """Both functions, with every call that their clients make."""

    def __init__(self) -> None:
        self.http, self.events = (load(n) for n in ("http_api_handler", "websocket_event_handler"))
        self.made: list[str] = []
        for client in self._clients():
            client.meta.events.register("before-call.*", self._count)

    def _clients(self) -> list[Any]:
        events = self.events.SERVICE
        mine = [self.http.SERVICE.sessions.client, events.sessions.client]
        return [*mine, events.bucket._client, events.pusher._client]

    def _count(self, model: Any, **_: Any) -> None:
        self.made.append(f"{model.service_model.service_id}:{model.name}")

    def request(self, method: str, path: str, token: str | None = None, body: Any = None) -> Any:
        """The parsed answer to a request."""
        answer = self.http.lambda_handler(http_event(method, path, token, body), None)
        return json.loads(answer["body"])

    def message(self, route: str, **body: Any) -> Any:
        """What the event function answers on a WebSocket route."""
        made = event("websocket_default") | {"body": json.dumps(body)}
        made["requestContext"] |= {"routeKey": route, "connectionId": "the-connection"}
        return self.events.lambda_handler(made, None)

    def calls(self, work: Callable[[], Any]) -> list[str]:
        """The calls that some work makes."""
        self.made.clear()
        work()
        return list(self.made)


def calls_per_route(f: Functions) -> dict[str, list[str]]:
    """Every route's calls, in a life where each succeeds."""
    found: dict[str, list[str]] = {}
    session: dict[str, Any] = {}

    def create() -> None:
        session.update(f.request("POST", "/sessions"))

    found["POST /sessions"] = f.calls(create)
    path = f"/sessions/{session['sessionId']}"
    desktop = session["desktopToken"]

    def claim() -> None:
        body = {"phone": "example-phone-nonce"}
        session.update(f.request("POST", f"{path}/claim", session["uploadToken"], body))

    def request() -> None:
        body = {"uploadId": UPLOAD_ID, "contentType": "image/gif", "size": GIF_BYTES}
        assert f.request("POST", f"{path}/uploads", session["phoneToken"], body)["url"]

    def subscribe() -> None:
        sid = session["sessionId"]
        assert "state" in f.message("subscribe", v=1, sessionId=sid, token=desktop)["body"]

    key = upload_key(session["sessionId"], UPLOAD_ID)

    def arrive() -> None:
        f.events.lambda_handler(bucket_event(key, bucket=aws.BUCKET), None)

    found["GET /sessions/{sessionId}"] = f.calls(lambda: f.request("GET", path, desktop))
    found["subscribe"] = f.calls(subscribe)
    found["POST /sessions/{sessionId}/claim"] = f.calls(claim)
    found["POST /sessions/{sessionId}/uploads"] = f.calls(request)
    aws.s3().put_object(Bucket=aws.BUCKET, Key=key, Body=GIF, ContentType="image/gif")
    found["bucket event"] = f.calls(arrive)
    download = f"{path}/uploads/{UPLOAD_ID}"
    found["GET /sessions/{sessionId}/uploads/{uploadId}"] = f.calls(
        lambda: f.request("GET", download, desktop)
    )
    found["stream event"] = f.calls(lambda: f.events.lambda_handler(event("stream_modify"), None))
    found["$connect"] = f.calls(lambda: f.events.lambda_handler(event("websocket_connect"), None))
    found["ping"] = f.calls(lambda: f.message("ping", action="ping"))
    found["$default"] = f.calls(lambda: f.message("$default", action="x"))
    found["$disconnect"] = f.calls(lambda: f.message("$disconnect"))
    found["DELETE /sessions/{sessionId}"] = f.calls(lambda: f.request("DELETE", path, desktop))
    return found


def fill(sessions: int) -> None:
    """Puts that many sessions of strangers into the table, each with its own connection."""
    client = aws.dynamodb()
    for start in range(0, sessions, 25):
        puts = [_stranger() for _ in range(min(25, sessions - start))]
        client.batch_write_item(RequestItems={aws.TABLE: puts})


def _stranger() -> Any:
    unique = str(uuid.uuid4())
    item = {"sessionId": {"S": unique}, "wsConnectionId": {"S": unique}, "rev": {"N": "1"}}
    return {"PutRequest": {"Item": item}}
