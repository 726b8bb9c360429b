"""The application as its clients see it: genuine events in, answers out."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from qr_session import event_routes, event_service, http_actions, http_routes
from qr_session.bucket import Head
from qr_session.session import upload_key
from tests.handlers.fakes import Clock, DictBucket, DictSessions, Ids, ListPusher, PlainUploads

EVENTS = Path(__file__).parent / "events"
BUCKET = "example-uploads"
ORIGIN = "https://www.example.com"
MAX_BYTES = 15 * 1024 * 1024
MAX_UPLOADS = 10
NONCE = "example-phone-nonce"
GIF = b"GIF89a\x10\x00\x10\x00rest"
GIF_BYTES = len(GIF)
UPLOAD_ID = "0123456789abcdef0123456789abcdef"


@cache
def _loaded(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def event(name: str) -> Any:
    """A fresh copy of an event."""
    return copy.deepcopy(_loaded(name))


def http_event(method: str, path: str, token: str | None, body: Any, **headers: str) -> Any:
    """A genuine HTTP event of that request; a body that is no string is sent as JSON."""
    made = event("http_create")
    made["requestContext"]["http"] |= {"method": method, "path": path}
    made["rawPath"] = path
    made["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        made["headers"]["authorization"] = f"Bearer {token}"
    made.pop("body")
    if body is not None:
        made["body"] = body if isinstance(body, str) else json.dumps(body)
    return made


def bucket_event(*keys: str, version: str = "2.6", bucket: str = BUCKET) -> Any:
    """A genuine S3 notification of those keys."""
    made = event(f"s3_put_{version}")
    records = []
    for key in keys:
        record = copy.deepcopy(made["Records"][0])
        record["s3"]["object"]["key"] = key
        record["s3"]["bucket"]["name"] = bucket
        records.append(record)
    return {"Records": records}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, its body parsed."""

    status: int
    headers: dict[str, str]
    body: Any
    text: str


@dataclass
class App:
    """Both functions over one store."""

    sessions: Any = field(default_factory=DictSessions)
    bucket: DictBucket = field(default_factory=DictBucket)
    pusher: ListPusher = field(default_factory=ListPusher)
    uploads: Any = field(default_factory=PlainUploads)
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    max_uploads: int = MAX_UPLOADS
    origin_keys: tuple[bytes, ...] | None = None

    @property
    def http_service(self) -> http_actions.Service:
        return http_actions.Service(
            sessions=self.sessions,
            uploads=self.uploads,
            clock=self.clock,
            ids=self.ids,
            max_upload_bytes=MAX_BYTES,
            max_uploads=self.max_uploads,
            origin_keys=self.origin_keys,
        )

    @property
    def event_service(self) -> event_service.Service:
        return event_service.Service(
            sessions=self.sessions,
            bucket=self.bucket,
            pusher=self.pusher,
            clock=self.clock,
            bucket_name=BUCKET,
            origins=frozenset({ORIGIN}),
            origin_keys=self.origin_keys,
        )

    def http(
        self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str
    ) -> Answer:
        """The answer to a request."""
        return self.http_answer(http_event(method, path, token, body, **headers))

    def http_answer(self, made: Any) -> Answer:
        """The answer to an HTTP event."""
        raw = http_routes.respond(self.http_service, made)
        body = json.loads(raw["body"]) if raw["body"] else None
        return Answer(raw["statusCode"], raw["headers"], body, raw["body"])

    def send(self, route: str, body: Any = None, connection: str = "c1") -> Any:
        """The answer to a WebSocket message, parsed."""
        made = event("websocket_default")
        made["requestContext"] |= {"routeKey": route, "connectionId": connection}
        made["body"] = body if isinstance(body, str) else json.dumps(body)
        return json.loads(self.events(made)["body"])

    def subscribe(self, session_id: str, token: str, connection: str = "c1") -> Any:
        """The answer to a subscription."""
        message = {"action": "subscribe", "v": 1, "sessionId": session_id, "token": token}
        return self.send("subscribe", message, connection)

    def disconnect(self, connection: str = "c1") -> Any:
        """The answer to a disconnect."""
        made = event("websocket_disconnect")
        made["requestContext"]["connectionId"] = connection
        return self.events(made)

    def events(self, made: Any) -> Any:
        """What the WebSocket/Event function answers."""
        return event_routes.respond(self.event_service, made)

    def store_object(self, key: str, content_type: str = "image/gif", data: bytes = GIF) -> None:
        """Puts an object in the bucket, without its event."""
        self.bucket.objects[key] = Head(content_type, f"etag-of-{key[-32:]}", data)

    def pushed(self) -> list[Any]:
        """The messages pushed so far, parsed."""
        return [json.loads(message) for _, message in self.pusher.sent]


@dataclass
class Scene:
    """A session with its tokens, as far as a test took it."""

    app: App
    id: str
    desktop: str
    upload: str
    phone: str = ""

    @property
    def path(self) -> str:
        return f"/sessions/{self.id}"

    def claim(self, nonce: str = NONCE) -> Answer:
        """Claims, and keeps the phone's token where it was given."""
        answer = self.app.http("POST", f"{self.path}/claim", self.upload, {"phone": nonce})
        if answer.status == 200:
            self.phone = answer.body["phoneToken"]
        return answer

    def request(
        self,
        upload_id: str = UPLOAD_ID,
        content_type: str = "image/gif",
        size: Any = GIF_BYTES,
        **more: Any,
    ) -> Answer:
        """Asks for an upload; further words are further fields."""
        body = {"uploadId": upload_id, "contentType": content_type, "size": size, **more}
        return self.app.http("POST", f"{self.path}/uploads", self.phone, body)

    def arrive(self, upload_id: str = UPLOAD_ID, data: bytes = GIF) -> None:
        """Stores the object and delivers its event."""
        key = upload_key(self.id, upload_id)
        self.app.store_object(key, data=data)
        self.app.events(bucket_event(key))

    def state(self) -> Any:
        """What the desktop reads."""
        return self.app.http("GET", self.path, self.desktop).body

    def cancel(self) -> Answer:
        """Cancels."""
        return self.app.http("DELETE", self.path, self.desktop)

    def expire(self) -> None:
        """Lets the session's time run out."""
        self.app.clock.now += 1800


def scene(app: App) -> Scene:
    """A new session."""
    made = app.http("POST", "/sessions", None, {}).body
    return Scene(app, made["sessionId"], made["desktopToken"], made["uploadToken"])
