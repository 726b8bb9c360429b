"""The origin key is rotated in three deployments, and no request is refused in between.

On AWS an update reaches the distribution and the two functions at different moments, so each may
be one deployment behind the other. Here a deployment is served at once, as a whole: what is in
between is looked at in the values that were deployed, and the whole road is gone while a page's
requests come in.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest

from pipeline import signals
from tests.conftest import copy_of_the_project
from tests.localcloud.application.conftest import Running, started
from tests.localcloud.application.things import asynchronous
from tests.proofs.test_watch_of_the_local_cloud import DEPLOYED

COMMAND = ("python", "-m", "localcloud", "prod", "--json")
FIRST = "{send: 1, accept: [1]}"
STEPS = ("{send: 1, accept: [1, 2]}", "{send: 2, accept: [1, 2]}", "{send: 2, accept: [2]}")
BETWEEN = 0.4


@dataclass(frozen=True)
class Keys:
    """What the distribution sends at each API's origin, and what each function accepts."""

    sent: frozenset[str]
    accepted: tuple[frozenset[str], ...]

    def takes(self, sender: Keys) -> bool:
        """Do these functions answer what that distribution sends?"""
        return all(sender.sent <= one for one in self.accepted)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, verdicts: Path) -> Iterator[Running]:
    project = copy_of_the_project(tmp_path_factory.mktemp("project"), verdicts)
    running = started(project, "--watch", command=COMMAND)
    yield running
    assert running.end(signal.SIGTERM) == signals.TERMINATED


def _client(cloud: Running, service: str) -> Any:
    given = cloud.ready["environment"]
    return boto3.client(  # type: ignore[call-overload]  # a service by its name
        service,
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_DEFAULT_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )


def _deployed(cloud: Running) -> Keys:
    outputs = cloud.ready["outputs"]
    config = _client(cloud, "cloudfront").get_distribution_config(Id=outputs["DistributionId"])
    origins = config["DistributionConfig"]["Origins"]["Items"]
    sent = [
        header["HeaderValue"]
        for origin in origins
        for header in origin.get("CustomHeaders", {}).get("Items", [])
        if header["HeaderName"] == "x-origin-key"
    ]
    assert len(sent) == 2
    functions = _client(cloud, "lambda")
    accepted = []
    for name in ("HttpApiLambdaArn", "WebSocketEventLambdaArn"):
        answer = functions.get_function_configuration(FunctionName=outputs[name])
        accepted.append(frozenset(answer["Environment"]["Variables"]["ORIGIN_KEYS"].split(",")))
    return Keys(frozenset(sent), tuple(accepted))


def _secrets(cloud: Running) -> int:
    return len(_client(cloud, "secretsmanager").list_secrets()["SecretList"])


async def _ask(cloud: Running, refused: list[str], asked: list[int]) -> None:
    """What pages do all the while: ask the API, and open sockets."""
    async with cloud.site() as site:
        while True:
            answer = await site.ask("GET", "/sessions/none")
            asked.append(answer.status)
            if answer.status != 401:
                refused.append(f"GET {answer.status} {answer.excerpt}")
            try:
                async with site.connected():
                    asked.append(101)
            except aiohttp.WSServerHandshakeError as error:
                refused.append(f"socket {error.status}")
            await asyncio.sleep(BETWEEN)


@asynchronous
async def test_no_request_is_refused_while_the_key_is_rotated(cloud: Running) -> None:
    settings = cloud.project / "environments/prod.yaml"
    states, secrets = [_deployed(cloud)], [_secrets(cloud)]
    refused: list[str] = []
    asked: list[int] = []
    during: list[int] = []
    visitor = asyncio.create_task(_ask(cloud, refused, asked))

    before = FIRST
    for step in STEPS:
        since, text, until_now = len(cloud.lines), settings.read_text(), len(asked)
        assert before in text
        settings.write_text(text.replace(before, step))
        before = step
        await asyncio.to_thread(cloud.wait_for, DEPLOYED, since)
        during.append(len(asked) - until_now)
        states.append(_deployed(cloud))
        secrets.append(_secrets(cloud))
    visitor.cancel()
    with suppress(asyncio.CancelledError):
        await visitor

    assert refused == []
    assert min(during) > 5  # a deployment takes seconds, some of them without an answer
    assert secrets == [1, 2, 2, 1]
    assert states[0].sent.isdisjoint(states[-1].sent)
    for earlier, later in pairwise(states):
        assert later.takes(later)
        assert later.takes(earlier)
        assert earlier.takes(later)
    # In one step it would not go: whichever comes first, requests are refused until the other has.
    assert not states[-1].takes(states[0])
    assert not states[0].takes(states[-1])
