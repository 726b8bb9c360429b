"""A distribution on one port: firewall, behaviours, viewer functions, origins, headers.

It goes to the APIs over HTTP, at their own ports, as CloudFront does: what they see is an edge's
request, and what somebody sends there directly hasn't the distribution's headers.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from localcloud.application.blueprint import Behaviour, Blueprint, Distribution, Origin
from localcloud.application.conditions import Conditions
from localcloud.application.edge import own_answers, patterns, relay, viewer_events
from localcloud.application.edge.firewall import Firewall, Seen
from localcloud.application.edge.viewer_functions import Failed, ViewerFunctions
from localcloud.application.requests import raw_path, who
from localcloud.application.s3.stored_files import StoredFiles

# Of one connection, or CloudFront's own to write (the policy AllViewerExceptHostHeader).
_NOT_PASSED_ON = {
    "connection", "content-length", "host", "keep-alive", "proxy-connection", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_WITHOUT_BODY = {"GET", "HEAD"}
_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class DistributionFront:
    """One distribution. `blueprint` gives what is deployed now, `api_url` an API's own address."""

    def __init__(
        self,
        blueprint: Callable[[], Blueprint],
        files: StoredFiles,
        own_url: str,
        api_url: Callable[[str], str],
        conditions: Conditions,
    ) -> None:
        self._blueprint = blueprint
        self._files = files
        self._own_url = own_url
        self._api_url = api_url
        self._log = conditions.log
        self._pace = conditions.pace
        self._functions = ViewerFunctions()
        self._firewall = Firewall((), self._pace)
        self._session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The answer to anything that a viewer sends."""
        distribution = self._blueprint().distribution
        assert distribution is not None  # noqa: S101 - whoever calls has looked
        if request.host != self._own_url.split("//")[1]:
            # The API takes sockets of one origin only: localhost isn't 127.0.0.1 to it.
            raise web.HTTPTemporaryRedirect(f"{self._own_url}{request.raw_path}")
        behaviour = patterns.find(distribution.behaviours, raw_path(request))
        refused = self._refused(distribution, behaviour, request)
        if refused is not None:
            return refused
        answer = await self._answer(distribution, behaviour, request)
        if not answer.prepared:
            answer.headers.update(behaviour.headers)
        return answer

    async def close(self) -> None:
        """End the process of the functions, and the connections to the APIs."""
        await self._functions.close()
        if self._session is not None:
            await self._session.close()

    # ---- what never reaches an origin

    def _refused(
        self, distribution: Distribution, behaviour: Behaviour, request: web.Request
    ) -> web.Response | None:
        if self._firewall.rules != distribution.rules:
            self._firewall = Firewall(distribution.rules, self._pace)
        seen = Seen(request.remote or "", request.method, raw_path(request))
        if rule := self._firewall.blocked_by(seen):
            return self._own(request, own_answers.blocked(rule), f"the firewall's {rule.name}")
        if request.method not in behaviour.methods:
            return self._own(request, own_answers.html(403, own_answers.METHOD), "the method")
        if request.method in _WITHOUT_BODY and request.can_read_body:
            return self._own(request, own_answers.html(403, own_answers.BODY), "its body")
        return None

    def _own(self, request: web.Request, answer: web.Response, why: str) -> web.Response:
        told = f"{request.method} ends at the distribution → {answer.status} ({why})"
        self._log.line(who(request), told, self._log.trace())
        return answer

    # ---- what does

    async def _answer(
        self, distribution: Distribution, behaviour: Behaviour, request: web.Request
    ) -> web.StreamResponse:
        made = await self._by_function(distribution, behaviour, request)
        if isinstance(made, web.Response):
            return made
        answer = await self._from_origin(distribution, behaviour.origin, request, made)
        return await self._page_instead(distribution, answer)

    async def _by_function(
        self, distribution: Distribution, behaviour: Behaviour, request: web.Request
    ) -> web.Response | str:
        """The path that goes to the origin, or a response in its place."""
        if behaviour.function is None:
            return raw_path(request)
        try:
            event = viewer_events.event(distribution, request)
            query = viewer_events.query(request)
            value = await self._functions.run(behaviour.function, event, query)
            return viewer_events.response(value) or viewer_events.path(value)
        except Failed as error:
            answer = own_answers.html(503, own_answers.FUNCTION, "FunctionExecutionError")
            return self._own(request, answer, f"its function: {error}")
        except viewer_events.Malformed as error:
            answer = own_answers.html(502, own_answers.FUNCTION, "FunctionValidationError")
            return self._own(request, answer, f"its function: {error}")

    async def _from_origin(
        self, distribution: Distribution, origin_id: str, request: web.Request, path: str
    ) -> web.StreamResponse:
        origin = distribution.origins[origin_id]
        if origin.bucket is not None:
            return await self._from_bucket(distribution, origin.bucket, request, path)
        try:
            return await self._from_api(distribution, origin, request, path)
        except TimeoutError:
            return self._own(request, own_answers.html(504, own_answers.LATE), "no answer")
        except aiohttp.ClientError as error:
            answer = own_answers.html(502, own_answers.UNREACHABLE)
            return self._own(request, answer, type(error).__name__)

    async def _page_instead(
        self, distribution: Distribution, answer: web.StreamResponse
    ) -> web.StreamResponse:
        """A distribution's error page, which takes the place of any behaviour's answer."""
        page = distribution.error_pages.get(answer.status)
        if page is None:
            return answer
        behaviour = patterns.find(distribution.behaviours, page.path)
        bucket = distribution.origins[behaviour.origin].bucket
        if bucket is None:
            return answer
        key = viewer_events.key(page.path)
        return await asyncio.to_thread(self._files.answer, bucket, key, page.status)

    async def _from_bucket(
        self, distribution: Distribution, bucket: str, request: web.Request, path: str
    ) -> web.Response:
        key = viewer_events.key(path) or distribution.root
        answer = await asyncio.to_thread(self._files.answer, bucket, key)
        if request.headers.get("If-None-Match") == answer.headers.get("ETag", "-"):
            return web.Response(status=304, headers=answer.headers)
        return answer

    # ---- an API

    async def _from_api(
        self, distribution: Distribution, origin: Origin, request: web.Request, path: str
    ) -> web.StreamResponse:
        assert origin.api is not None  # noqa: S101 - it is no bucket
        query = request.raw_path.partition("?")[1] + request.raw_path.partition("?")[2]
        url = URL(f"{self._api_url(origin.api)}{path}{query}", encoded=True)
        headers = sent(origin, distribution, request)
        session = self._to_origins()
        if relay.is_handshake(request):
            return await relay.relayed(request, session, str(url), headers, self._pace)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=origin.read_seconds)
        body = await request.read()
        async with session.request(
            request.method,
            url,
            headers=headers,
            data=body or None,
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            kept = CIMultiDict(
                (name, value)
                for name, value in answer.headers.items()
                if name.lower() not in _NOT_PASSED_ON
            )
            kept["Via"], kept["X-Cache"] = _via(distribution), "Miss from cloudfront"
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    def _to_origins(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_AUTOMATIC,
            )
        return self._session


def sent(origin: Origin, distribution: Distribution, request: web.Request) -> Mapping[str, str]:
    """The viewer's headers as an API's origin gets them, with the distribution's own."""
    own = {name.lower() for name in origin.headers}
    passed = CIMultiDict(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in _NOT_PASSED_ON | own
    )
    addresses = [*request.headers.getall("X-Forwarded-For", []), request.remote or ""]
    passed["X-Forwarded-For"] = ", ".join(addresses)
    passed["Via"] = _via(distribution)
    passed["X-Amz-Cf-Id"] = base64.urlsafe_b64encode(secrets.token_bytes(42)).decode()
    passed.update(origin.headers)
    return passed


def _via(distribution: Distribution) -> str:
    return f"2.0 {distribution.domain} (CloudFront)"
