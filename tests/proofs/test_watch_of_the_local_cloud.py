"""--watch: what changes in the project is served a moment later, what is broken is not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from pipeline import signals
from tests.conftest import copy_of_the_project
from tests.localcloud.application.conftest import PATIENCE, TIME_SCALE, Running, started
from tests.localcloud.application.things import asynchronous

DEPLOYED = "deployed in "


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, verdicts: Path) -> Iterator[Running]:
    """The application of a project of its own, which the tests change."""
    project = copy_of_the_project(tmp_path_factory.mktemp("project"), verdicts)
    running = started(project, "--watch", "--time-scale", TIME_SCALE)
    yield running
    assert running.end(signal.SIGTERM) == signals.TERMINATED


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


async def still_open_until(socket: aiohttp.ClientWebSocketResponse, wanted: object) -> None:
    """A connection lives through a deployment: it answers all the while, at last as is wanted."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await socket.send_json({"action": "ping"})
            if await socket.receive_json() == wanted:
                return
            await asyncio.sleep(0.2)


@asynchronous
async def test_a_change_of_template_setting_code_and_page_is_served(cloud: Running) -> None:
    project, since = cloud.project, len(cloud.lines)
    async with cloud.site() as site:
        socket = await site.http.ws_connect(site.socket, origin=site.origin)
        http_api = project / "templates/parts/http_api.yaml.j2"
        changed(http_api, "RouteKey: DELETE /sessions/{sessionId}", "RouteKey: DELETE /elsewhere")
        changed(project / "environments/dev.yaml", "burst: 50 ", "burst: 4 ")
        changed(project / "environments/dev.yaml", "rate: 25 ", "rate: 1 ")
        changed(project / "website/index.html", "<body", "<!-- new --><body")
        # the last of them: once it is served, the others are too, in however many deployments
        code = project / "handlers/qr_session/websocket_routes.py"
        changed(code, '"type": "pong"', '"type": "pong", "new": True')

        await still_open_until(socket, {"v": 1, "type": "pong", "new": True})
        await asyncio.to_thread(cloud.wait_for, DEPLOYED, since)

        status, _ = await site.call("DELETE", "/sessions/x")
        assert status == 404
        async with site.http.get(f"{site.origin}/") as page:
            assert "<!-- new -->" in await page.text()
        at_once = [site.call("GET", "/sessions/x") for _ in range(40)]
        statuses = [status for status, _ in await asyncio.gather(*at_once)]
        assert set(statuses) == {401, 429}
        assert 3 <= statuses.count(401) < 40
        await socket.close()


def test_what_is_broken_is_told_and_not_served(cloud: Running) -> None:
    since = len(cloud.lines)
    part = cloud.project / "templates/parts/http_api.yaml.j2"
    before = part.read_text()

    part.write_text(before.replace("ProtocolType: HTTP", "ProtocolType: {{ env.protocol }}"))
    cloud.wait_for("what was there before is still served", since)

    told = "\n".join(cloud.lines[since:])
    assert "templates/parts/http_api.yaml.j2:" in told
    assert "env.protocol" in told
    part.write_text(before)
    cloud.wait_for(DEPLOYED, since)
