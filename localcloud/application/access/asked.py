"""What an SDK's request asks of AWS: the service, the operation and its parameters.

Three forms: JSON with its target in a header, a query form, and REST, whose operation is told by
method and path. Nothing is judged here; what can't be read is None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError

from localcloud.application.blueprint import Function
from pipeline.iam import service_reference, subjects

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SCOPE = re.compile(r"Credential=([A-Z0-9]+)/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
# Where botocore's model has another name than requests are signed for.
_MODELS = {"appconfig": "appconfigdata", "bedrock": "bedrock-runtime", "ses": "sesv2"}
_VARIABLE = re.compile(r"\{(\w+)(\+?)\}")

Need = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """One operation. `prefix` is what the service's actions begin with."""

    prefix: str
    operation: str
    params: Mapping[str, Any]

    def needs(self, function: Function) -> Iterator[Need]:
        """Each action and ARN that the function's role has to allow, else Unknown."""
        _, partition, _, region, account, *_ = function.arn.split(":")
        where = {"Partition": partition, "Region": region, "Account": account}
        for operation, params in subjects.parts(self.prefix, self.operation, self.params):
            if self.prefix not in service_reference.services():
                raise service_reference.Unknown(f"the service {self.prefix}")
            action = service_reference.action_of(self.prefix, operation)
            named = subjects.fields(self.prefix, params)
            yield action, subjects.resource(action, where, named)


def signer(environ: WSGIEnvironment) -> tuple[str, str]:
    """The access key that signed, and the service that it signed for; empty if nobody did."""
    match = _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return (match[1], match[2]) if match else ("", "")


def read(environ: WSGIEnvironment, body: bytes) -> Asked | None:
    """What the request asks."""
    _, service = signer(environ)
    prefix, target = subjects.prefix_of(service), str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return Asked(prefix, target.rpartition(".")[2], _json(body))
    if "form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        form = dict(parse_qsl(body.decode(errors="replace")))
        return Asked(prefix, form.pop("Action", ""), form)
    path = str(environ.get("PATH_INFO", ""))
    return _by_path(service, prefix, str(environ.get("REQUEST_METHOD", "")), path, _json(body))


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _by_path(
    service: str, prefix: str, method: str, path: str, body: Mapping[str, Any]
) -> Asked | None:
    for name, verb, pattern in _routes(service):
        match = pattern.fullmatch(path) if verb == method else None
        if match:
            within = {key: unquote(value) for key, value in match.groupdict().items()}
            return Asked(prefix, name, {**body, **within})
    return None


@cache
def _routes(service: str) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """The operations of a REST service, those with most of their path written out first."""
    try:
        model = botocore.session.Session().get_service_model(_MODELS.get(service, service))
    except UnknownServiceError:
        return ()
    found = [(name, model.operation_model(name).http) for name in model.operation_names]
    found.sort(key=lambda one: -len(_VARIABLE.sub("", one[1]["requestUri"])))
    return tuple(
        (name, http["method"], re.compile(_pattern(http["requestUri"].partition("?")[0])))
        for name, http in found
    )


def _pattern(uri: str) -> str:
    """`/functions/{Name}/invocations` as a pattern; `{Key+}` takes slashes too."""
    at, made = 0, ""
    for one in _VARIABLE.finditer(uri):
        made += re.escape(uri[at : one.start()])
        made += f"(?P<{one[1]}>{'.+' if one[2] else '[^/]+'})"
        at = one.end()
    return made + re.escape(uri[at:])
