"""What the deployer's tests share: an account at an endpoint, or one whose answers are a script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from localcloud.keys import Endpoint
from pipeline import checks, verdict_cache
from pipeline.deploying import change_rules
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import (
    ASKED,
    BEFORE,
    ENDS,
    SIZE,
    STARTS,
    Aws,
    Refusal,
    change_set,
    history,
)


@pytest.fixture(scope="module", autouse=True)
def one_day() -> Iterator[None]:
    """In this process: no midnight, and no runtime whose end is noted, or that AWS lets no new
    function have."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (checks, verdict_cache):
            patch.setattr(module, "today", lambda: date(2026, 11, 28))
        yield


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule judges the change sets: test_policies.py does that, 0.1 s each time."""
    monkeypatch.setattr(change_rules, "check", lambda *_: None)


@pytest.fixture
def account(endpoint: Endpoint) -> Aws:
    """An empty account of the endpoint."""
    scripted_aws.empty(endpoint)
    return scripted_aws.connected(endpoint)


@pytest.fixture
def scripted() -> Aws:
    """An account without an endpoint, where each call needs an answer; it has none yet."""
    return scripted_aws.connected()


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A running stack, one change to make, an update that succeeds, a bucket without the code."""
    scripted.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE"))
    scripted.says("CreateChangeSet", ASKED)
    scripted.says("DescribeChangeSet", change_set(SIZE))
    scripted.says("ExecuteChangeSet", {})
    scripted.says("DeleteChangeSet", {})
    scripted.says("DeleteStack", {})
    scripted.says("DescribeEvents", {"OperationEvents": []})
    scripted.says("DescribeStackEvents", history(BEFORE), history(BEFORE, STARTS, ENDS))
    scripted.says("HeadBucket", {})
    scripted.says("GetBucketPolicy", {"Policy": "{}"})
    scripted.says("HeadObject", Refusal("404", status=404))
    scripted.says("PutObject", {})
    scripted.says("DescribeTable", Refusal("ResourceNotFoundException"))
    scripted.says("GetTemplate", {"TemplateBody": scripted_aws.TEMPLATE})
    scripted.says("ListStackResources", {"StackResourceSummaries": []})
    return scripted
