"""The contract for people and for machines, held to the functions' own tables and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from qr_session import http_actions, incoming, session, websocket_routes
from qr_session.http_answers import STATUS_OF
from qr_session.http_routes import ROUTES
from tests.api.descriptions import (
    API,
    OF_THE_GATEWAY,
    answer_faults,
    description,
    faults,
    operations,
    resolved,
)
from tests.handlers.drive import MAX_BYTES, UPLOAD_ID, Answer, App, Scene, scene

ROOT = Path(__file__).resolve().parents[2]
ASYNCAPI_SCHEMA = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
OTHER_ID = "f" * 32
Seen = tuple[str, str, Answer]


def _schema(name: str) -> Any:
    return description("openapi.yaml")["components"]["schemas"][name]


# ---- the documents themselves


def test_the_http_api_is_described_in_valid_openapi() -> None:
    document = description("openapi.yaml")

    errors = [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]

    assert document["openapi"].startswith("3.1.")
    assert errors == []


def test_the_sockets_are_described_in_valid_asyncapi() -> None:
    assert ASYNCAPI_SCHEMA.is_file(), "@asyncapi/specs is missing. Run: npm ci"
    document = description("asyncapi.yaml")

    validator = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text("utf-8")))
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]

    assert document["asyncapi"] == "3.0.0"
    assert errors == []


def test_the_judge_of_asyncapi_finds_a_fault() -> None:
    document = {**description("asyncapi.yaml"), "channels": {"session": {"address": 7}}}

    assert not Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text("utf-8"))).is_valid(document)


# ---- tables


def test_the_described_routes_are_the_functions_own() -> None:
    own = {(path, method) for path, methods in ROUTES.items() for method in methods}

    assert set(operations()) == own


def test_the_page_for_people_names_the_same_codes() -> None:
    page = (API / "contract.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", page, re.MULTILINE)

    codes = {code: int(status) for status, words in rows for code in re.findall(r"`(\w+)`", words)}
    assert {code: codes[code] for code in STATUS_OF} == STATUS_OF
    assert set(codes) - set(STATUS_OF) <= {"Allow"}


def test_every_error_code_is_described_with_its_status() -> None:
    described = set()
    answers = description("openapi.yaml")["components"]["responses"]
    used = {
        answer["$ref"].rsplit("/", 1)[1]: status
        for operation in operations().values()
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }
    for name, answer in answers.items():
        status = int(used.get(name, "405"))
        schema = json.dumps(answer["content"]["application/json"]["schema"])
        for codes in re.findall(r'"enum": \[([^]]+)\]', schema):
            described |= {(code, status) for code in json.loads(f"[{codes}]")}

    assert described == set(STATUS_OF.items())


def test_types_statuses_ids_and_limits_are_the_functions_own() -> None:
    nonce = operations()["/sessions/{sessionId}/claim", "POST"]["requestBody"]["content"]
    phone = nonce["application/json"]["schema"]["properties"]["phone"]

    assert tuple(_schema("ContentType")["enum"]) == session.CONTENT_TYPES
    assert _schema("Status")["enum"] == [str(status) for status in session.Status]
    statuses = _schema("Upload")["properties"]["status"]["enum"]
    assert statuses == [str(status) for status in session.UploadStatus]
    assert _schema("SessionId")["pattern"] == f"^{session._SESSION_ID.pattern}$"
    assert _schema("UploadId")["pattern"] == f"^{session._UPLOAD_ID.pattern}$"
    nonces = http_actions.NONCE_CHARACTERS
    assert (phone["minLength"], phone["maxLength"]) == (nonces[0], nonces[-1])


def test_the_described_socket_routes_are_the_functions_own() -> None:
    received = {
        name
        for name, operation in description("asyncapi.yaml")["operations"].items()
        if operation["action"] == "receive"
    }

    assert received == {name for name in websocket_routes.ROUTES if not name.startswith("$")}


# ---- answers


def _story(app: App) -> Iterator[Seen]:
    """Every kind of answer that a client can bring about, each with its operation."""
    one, uploads = "/sessions/{sessionId}", "/sessions/{sessionId}/uploads"
    made = scene(app)
    yield "/sessions", "POST", app.http("POST", "/sessions")
    yield one, "GET", app.http("GET", made.path, made.desktop)
    yield f"{one}/claim", "POST", made.claim()
    yield f"{one}/claim", "POST", made.claim("another-phone-nonce")
    yield uploads, "POST", made.request()
    yield uploads, "POST", made.request()
    yield uploads, "POST", made.request(size=1)
    yield f"{uploads}/{{uploadId}}", "GET", _download(made)
    made.arrive()
    yield uploads, "POST", made.request()
    yield f"{uploads}/{{uploadId}}", "GET", _download(made)
    state = app.http("GET", made.path, made.phone)
    yield one, "GET", state
    yield (
        one,
        "GET",
        app.http("GET", made.path, made.phone, None, if_none_match=state.headers["etag"]),
    )
    yield from _refusals(app, made)
    yield one, "DELETE", made.cancel()
    yield uploads, "POST", made.request(OTHER_ID)
    yield f"{one}/claim", "POST", made.claim()


def _download(made: Scene) -> Answer:
    return made.app.http("GET", f"{made.path}/uploads/{UPLOAD_ID}", made.desktop)


def _refusals(app: App, made: Scene) -> Iterator[Seen]:
    """What is refused whatever the session is like."""
    uploads = "/sessions/{sessionId}/uploads"
    yield uploads, "POST", made.request(OTHER_ID, size=MAX_BYTES + 1)
    yield uploads, "POST", made.request(OTHER_ID, content_type="image/svg+xml")
    yield uploads, "POST", made.request(OTHER_ID, size=0)
    yield uploads, "POST", made.request("short")
    yield "/sessions/{sessionId}/claim", "POST", made.claim("short")
    long = json.dumps({"phone": "x" * incoming.BODY_CAP_BYTES})
    behind = replace(app, origin_keys=())
    for path, method in operations():
        place = path.format(sessionId=made.id, uploadId=UPLOAD_ID)
        yield path, method, behind.http(method, place)
        if path != "/sessions":
            yield path, method, app.http(method, place)
            yield path, method, app.http(method, place, "a-token-of-nobody", {"phone": "x" * 16})
            yield path, method, app.http(method, place, "a-token-of-nobody", _well_formed(path))
        if method == "POST":
            yield path, method, app.http(method, place, made.phone or "x", "{")
            yield path, method, app.http(method, place, made.phone or "x", long)


def _well_formed(path: str) -> Any:
    if path.endswith("/uploads"):
        return {"uploadId": OTHER_ID, "contentType": "image/gif", "size": 1}
    return {"phone": "x" * 16}


def test_every_answer_is_as_described_and_every_described_answer_is_seen() -> None:
    seen, wrong = set(), []
    for path, method, answer in _story(App()):
        seen.add((path, method, str(answer.status)))
        wrong += [
            f"{method} {path} {answer.status} {fault}"
            for fault in answer_faults(path, method, answer.status, answer.body)
        ]

    described = {
        (path, method, status)
        for (path, method), operation in operations().items()
        for status in operation["responses"].keys() - OF_THE_GATEWAY
    }
    assert wrong == []
    assert seen == described


def test_every_described_header_is_sent() -> None:
    for path, method, answer in _story(App()):
        described = resolved(operations()[path, method]["responses"][str(answer.status)])
        names = {name.lower() for name in described.get("headers", {})}

        assert names <= answer.headers.keys(), (path, method, answer.status)


@pytest.mark.parametrize("operation", operations(), ids=lambda one: f"{one[1]} {one[0]}")
def test_each_token_may_do_what_is_described_and_nothing_else(operation: tuple[str, str]) -> None:
    path, method = operation
    described = operations()[operation]["security"]
    for holder in ("desktop", "upload", "phone"):
        made = scene(App())
        made.claim()
        made.request()
        made.arrive()
        place = path.format(sessionId=made.id, uploadId=UPLOAD_ID)
        body = {"phone": "example-phone-nonce"} if path.endswith("claim") else _well_formed(path)

        answer = made.app.http(method, place, getattr(made, holder), body)

        assert (answer.status != 404) == ({holder: []} in described or not described), holder


def _socket_answers(app: App) -> Iterator[tuple[str, Any]]:
    """Answers of the sockets' routes, each with the operation that it replies to."""
    made = scene(app)
    yield "ping", app.send("ping", {"action": "ping"})
    yield "subscribe", app.subscribe(made.id, made.desktop)
    yield "subscribe", app.subscribe(made.id, "wrong")
    yield "subscribe", app.subscribe(made.id, "")
    yield "subscribe", app.send("subscribe", {"action": "subscribe"})
    yield "subscribe", app.send("subscribe", "[")
    yield "subscribe", app.send("subscribe", " " * 9000 + "{}")
    yield "ping", app.send("$default", {"action": "sing"})


def test_every_message_of_a_socket_is_as_described() -> None:
    document = description("asyncapi.yaml")
    told = {"Pong": "pong", "State": "state", "Error": "error"}
    seen = set()
    for operation, message in _socket_answers(App()):
        name = next(name for name, kind in told.items() if kind == message["type"])
        replies = document["operations"][operation]["reply"]["messages"]
        seen.add(message.get("error", name))

        assert {"$ref": f"#/channels/session/messages/{told[name]}"} in replies
        assert faults(message, f"asyncapi.yaml#/components/messages/{name}/payload") == []

    codes = set(
        document["components"]["messages"]["Error"]["payload"]["properties"]["error"]["enum"]
    )
    assert seen == {"Pong", "State"} | codes - {"internal", "unavailable"}


def test_what_is_pushed_is_the_described_state() -> None:
    app = App()
    made = scene(app)
    app.subscribe(made.id, made.desktop)
    made.claim()
    made.request()
    made.arrive()

    (pushed,) = app.pushed()

    assert faults(pushed, "asyncapi.yaml#/components/messages/State/payload") == []
    assert faults({**pushed, "url": "x"}, "asyncapi.yaml#/components/messages/State/payload")
