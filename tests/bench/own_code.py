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


class Watch:
    """CPU time inside botocore: a client's call, and its signer."""

    def __init__(self) -> None:
        self.inside = 0.0
        self.rows: dict[str, tuple[float, float]] = {}

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

    def measure(self, name: str, handler: Callable[..., Any], made: list[Any]) -> list[Any]:
        """The parsed answers to these events; keeps their mean CPU, and that outside botocore."""
        answers = [handler(one, None) for one in made[:WARM_UP]]
        self.inside = 0.0
        begun = time.thread_time()
        answers += [handler(one, None) for one in made[WARM_UP:]]
        total = time.thread_time() - begun
        self.rows[name] = (total / ROUNDS, (total - self.inside) / ROUNDS)
        assert all(answer["statusCode"] < 300 for answer in answers), answers[-1]
        return [json.loads(answer["body"]) for answer in answers]


def main() -> None:
    """Prints [total, own] of each route that calls AWS, as JSON; each session goes all the way."""
    http, events = (load(n, _here()) for n in ("http_api_handler", "websocket_event_handler"))
    watch = Watch()
    for method in ("put_item", "get_item", "update_item"):
        watch.wrap(http.SERVICE.sessions.client, method)
        watch.wrap(events.SERVICE.sessions.client, method)
    watch.wrap(S3SigV4QueryAuth, "add_auth")
    made = watch.measure("POST /sessions", http.lambda_handler, [_create()] * (WARM_UP + ROUNDS))
    polls = [_poll(one) for one in made]
    watch.measure("GET /sessions/{sessionId}", http.lambda_handler, polls)
    watch.measure("subscribe", events.lambda_handler, [_subscribe(one) for one in made])
    claims = [_claim(one) for one in made]
    phones = watch.measure("POST /sessions/{sessionId}/claim", http.lambda_handler, claims)
    uploads = [_upload(*pair) for pair in zip(made, phones, strict=True)]
    watch.measure("POST /sessions/{sessionId}/uploads", http.lambda_handler, uploads)
    print()
    print(json.dumps(watch.rows))


def _path(session: Any) -> str:
    return f"/sessions/{session['sessionId']}"


def _create() -> Any:
    return http_event("POST", "/sessions", None, {})


def _poll(session: Any) -> Any:
    return http_event("GET", _path(session), session["desktopToken"], None)


def _subscribe(session: Any) -> Any:
    token = session["desktopToken"]
    message = {"action": "subscribe", "v": 1, "sessionId": session["sessionId"], "token": token}
    return event("websocket_subscribe") | {"body": json.dumps(message)}


def _claim(session: Any) -> Any:
    body = {"phone": "example-phone-nonce"}
    return http_event("POST", f"{_path(session)}/claim", session["uploadToken"], body)


def _upload(session: Any, phone: Any) -> Any:
    body = {"uploadId": "a" * 32, "contentType": "image/gif", "size": 5}
    return http_event("POST", f"{_path(session)}/uploads", phone["phoneToken"], body)


def _here() -> dict[str, str | None]:
    """The endpoint of this process instead of the tests' usual environment."""
    return {name: os.environ.get(name) for name in [*aws.ENVIRONMENT, "AWS_ENDPOINT_URL"]}


if __name__ == "__main__":
    main()
