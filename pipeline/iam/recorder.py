"""A pytest plugin that records what the handlers ask of AWS while their tests run.

    python -m pytest tests/handlers -p pipeline.iam.recorder --calls rules/calls.json

What a function is told by its environment is recorded by the variable's name: by those that are set
at the time of the call, or by a mapping of the tests', `--told tests.handlers.aws:ENVIRONMENT`.

A call counts where a handler's own code makes it with a botocore client, or signs a URL for it.
What a test makes itself, to prepare or to look, doesn't; what a fake takes never gets here.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.client import BaseClient
from botocore.model import OperationModel, ServiceModel

from pipeline import files
from pipeline.iam import patterns, recording, subjects
from pipeline.iam.recording import CALLED, ENDPOINT, PRESIGNED, Entry
from pipeline.iam.subjects import Fields
from pipeline.packaging.imports import Closure

HANDLERS = Path("handlers").absolute()
IN_AWS_S_PLACE = ("127.0.0.1", "localhost")
SDK = {"boto3", "botocore", "s3transfer"}
OBJECT = "/{Bucket}/{Key+}"


class Recorder:
    """Collects calls; `entries` merges those that differ only in what is made up at run time."""

    def __init__(self) -> None:
        self._seen: set[tuple[Any, ...]] = set()

    def add(self, function: str, how: str, prefix: str, operation: str, about: Fields, url: str,
            headers: Mapping[str, str]) -> None:  # fmt: skip
        """One call or signature, unless an endpoint of the test stood in AWS's place."""
        if urlsplit(url).hostname in IN_AWS_S_PLACE:
            return
        context = _context(prefix, url, headers)
        self._seen.add(
            (function, how, prefix, operation, tuple(about.items()), tuple(context.items()))
        )

    def entries(self) -> list[Entry]:
        """The recording."""
        groups: dict[tuple[Any, ...], list[Fields]] = defaultdict(list)
        for function, how, prefix, name, about, context in self._seen:
            fixed = tuple((name, value if "${" in value else "") for name, value in about)
            groups[function, how, prefix, name, fixed, context].append(dict(about))
        return [
            Entry(function, how, prefix, name, _merged(several), dict(context))
            for (function, how, prefix, name, _, context), several in groups.items()
        ]


def _merged(several: list[Fields]) -> Fields:
    return {name: patterns.common([one[name] for one in several]) for name in several[0]}


def service_prefix(model: ServiceModel) -> str:
    """What the service's actions begin with."""
    return subjects.prefix_of(str(model.metadata.get("signingName") or model.endpoint_prefix))


def _context(prefix: str, url: str, headers: Mapping[str, str]) -> dict[str, str | None]:
    context: dict[str, str | None] = {
        "aws:SecureTransport": str(urlsplit(url).scheme == "https").lower()
    }
    if prefix == "s3":
        context |= {"s3:if-match": None, "s3:if-none-match": None}
        sent = {name.lower(): value for name, value in headers.items()}
        context |= {key: sent[key[3:]] for key in context if key[3:] in sent}
    return context


def _named(value: str, told: Mapping[str, str]) -> str:
    """The environment variable that tells the function this value, if one does."""
    bare = value.split("://")[-1]
    names = (name for name, given in told.items() if given.split("://")[-1] == bare)
    return next((f"${{{name}}}" for name in names), value)


def _about(
    model: OperationModel, params: Mapping[str, Any], endpoint: str, told: Mapping[str, str]
) -> Fields:
    """What the operation is about, in the words of AWS's ARN forms."""
    prefix = service_prefix(model.service_model)
    if prefix == "execute-api":
        path = model.http["requestUri"].lstrip("/")
        for name, member in _members(model).items():
            path = path.replace(f"{{{member.serialization.get('name')}}}", str(params.get(name)))
        return {
            ENDPOINT: _named(endpoint, told),
            "Method": model.http["method"],
            "ApiSpecificResourcePath": path,
        }
    return {name: _named(value, told) for name, value in subjects.fields(prefix, params).items()}


def _members(model: OperationModel) -> Mapping[str, Any]:
    return model.input_shape.members if model.input_shape else {}


def _headers(model: OperationModel, params: Mapping[str, Any]) -> dict[str, str]:
    return {
        member.serialization["name"]: str(params[name])
        for name, member in _members(model).items()
        if member.serialization.get("location") == "header" and name in params
    }


