"""The same requests to the local cloud and to ministack; each difference has its verdict."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import aiohttp
import pytest

from tests.conftest import ROOT
from tests.second_opinion import differences
from tests.second_opinion.asked import REQUESTS, answers
from tests.second_opinion.conftest import Cloud
from tests.second_opinion.differences import VERDICTS, Answers
from tests.smoke.local import local_cloud
from tests.smoke.site import Site

PAGE = ROOT / "docs/second-opinion.md"


@pytest.fixture(scope="module")
def both(enforcing: Cloud) -> tuple[Answers, Answers]:
    """What the local cloud says, and what ministack says."""
    with local_cloud("dev", "--quiet") as ready:
        local = asyncio.run(_locally(ready["outputs"]))
    enforcing.have("dev")
    return local, asyncio.run(_there(enforcing))


async def _locally(outputs: dict[str, Any]) -> Answers:
    async with aiohttp.ClientSession() as http:
        return await answers(Site.of(http, outputs))


async def _there(cloud: Cloud) -> Answers:
    async with cloud.emulator.http() as http:
        return await answers(Site.of(http, cloud.outputs("dev")))


def test_there_are_sixty_and_each_is_answered_by_both(both: tuple[Answers, Answers]) -> None:
    for said in both:
        assert len(said) == len(REQUESTS) >= 60
        assert [one.title for one, told in said.items() if told.startswith("no answer")] == []


def test_every_difference_has_its_verdict_and_no_verdict_is_stale(
    both: tuple[Answers, Answers],
) -> None:
    local, other = both

    differ = {request.title: (local[request], other[request]) for request in
              differences.differing(local, other)}  # fmt: skip

    assert {title: said for title, said in differ.items() if title not in VERDICTS} == {}
    assert set(VERDICTS) - set(differ) == set(), "they agree now: take the verdict out"


def test_the_local_cloud_is_never_the_one_that_is_wrong() -> None:
    wrong = [title for title, one in VERDICTS.items() if one.right == differences.MINISTACK]

    assert wrong == [], "mend the local cloud, or say in docs/local-cloud.md why not"


def test_the_page_is_current(both: tuple[Answers, Answers], pytestconfig: pytest.Config) -> None:
    text = differences.page(*both, version("ministack"))

    if pytestconfig.getoption("--write-page"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "nox -s second-opinion -- --write-page"
