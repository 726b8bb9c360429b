"""An HTTP API: the template's routes, CORS and throttling, in front of the functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from localcloud.application.blueprint import Api, Blueprint, Cors
from localcloud.application.compute.functions import Functions, ServiceFault, Throttled
from localcloud.application.conditions import Conditions
from localcloud.application.http_api import http_events, routes
from localcloud.application.http_api.throttles import Throttles
from localcloud.application.requests import raw_path, who

LONGEST_BODY = 10 * 1024 * 1024
LONGEST_HEAD = 10_240


class Answered(Exception):
    """API Gateway's own answer, in the place of the function's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class HttpGateway:
    """One API on one port. `api` gives what is deployed now; None once it is gone."""

    def __init__(
        self,
        api: Callable[[], Api | None],
        blueprint: Callable[[], Blueprint],
        functions: Functions,
        conditions: Conditions,
    ) -> None:
        self._api = api
        self._blueprint = blueprint
        self._functions = functions
        self._log = conditions.log
        self._throttled: tuple[Api, Throttles] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The answer to anything that comes."""
        trace = self._log.trace()
        api = self._api()
        if api and api.cors and request.method == "OPTIONS":
            return self._preflight(api.cors, request, trace)
        shown = request.method
        try:
            match = _match(api, request)
            shown = f"{match.route.key}{_masked(match)}"
            answer = await self._pass_on(match, request, trace)
        except Answered as own:
            answer = web.json_response({"message": own.message}, status=own.status)
            answer.headers["apigw-requestid"] = http_events.request_id()
            shown += f" ({own.message})"
        self._log.line(who(request), f"{shown} → {answer.status}", trace)
        return answer

    def _preflight(self, cors: Cors, request: web.Request, trace: int) -> web.Response:
        """API Gateway answers preflights itself, on any path and without a route."""
        answer = web.Response(status=204)
        asked = request.headers.get("Access-Control-Request-Method")
        if asked and (origin := _allowed_origin(cors, request)):
            answer.headers.update(_origin_headers(cors, origin))
            answer.headers["Access-Control-Allow-Methods"] = ",".join(cors.methods)
            answer.headers["Access-Control-Allow-Headers"] = ",".join(cors.headers)
            if cors.max_age is not None:
                answer.headers["Access-Control-Max-Age"] = str(cors.max_age)
        told = "allowed" if len(answer.headers) > 1 else "not allowed"
        self._log.line(who(request), f"OPTIONS before {asked} → 204 {told}", trace)
        return answer

    async def _pass_on(self, match: routes.Match, request: web.Request, trace: int) -> web.Response:
        api = match.api
        _check_size(request)
        if not self._throttles(api).take(match.route.key):
            raise Answered(429, "Too Many Requests")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Answered(413, "Request Entity Too Large") from None
        event = http_events.event(self._blueprint().account, match, request, body)
        value = await self._value(match, event, trace)
        try:
            answer = http_events.answer(value)
        except http_events.Malformed as error:
            self._log.line("gateway", f"{match.route.key}: {error}", trace)
            raise Answered(500, "Internal Server Error") from None
        if api.cors:
            _own_cors(answer, api.cors, request)
        answer.headers["apigw-requestid"] = event["requestContext"]["requestId"]
        return answer

    async def _value(self, match: routes.Match, event: object, trace: int) -> object:
        pool = self._functions[match.route.function]
        invocation = asyncio.ensure_future(pool.invoke(event, trace, match.route.key))
        try:
            # The function goes on when API Gateway stops waiting.
            outcome = await asyncio.wait_for(
                asyncio.shield(invocation), match.route.timeout_seconds
            )
        except TimeoutError:
            raise Answered(503, "Service Unavailable") from None
        except Throttled:
            raise Answered(503, "Service Unavailable") from None
        except ServiceFault:
            raise Answered(500, "Internal Server Error") from None
        if outcome.failed:
            raise Answered(500, "Internal Server Error")
        return outcome.value

    def _throttles(self, api: Api) -> Throttles:
        """The buckets of the API as it is deployed; a deployment refills them."""
        if self._throttled is None or self._throttled[0] != api:
            self._throttled = (api, Throttles(api))
        return self._throttled[1]


def _match(api: Api | None, request: web.Request) -> routes.Match:
    """The route that takes the request; a stage other than $default stands before its path."""
    path = raw_path(request)
    if api and api.stage != "$default":
        stage = f"/{api.stage}/"
        path = path[len(stage) - 1 :] if path.startswith(stage) else ""
    match = routes.find(api, request.method, path) if api else None
    if match is None:
        raise Answered(404, "Not Found")
    return match


def _masked(match: routes.Match) -> str:
    """The path's values, as far as a log may hold them."""
    values = ", ".join(f"{value[:4]}…" for value in match.parameters.values())
    return f"  [{values}]" if values else ""


def _check_size(request: web.Request) -> None:
    head = len(request.raw_path) + sum(
        len(name) + len(value) for name, value in request.raw_headers
    )
    if head > LONGEST_HEAD:
        raise Answered(431, "Request Header Fields Too Large")
    if (request.content_length or 0) > LONGEST_BODY:
        raise Answered(413, "Request Entity Too Large")


def _own_cors(answer: web.Response, cors: Cors, request: web.Request) -> None:
    """API Gateway's CORS headers, and none of the function's."""
    for name in [one for one in answer.headers if one.lower().startswith("access-control-")]:
        del answer.headers[name]
    if origin := _allowed_origin(cors, request):
        answer.headers.update(_origin_headers(cors, origin))
        if cors.exposed:
            answer.headers["Access-Control-Expose-Headers"] = ",".join(cors.exposed)


def _allowed_origin(cors: Cors, request: web.Request) -> str | None:
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    if "*" in cors.origins:
        return "*"
    return origin if origin.lower() in [one.lower() for one in cors.origins] else None


def _origin_headers(cors: Cors, origin: str) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    return headers | ({"Access-Control-Allow-Credentials": "true"} if cors.credentials else {})
