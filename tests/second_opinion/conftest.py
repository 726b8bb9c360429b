"""One emulator for a file's tests, once with and once without its enforcement, and a project."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import render
from pipeline.environment import settings
from pipeline.website import published
from tests.conftest import PARTS, ROOT
from tests.second_opinion import emulator, omissions
from tests.second_opinion.emulator import Emulator
from tests.smoke.__main__ import FAULTS
from tests.smoke.account import Account
from tests.smoke.site import Site
from tests.smoke.steps import STEPS, Act, Step, Visit

DEPLOYER = "tests.second_opinion.deployer"
PATIENCE = 60.0  # for what is there
IN_VAIN = 8.0  # for what it lacks
STATION_SECONDS = 120


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-page",
        action="store_true",
        help="write docs/second-opinion.md instead of judging it",
    )


@dataclass
class Cloud:
    """An emulator, and a project whose stations speak to it."""

    emulator: Emulator
    project: Path

    def station(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of the project's own stations."""
        kept = {name: one for name, one in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            (sys.executable, "-m", DEPLOYER, *words),
            cwd=self.project,
            env=kept | self.emulator.environment | {"PYTHONPATH": str(ROOT)} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=STATION_SECONDS,
        )

    def deployed(self, environment: str) -> str:
        """What the deployer said of a deployment that went well, repaired where ministack errs."""
        done = self.station("deploy", environment, "--confirm", environment)
        assert done.returncode == 0, done.stdout + done.stderr
        self.repair(environment)
        return done.stdout + done.stderr

    def have(self, environment: str) -> None:
        """Deploy it unless it is there."""
        stacks = self.emulator.client("cloudformation").describe_stacks()["Stacks"]
        if f"qr-upload-{environment}" not in {one["StackName"] for one in stacks}:
            self.deployed(environment)

    def template(self, environment: str) -> dict[str, Any]:
        """The template as it is sent there."""
        rendered = render.render(settings.load(environment, self.project), self.project)
        return omissions.without_omitted(rendered.value)

    def outputs(self, environment: str) -> dict[str, str]:
        outputs = self.stack(environment)["Outputs"]
        return {one["OutputKey"]: one["OutputValue"] for one in outputs}

    def stack(self, environment: str) -> dict[str, Any]:
        described = self.emulator.client("cloudformation").describe_stacks(
            StackName=f"qr-upload-{environment}"
        )
        return dict(described["Stacks"][0])

    def physical(self, environment: str, logical_id: str) -> str:
        answer = self.emulator.client("cloudformation").describe_stack_resource(
            StackName=f"qr-upload-{environment}", LogicalResourceId=logical_id
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    # ---- omissions.APIS_BEHIND_A_DISTRIBUTION

    def origin_key(self, environment: str) -> dict[str, str]:
        """The header that the distribution sends to the APIs."""
        if "DistributionId" not in (outputs := self.outputs(environment)):
            return {}
        client = self.emulator.client("cloudfront")
        config = client.get_distribution_config(Id=outputs["DistributionId"])["DistributionConfig"]
        return {
            one["HeaderName"]: one["HeaderValue"]
            for origin in config["Origins"]["Items"]
            for one in origin.get("CustomHeaders", {}).get("Items", [])
        }

    def own_addresses(self, environment: str) -> dict[str, str]:
        """The APIs' own addresses, in the place of the distribution's."""
        if not self.origin_key(environment):
            return {}
        http, socket = (self.physical(environment, api) for api in ("HttpApi", "WebSocketApi"))
        host = f"execute-api.{emulator.SUFFIX}"
        return {
            "HttpApiUrl": f"https://{http}.{host}",
            "WebSocketUrl": f"wss://{socket}.{host}/{environment}",
        }

    # ---- what is done after a deployment, by AWS's own APIs

    def repair(self, environment: str) -> None:
        self.repair_cors(environment)
        self.repair_pushes(environment)
        if self.emulator.enforces:
            self.repair_write_once(environment)

    def repair_cors(self, environment: str) -> None:
        """omissions.CORS_OF_A_TEMPLATE"""
        wanted = self.template(environment)["Resources"]["HttpApi"]["Properties"]
        if "CorsConfiguration" not in wanted:
            return
        self.emulator.client("apigatewayv2").update_api(
            ApiId=self.physical(environment, "HttpApi"),
            CorsConfiguration={
                **wanted["CorsConfiguration"],
                "AllowOrigins": [self.outputs(environment)["WebsiteURL"]],
            },
        )

    def repair_pushes(self, environment: str) -> None:
        """omissions.PUSH_ADDRESS"""
        client, name = self.emulator.client("lambda"), f"qr-upload-websocket-event-{environment}"
        configuration = client.get_function_configuration(FunctionName=name)
        api = self.physical(environment, "WebSocketApi")
        url = f"{self.emulator.url}/_aws/execute-api/{api}/{environment}"
        variables = configuration["Environment"]["Variables"] | {
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": url
        }
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )

    def repair_write_once(self, environment: str) -> None:
        """omissions.WRITE_ONCE"""
        s3, bucket = self.emulator.client("s3"), self.outputs(environment)["UploadBucketName"]
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "WriteOnce"]
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    # ---- the smoke test, each step of it

    def smoked(self, environment: str, *, until: frozenset[Act] = frozenset()) -> dict[Step, str]:
        """What each step of the smoke test complained of, nothing where it passed.

        One of `until` is the last.
        """
        return asyncio.run(self._smoked(environment, until))

    async def _smoked(self, environment: str, until: frozenset[Act]) -> dict[Step, str]:
        outputs = self.outputs(environment)
        account = Account(
            self.emulator.client,
            f"qr-upload-{environment}",
            outputs,
            self.template(environment),
        )
        pages = published(self.project, outputs)
        texts = {
            page.path: page.data.decode()
            for page in pages
            if page.path.endswith((".html", ".json"))
        }
        said: dict[Step, str] = {}
        awaited = omissions.steps_that_fail(environment, enforces=self.emulator.enforces) | until
        key = self.origin_key(environment)
        async with self.emulator.http(key) as http, AsyncExitStack() as stack:
            site = Site.of(http, outputs | self.own_addresses(environment), PATIENCE)
            visit = Visit(site, account, outputs, texts, stack)
            for step in STEPS:
                visit.waits(IN_VAIN if step.act in awaited else PATIENCE)
                try:
                    await step.act(visit)
                except FAULTS as error:
                    said[step] = str(error) or type(error).__name__
                else:
                    said[step] = ""
                if step.act in until:
                    break
            for session in visit.made:
                await asyncio.to_thread(account.delete, session)
        return said


@pytest.fixture(scope="session")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """ministack that checks signatures and IAM."""
    yield from _cloud(tmp_path_factory, enforces=True)


@pytest.fixture(scope="session")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """ministack that lets everybody do everything, as it does unless told otherwise."""
    yield from _cloud(tmp_path_factory, enforces=False)


@pytest.fixture(params=["enforcing", "everybody"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each of the two."""
    chosen: Cloud = request.getfixturevalue(request.param)
    return chosen


def _cloud(tmp_path_factory: pytest.TempPathFactory, *, enforces: bool) -> Iterator[Cloud]:
    project = tmp_path_factory.mktemp("project")
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, project / part, ignore=ignored)
    with emulator.running(tmp_path_factory.mktemp("ministack"), enforces=enforces) as started:
        yield Cloud(started, project)
