"""What has to be so in the template of each environment, found by its file."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.environment import settings
from pipeline.render import render_all
from pipeline.stations.refresh import contents
from tests.conftest import ROOT

NAMES = settings.names(ROOT)


@pytest.fixture(params=NAMES)
def resources(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The resources of an environment."""
    (rendered,) = render_all([request.param], ROOT)
    found: dict[str, Any] = rendered.value["Resources"]
    return found


def test_a_message_stays_hidden_long_enough_for_the_worker(resources: dict[str, Any]) -> None:
    hidden = resources["Jobs"]["Properties"]["VisibilityTimeout"]

    assert hidden == 6 * resources["Worker"]["Properties"]["Timeout"]


def test_the_worker_takes_from_the_queue_and_writes_to_the_table(
    resources: dict[str, Any],
) -> None:
    mapping = resources["JobsToWorker"]["Properties"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["Jobs", "Arn"]}
    variables = resources["Worker"]["Properties"]["Environment"]["Variables"]
    assert variables == {"RESULTS_TABLE_NAME": {"Ref": "Results"}}


def test_what_is_committed_is_what_is_rendered_now() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, data in contents(ROOT).items()
        if not path.is_file() or path.read_bytes() != data
    ]

    assert stale == [], "run `nox -s refresh` and look at the difference"