@cache
def _closures() -> dict[str, frozenset[Path]]:
    folders = sorted(path.parent for path in HANDLERS.glob("*/lambda_function.py"))
    return {
        folder.name: frozenset(module.path for module in Closure(folder).modules())
        for folder in folders
    }


def _caller() -> str | None:
    """The function whose code called botocore just now; None if it wasn't a handler's."""
    files_ = list(_files())
    ours = next((n for n, file in enumerate(files_) if not SDK & {*file.parts}), None)
    if ours is None or not files_[ours].is_relative_to(HANDLERS):
        return None
    running = {file for file in files_ if file.is_relative_to(HANDLERS)}
    owners = [name for name, modules in _closures().items() if running <= modules]
    if len(owners) != 1:
        raise LookupError(f"{sorted(running)} belong to {owners}: whose call is it?")
    return owners[0]


def _files() -> Iterator[Path]:
    """The files of the calls that led here, the innermost first."""
    frame = sys._getframe(3)  # noqa: SLF001  the only way to the callers
    while frame is not None:
        yield Path(frame.f_code.co_filename)
        frame = frame.f_back  # type: ignore[assignment]  # the outermost has none


@cache
def _s3() -> ServiceModel:
    return botocore.session.Session().get_service_model("s3")


def _presigned(method: str, url: str, headers: Mapping[str, str]) -> tuple[OperationModel, Fields]:
    """The S3 operation that a URL lets its holder do, and its bucket and key."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    host = (parts.hostname or "").split(".s3.")
    bucket, key = (host[0], path) if len(host) == 2 else path.split("/", 1)
    given = {name.lower() for name in (*parse_qs(parts.query, keep_blank_values=True), *headers)}
    fitting = [model for model in map(_s3().operation_model, _s3().operation_names)
               if _fits(model, method, given)]  # fmt: skip
    return max(fitting, key=_demands), {"Bucket": bucket, "Key": key}


def _fits(model: OperationModel, method: str, given: set[str]) -> bool:
    uri, _, query = model.http["requestUri"].partition("?")
    flags = {one.split("=")[0] for one in query.split("&") if one}
    return (model.http["method"], uri) == (method, OBJECT) and _required(model) | flags <= given


def _required(model: OperationModel) -> set[str]:
    required = model.input_shape.required_members if model.input_shape else []
    names = {_members(model)[name].serialization.get("name", name) for name in required}
    return {name.lower() for name in names} - {"bucket", "key"}


def _demands(model: OperationModel) -> int:
    return len(_required(model)) + ("?" in model.http["requestUri"])


@pytest.hookimpl
def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--calls", required=True, help="the file to write the recording to")
    parser.addoption("--told", help="MODULE:NAME of what tests tell the functions; else os.environ")


def _environment(named: str | None) -> Mapping[str, str]:
    """The variables by which a function is told a name."""
    if named is None:
        return os.environ
    module, _, name = named.partition(":")
    variables: Mapping[str, str] = getattr(import_module(module), name)
    return variables


@pytest.fixture(scope="session", autouse=True)
def record(request: pytest.FixtureRequest) -> Iterator[None]:
    """Listens to botocore for the whole run, then writes what it heard."""
    told = _environment(request.config.getoption("--told"))
    recorder = Recorder()
    client: Any = BaseClient
    make_call = client._make_api_call  # noqa: SLF001  what every call goes through
    add_auth = SigV4Auth.add_auth

    def call(self: Any, operation_name: str, api_params: Any) -> Any:
        if function := _caller():
            model = self.meta.service_model.operation_model(operation_name)
            url, prefix = self.meta.endpoint_url, service_prefix(model.service_model)
            for operation, params in subjects.parts(prefix, operation_name, api_params):
                recorder.add(function, CALLED, prefix, operation, _about(model, params, url, told),
                             url, _headers(model, params))  # fmt: skip
        return make_call(self, operation_name, api_params)

    def sign(self: Any, request: Any) -> Any:
        if isinstance(self, SigV4QueryAuth) and (function := _caller()):
            model, params = _presigned(request.method, request.url, request.headers)
            recorder.add(function, PRESIGNED, "s3", model.name,
                         _about(model, params, request.url, told),
                         request.url, dict(request.headers.items()))  # fmt: skip
        return add_auth(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        patch.setattr(SigV4Auth, "add_auth", sign)
        yield
    path = Path(request.config.getoption("--calls"))
    files.write(path, files.as_json(recording.as_value(recorder.entries())))
