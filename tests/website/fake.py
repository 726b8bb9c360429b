"""The services behind both pages, in memory and inside the browser's own requests.

It speaks the contract as far as the pages see it, and can be put into every state they show.
Nothing leaves the browser: HTTP and WebSocket are answered where Playwright intercepts them.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

HTTP_API = "https://api.example.test"
WEB_SOCKET = "wss://ws.example.test/dev"
UPLOADS = "uploads.example.test"
OUTPUTS = {"HttpApiUrl": HTTP_API, "WebSocketUrl": WEB_SOCKET, "UploadBucketHost": UPLOADS}
MIB = 1024 * 1024
TYPES = [f"image/{kind}" for kind in ("jpeg", "png", "gif", "webp", "heic", "heif", "avif")]

_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, DELETE, PUT",
    "access-control-allow-headers": "authorization, content-type, if-none-match",
    "access-control-expose-headers": "etag",
}
_ROUTE = re.compile(r"/sessions(?:/([^/]+))?(?:/(claim|uploads)(?:/([^/]+))?)?$")


@dataclass
class Service:
    """One session at a time; tests set what comes next."""

    seconds: int = 1800
    match_code: str = "42"
    max_uploads: int = 10
    ahead: int = 0
    session: dict[str, Any] = field(default_factory=dict)
    phone: str | None = None
    objects: dict[str, bytes] = field(default_factory=dict)
    sockets: list[Any] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    rejects: bool = False
    settles: bool = True
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    made: int = 0

    def attach(self, context: Any) -> None:
        """Answer everything that this browser context asks of the services."""
        context.route(f"{HTTP_API}/**", self._http)
        context.route(f"https://{UPLOADS}/**", self._bucket)
        context.route_web_socket(f"{WEB_SOCKET}", self._socket)

    def change(self, **changes: Any) -> None:
        """Write to the session and push it, as the table and its stream would."""
        self.session.update(changes, rev=self.session["rev"] + 1)
        self.push()

    def push(self) -> None:
        """Tell every socket that is subscribed."""
        for socket in self.sockets:
            socket.send(json.dumps(self.state()))

    def state(self) -> dict[str, Any]:
        """The session as it is told, with the service's own clock."""
        return {**self.session, "now": self.now()}

    def now(self) -> int:
        """The service's clock, which the browser's needn't agree with."""
        return int(time.time()) + self.ahead

    def upload(
        self,
        number: int,
        status: str,
        data: bytes = b"",
        kind: str = "image/jpeg",
        name: str = "",
    ) -> None:
        """Put an upload into the session, as a phone and the bucket would."""
        upload_id = f"{number:032x}"
        one = {"id": upload_id, "status": status, "contentType": kind, "size": len(data) or 2 * MIB}
        one |= {"name": name} if name else {}
        self.objects[upload_id] = data
        others = [other for other in self.session["uploads"] if other["id"] != upload_id]
        self.change(uploads=[*others, one], status="COMPLETED" if status == "STORED" else "SCANNED")

    def _create(self) -> dict[str, Any]:
        self.made += 1
        now = self.now()
        self.phone = None
        self.session = {
            "v": 1,
            "type": "state",
            "sessionId": str(UUID(int=self.made, version=4)),
            "rev": 1,
            "status": "AWAITING_SCAN",
            "expiresAt": now + self.seconds,
            "uploads": [],
        }
        return {
            **{name: self.session[name] for name in ("v", "sessionId", "status", "rev")},
            "createdAt": now,
            "expiresAt": self.session["expiresAt"],
            "maxUploads": self.max_uploads,
            "desktopToken": "d" * 32,
            "uploadToken": "u" * 32,
        }

    def _http(self, route: Any) -> None:
        request = route.request
        match = _ROUTE.search(request.url)
        assert match is not None, request.url
        _, action, upload_id = match.groups()
        name = f"{request.method} {action or 'session'}"
        self.log.append(name)
        if name in self.hangs:
            return
        if self.answers.get(name):
            status, body = self.answers[name].pop(0)
        else:
            status, body = self._answer(name, upload_id, request)
        etag = f'"{self.session.get("rev")}-{self.session.get("status")}"'
        if name == "GET session" and request.headers.get("if-none-match") == etag:
            status, body = 304, {}
        if status == 0:
            route.abort()
            return
        headers = {**_CORS, "content-type": "application/json", "etag": etag}
        route.fulfill(status=status, headers=headers, body=json.dumps(body))

    def _answer(self, name: str, upload_id: str | None, request: Any) -> tuple[int, dict[str, Any]]:
        if request.method == "OPTIONS":
            return 204, {}
        if name == "POST session":
            return 201, self._create()
        if name == "GET session":
            return 200, self.state()
        if name == "DELETE session":
            self.change(status="CANCELLED")
            return 200, self.state()
        if name == "POST claim":
            return self._claim(json.loads(request.post_data)["phone"])
        if name == "POST uploads":
            return self._ask(json.loads(request.post_data))
        return 200, {"v": 1, "url": f"https://{UPLOADS}/{upload_id}?signed"}

    def _claim(self, nonce: str) -> tuple[int, dict[str, Any]]:
        if self.phone not in (None, nonce):
            return 409, {"v": 1, "error": "conflict"}
        if self.phone is None:
            self.phone = nonce
            self.change(status="SCANNED", matchCode=self.match_code)
        return 200, {
            "v": 1,
            "phoneToken": "p" * 32,
            "status": self.session["status"],
            "rev": self.session["rev"],
            "matchCode": self.match_code,
            "maxBytes": 15 * MIB,
            "maxUploads": self.max_uploads,
            "types": TYPES,
        }

    def _ask(self, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        upload_id = wanted["uploadId"]
        known = [one["id"] for one in self.session["uploads"]]
        if upload_id not in known:
            one = {"id": upload_id, "status": "REQUESTED"}
            kept = ("contentType", "size", "name")
            one |= {name: wanted[name] for name in kept if name in wanted}
            self.change(uploads=[*self.session["uploads"], one], status="UPLOAD_REQUESTED")
        return 200 if upload_id in known else 201, {
            "v": 1,
            "uploadId": upload_id,
            "method": "PUT",
            "url": f"https://{UPLOADS}/{upload_id}?signed",
            "headers": {"content-type": wanted["contentType"], "if-none-match": "*"},
            "expiresAt": int(time.time()) + 300,
        }

    def _bucket(self, route: Any) -> None:
        request = route.request
        upload_id = request.url.rsplit("/", 1)[1].split("?")[0]
        self.log.append(f"{request.method} object")
        if f"{request.method} object" in self.hangs:
            return
        status, body = 200, self.objects.get(upload_id, b"")
        if self.answers.get(f"{request.method} object"):
            status, _ = self.answers[f"{request.method} object"].pop(0)
        if status == 0:
            route.abort()
            return
        if request.method == "PUT" and status == 200:
            self.objects[upload_id] = request.post_data_buffer or b""
            body = b""
            if self.settles:  # at once: nobody has to wait for the phone's next look
                self.settle(upload_id, "REJECTED" if self.rejects else "STORED")
        route.fulfill(status=status, headers=_CORS, body=body)

    def settle(self, upload_id: str, status: str) -> None:
        """The bucket's event has been handled."""
        uploads = [
            {**one, "status": status} if one["id"] == upload_id else one
            for one in self.session["uploads"]
        ]
        ended = "COMPLETED" if status == "STORED" else self.session["status"]
        self.change(uploads=uploads, status=ended)

    def _socket(self, socket: Any) -> None:
        if "socket" in self.hangs:
            socket.close()
            return

        def answer(text: str) -> None:
            message = json.loads(text)
            self.log.append(f"WS {message['action']}")
            if message["action"] == "ping":
                socket.send(json.dumps({"v": 1, "type": "pong"}))
                return
            self.sockets[:] = [socket]
            socket.send(json.dumps(self.state()))

        socket.on_message(answer)
