"""How much of a warm request's CPU is ours: everything but the call into botocore."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from botocore.auth import S3SigV4QueryAuth

from tests.handlers import aws
from tests.handlers.drive import event, http_event
from tests.handlers.functions import load

ROUNDS = 240
WARM_UP = 10
UPLOADS = 10  # asked for again and again: a session takes no more than that for long


class Watch:
    """CPU time inside botocore: a client's call, and its signer."""

    def __init__(self) -> None:
        self.inside = 0.0

    def wrap(self, owner: Any, name: str) -> None:
        """Counts what this method takes as botocore's."""
        call = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.thread_time()
            try:
                return call(*arguments, **options)
            finally:
                self.inside += time.thread_time() - begun

        setattr(owner, name, timed)

    def measure(self, handler: Callable[..., Any], made: list[Any]) -> tuple[float, float]:
        """Mean CPU of an event, and the part of it outside botocore, in seconds."""
        for one in made[:WARM_UP]:
            handler(one, None)
        self.inside = 0.0
        begun = time.thread_time()
        for one in made[WARM_UP:]:
            handler(one, None)
        total = time.thread_time() - begun
        return total / ROUNDS, (total - self.inside) / ROUNDS


def main() -> None:
    """Prints [total, own] of each route that calls AWS, as JSON."""
    http = load("http_api_handler", _here())
    events = load("websocket_event_handler", _here())
    watch = Watch()
    for method in ("put_item", "get_item", "update_item"):
        watch.wrap(http.SERVICE.sessions.client, method)
        watch.wrap(events.SERVICE.sessions.client, method)
    watch.wrap(S3SigV4QueryAuth, "add_auth")
    create = http_event("POST", "/sessions", None, {})
    session = json.loads(http.lambda_handler(create, None)["body"])
    path, desktop = f"/sessions/{session['sessionId']}", session["desktopToken"]
    claim = http_event("POST", f"{path}/claim", session["uploadToken"], {"phone": "n" * 16})
    phone = json.loads(http.lambda_handler(claim, None)["body"])["phoneToken"]
    message = {"action": "subscribe", "v": 1, "sessionId": session["sessionId"], "token": desktop}
    subscribe = event("websocket_subscribe") | {"body": json.dumps(message)}
    uploads = [http_event("POST", f"{path}/uploads", phone, _upload(i)) for i in range(UPLOADS)]
    poll = http_event("GET", path, desktop, None)
    requests = {
        "POST /sessions": (http, [create] * (WARM_UP + ROUNDS)),
        "GET /sessions/{sessionId}": (http, [poll] * (WARM_UP + ROUNDS)),
        "POST /sessions/{sessionId}/claim": (http, [claim] * (WARM_UP + ROUNDS)),
        "subscribe": (events, [subscribe] * (WARM_UP + ROUNDS)),
        "POST /sessions/{sessionId}/uploads": (http, uploads * ((WARM_UP + ROUNDS) // UPLOADS)),
    }
    rows = {
        route: watch.measure(function.lambda_handler, made)
        for route, (function, made) in requests.items()
    }
    print()
    print(json.dumps(rows))


def _upload(number: int) -> Any:
    return {"uploadId": f"{number:032x}", "contentType": "image/gif", "size": 5}


def _here() -> dict[str, str | None]:
    """The endpoint of this process instead of the tests' usual environment."""
    return {name: os.environ.get(name) for name in [*aws.ENVIRONMENT, "AWS_ENDPOINT_URL"]}


if __name__ == "__main__":
    main()
