"""What functions ask of AWS: seen, judged by the role's policies, the table now and then throttled.

It wraps the embedded AWS as WSGI middleware and touches nothing but calls with the credentials of
a function; the deployer and the operator pass as they are. S3 has a front of its own.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from localcloud import refusals
from localcloud.application.access import asked, policies
from localcloud.application.access.asked import Asked
from localcloud.application.access.identities import Identities, Identity
from localcloud.application.conditions import Conditions
from localcloud.signatures import Refused
from pipeline.iam.service_reference import Unknown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_TABLE = "dynamodb"
# The codes and statuses with which services refuse: SNS and SQS have words of their own.
_DENIED = {"sns": ("AuthorizationError", 403), "sqs": ("AccessDenied", 403)}
_CODE = re.compile(rb"<Code>([\w.]+)</Code>")


class ServicesFront:
    """The middleware: `around` an application."""

    def __init__(self, identities: Identities, conditions: Conditions) -> None:
        self._identities = identities
        self._log = conditions.log
        self._chaos = conditions.chaos

    def around(self, application: WSGIApplication) -> WSGIApplication:
        """The application with this in front of it."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            key, service = asked.signer(environ)
            identity = self._identities.find(key) if key else None
            if identity is None:
                return application(environ, start_response)
            call = _Call(self, identity, service, environ, start_response)
            return call.answered_by(application)

        return answer

    def refuses(self, identity: Identity, service: str, call: Asked | None) -> Refused | None:
        """The error in the place of an answer."""
        if call is None:
            return self._unknown(identity, service, "what the request asks")
        if call.prefix == _TABLE and self._chaos.strikes("table throttles"):
            return Refused("ProvisionedThroughputExceededException", "the local cloud says so", 400)
        try:
            needs = list(call.needs(identity.function))
        except Unknown as error:
            return self._unknown(identity, call.prefix, str(error))
        account = identity.function.arn.split(":")[4]
        context = {"aws:SecureTransport": "true", "aws:PrincipalAccount": account}
        for action, arn in needs:
            said = policies.verdict(identity.function.policies, action, arn, context)
            if said != "allow":
                self._tell_denied(identity, action)
                return _denial(identity, call.prefix, action, arn, denied=said == "deny")
        return None

    def tell(self, identity: Identity, call: Asked | None, told: str, began: float) -> None:
        """A line in the request log."""
        took = f"{(time.monotonic() - began) * 1000:.0f} ms"
        if call is not None:
            what = "table" if call.prefix == _TABLE else call.prefix
            self._log.line(what, f"{call.operation} → {told}  {took}", identity.trace)

    def _unknown(self, identity: Identity, service: str, what: str) -> Refused:
        """A call that nobody here can judge is refused, never guessed."""
        self._tell_denied(identity, f"a call of {service or 'a service'}")
        said = f"the local cloud can't judge this call by the function's role: {what} isn't known."
        code, status = _words(service)
        return Refused(code, said, status)

    def _tell_denied(self, identity: Identity, what: str) -> None:
        self._log.line("policy", f"{what} is denied to {identity.function.logical_id}'s role")


def _words(prefix: str) -> tuple[str, int]:
    return _DENIED.get(prefix, ("AccessDeniedException", 400))


def _denial(identity: Identity, prefix: str, action: str, arn: str, *, denied: bool) -> Refused:
    """As AWS says it."""
    function = identity.function
    account = function.arn.split(":")[4]
    caller = f"arn:aws:sts::{account}:assumed-role/{function.role}/{function.name}"
    why = (
        "with an explicit deny in an identity-based policy"
        if denied
        else f"because no identity-based policy allows the {action} action"
    )
    code, status = _words(prefix)
    said = f"User: {caller} is not authorized to perform: {action} on resource: {arn} {why}"
    return Refused(code, said, status)


class _Call:
    """One call of a function's."""

    def __init__(
        self,
        front: ServicesFront,
        identity: Identity,
        service: str,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._front = front
        self._identity = identity
        self._service = service
        self._environ = environ
        self._start_response = start_response
        self._status = ""
        self._began = time.monotonic()

    def answered_by(self, application: WSGIApplication) -> Iterable[bytes]:
        """The application's answer, or ours in its place."""
        self._asked = asked.read(self._environ, self._body())
        refused = self._front.refuses(self._identity, self._service, self._asked)
        if refused is not None:
            self._tell(refused.code)
            return refusals.answered(self._environ, self._start_response, refused)
        answer = b"".join(application(self._environ, self._started))  # type: ignore[arg-type]
        self._tell("done" if self._status.startswith("2") else _code(answer) or self._status)
        return [answer]

    def _body(self) -> bytes:
        """The request's body, put back for who comes after."""
        length = int(self._environ.get("CONTENT_LENGTH") or 0)
        body = bytes(self._environ["wsgi.input"].read(length))
        self._environ["wsgi.input"] = io.BytesIO(body)
        return body

    def _started(self, status: str, headers: list[tuple[str, str]], *more: object) -> object:
        self._status = status
        return self._start_response(status, headers, *more)  # type: ignore[arg-type]

    def _tell(self, told: str) -> None:
        self._front.tell(self._identity, self._asked, told, self._began)


def _code(answer: bytes) -> str:
    """The code of an error, in either of the forms that AWS writes it in."""
    if match := _CODE.search(answer):
        return match[1].decode()
    try:
        return str(json.loads(answer).get("__type", "")).rpartition("#")[2]
    except (ValueError, AttributeError):
        return ""
