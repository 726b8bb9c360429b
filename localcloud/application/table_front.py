"""What functions ask of DynamoDB: seen, judged by the role's policies, and now and then throttled.

It wraps the embedded AWS as WSGI middleware and touches nothing but calls with the credentials of
a function; the deployer and the operator pass as they are.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from localcloud.application.access import policies
from localcloud.application.access.identities import Identities, Identity
from localcloud.application.conditions import Conditions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_KEY = re.compile(r"Credential=([A-Z0-9]+)/")
_BLOCK = 1024 * 1024


class TableFront:
    """The middleware: `around` an application."""

    def __init__(self, identities: Identities, conditions: Conditions) -> None:
        self._identities = identities
        self._log = conditions.log
        self._chaos = conditions.chaos

    def around(self, application: WSGIApplication) -> WSGIApplication:
        """The application with this in front of it."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            identity = self._identity(environ)
            target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
            if identity is None:
                return application(environ, start_response)
            if not target.startswith("DynamoDB_"):
                return self._denied(identity, environ, start_response)
            call = _Call(self, identity, target.rpartition(".")[2], environ, start_response)
            return call.answered_by(application)

        return answer

    def refuses(self, identity: Identity, operation: str, asked: dict[str, str]) -> str:
        """The error in the place of an answer; empty if there is none."""
        if self._chaos.strikes("table throttles"):
            return "ProvisionedThroughputExceededException"
        account = identity.function.arn.split(":")
        arn = f"arn:aws:dynamodb:{account[3]}:{account[4]}:table/{asked.get('TableName', '')}"
        if "IndexName" in asked:
            arn += f"/index/{asked['IndexName']}"
        action = f"dynamodb:{operation}"
        if policies.verdict(identity.function.policies, action, arn, {}) != "allow":
            self._log.line("policy", f"{action} is denied to {identity.function.logical_id}'s role")
            return "AccessDeniedException"
        return ""

    def tell(self, identity: Identity, operation: str, told: str, began: float) -> None:
        """A line in the request log."""
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        self._log.line("table", f"{operation} → {told}  {took}", identity.trace)

    def _denied(
        self, identity: Identity, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Another service's call: a call that no front judges by the role is refused."""
        service = str(environ.get("HTTP_AUTHORIZATION", "")).split("/")[3:4]
        called = f"{', '.join(service) or 'a service'} (only the table is judged here)"
        self._log.line("policy", f"{called} is denied to {identity.function.logical_id}'s role")
        body = b'{"__type": "AccessDeniedException", "message": "the local cloud says so"}'
        start_response("403 Forbidden", [("Content-Length", str(len(body)))])
        return [body]

    def _identity(self, environ: WSGIEnvironment) -> Identity | None:
        match = _KEY.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        return self._identities.find(match[1]) if match else None


class _Call:
    """One call of a function's."""

    def __init__(
        self,
        front: TableFront,
        identity: Identity,
        operation: str,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._front = front
        self._identity = identity
        self._operation = operation
        self._environ = environ
        self._start_response = start_response
        self._status = ""
        self._began = time.monotonic()

    def answered_by(self, application: WSGIApplication) -> Iterable[bytes]:
        """The application's answer, or ours in its place."""
        body = self._body()
        refused = self._front.refuses(self._identity, self._operation, json.loads(body or b"{}"))
        if refused:
            return self._refuse(refused)
        answer = b"".join(application(self._environ, self._started))  # type: ignore[arg-type]
        code = ""
        if not self._status.startswith("2"):
            code = str(json.loads(answer).get("__type", "")).rpartition("#")[2]
        self._tell(code or "done")
        return [answer]

    def _body(self) -> bytes:
        """The request's body, put back for who comes after."""
        import io

        length = int(self._environ.get("CONTENT_LENGTH") or 0)
        body = bytes(self._environ["wsgi.input"].read(length))
        self._environ["wsgi.input"] = io.BytesIO(body)
        return body

    def _started(self, status: str, headers: list[tuple[str, str]], *more: object) -> object:
        self._status = status
        return self._start_response(status, headers, *more)  # type: ignore[arg-type]

    def _refuse(self, code: str) -> Iterable[bytes]:
        kind = f"com.amazonaws.dynamodb.v20120810#{code}"
        body = json.dumps({"__type": kind, "message": "the local cloud says so"}).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("Content-Length", str(len(body))),
        ]
        self._start_response("400 Bad Request", headers)
        self._tell(code)
        return [body]

    def _tell(self, told: str) -> None:
        self._front.tell(self._identity, self._operation, told, self._began)
