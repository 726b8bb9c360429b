"""schemathesis drives the described HTTP API against the application on this machine."""

from __future__ import annotations

import re
import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings

from pipeline import signals
from tests.api.descriptions import API, operations
from tests.conftest import copy_of_the_project
from tests.localcloud.application.conftest import started

EXAMPLES = 12  # of each operation and kind
PATIENCE = 20.0
NAMES = sorted(operation["operationId"] for operation in operations().values())
HELD = [
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
]
# What well-formed requests to a session that a phone has claimed can come to.
ANSWERS = {
    "cancelSession": {200},
    "claimSession": {409},  # another nonce is another phone
    "createSession": {201},
    "downloadUpload": {404},  # asked for, and never stored
    "readSession": {200, 304},
    "requestUpload": {200, 201, 409, 413},
}


@dataclass(frozen=True)
class Known:
    """A session that exists, with all its tokens."""

    id: str
    desktop: str
    upload: str
    phone: str
    upload_id: str

    def credentials(self, security: list[dict[str, list[str]]]) -> dict[str, str]:
        """The header with the first of the tokens that an operation takes."""
        holders = [holder for one in security for holder in one]
        return {"Authorization": f"Bearer {getattr(self, holders[0])}"} if holders else {}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running HTTP API that takes as many requests as we have."""
    project = copy_of_the_project(tmp_path_factory.mktemp("project"))
    environment = project / "environments" / "dev.yaml"
    unlimited = re.sub(r"(burst|rate): \d+", r"\1: 5000", environment.read_text("utf-8"))
    environment.write_text(unlimited, "utf-8")
    running = started(project)
    yield str(running.ready["outputs"]["HttpApiUrl"]).rstrip("/")
    assert running.end(signal.SIGTERM) == signals.TERMINATED


@pytest.fixture
def known(api: str) -> Known:
    """A session that a phone has claimed and asked for one upload."""
    nonce, upload_id = secrets.token_hex(16), secrets.token_hex(16)
    made = _post(f"{api}/sessions", "", {})
    place = f"{api}/sessions/{made['sessionId']}"
    phone = _post(f"{place}/claim", made["uploadToken"], {"phone": nonce})["phoneToken"]
    upload = {"uploadId": upload_id, "contentType": "image/gif", "size": 1}
    _post(f"{place}/uploads", phone, upload)
    return Known(made["sessionId"], made["desktopToken"], made["uploadToken"], phone, upload_id)


def _post(url: str, token: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(url, json=body, headers=headers, timeout=PATIENCE)
    assert answer.ok, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """schemathesis' reading of the description; its import takes half a second."""
    import schemathesis

    schema = schemathesis.openapi.from_path(API / "openapi.yaml")
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def _drive(operation: Any, api: str, mode: str, sent: Callable[[Any], dict[str, str]]) -> set[int]:
    """The statuses that generated requests got; each answer is held to the description."""
    from schemathesis import GenerationMode
    from schemathesis.checks import CHECKS

    statuses = set()

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=[*HealthCheck])
    @given(case=operation.as_strategy(GenerationMode(mode)))
    def drive(case: Any) -> None:
        if mode == "positive" and isinstance(case.body, dict) and "size" in case.body:
            case.body["size"] = int(case.body["size"])  # JSON Schema calls 1.0 an integer, we don't
        headers = sent(case)
        answer = case.call(base_url=api, headers=headers, timeout=PATIENCE)
        case.validate_response(answer, checks=CHECKS.get_by_names(HELD), headers=headers)
        statuses.add(answer.status_code)

    drive()
    return statuses


@pytest.mark.parametrize("name", NAMES)
def test_requests_as_described_are_answered_as_described(
    described: dict[str, Any], api: str, known: Known, name: str
) -> None:
    operation = described[name]
    security = operation.definition.raw["security"]

    def sent(case: Any) -> dict[str, str]:
        ids = {"sessionId": known.id, "uploadId": known.upload_id}
        case.path_parameters = {key: ids[key] for key in case.path_parameters or {}}
        return known.credentials(security)

    statuses = _drive(operation, api, "positive", sent)

    assert statuses <= ANSWERS[name], statuses
    assert statuses & {200, 201} or name in {"claimSession", "downloadUpload"}


@pytest.mark.parametrize("name", NAMES)
def test_requests_of_strangers_are_refused_as_described(
    described: dict[str, Any], api: str, name: str
) -> None:
    headers = {"Authorization": f"Bearer {secrets.token_urlsafe(24)}"}

    statuses = _drive(described[name], api, "positive", lambda case: headers)

    assert statuses <= ({201} if name == "createSession" else {404, 413})


@pytest.mark.parametrize("name", ["createSession", "claimSession", "requestUpload"])
def test_malformed_requests_are_refused_as_described(
    described: dict[str, Any], api: str, known: Known, name: str
) -> None:
    operation = described[name]
    headers = known.credentials(operation.definition.raw["security"])

    statuses = _drive(operation, api, "negative", lambda case: headers)

    assert statuses
    assert max(statuses) < 500
