"""What whoever deploys must be allowed stands in docs/operations.md."""

from __future__ import annotations

import pytest

from pipeline.connecting import clients
from pipeline.connecting.aws_errors import PERMISSIONS
from pipeline.deploying.consent import Consent
from pipeline.stations import deploy, plan
from tests.conftest import ROOT
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import Aws, deployment
from tests.pipeline.test_deploy import LONG, TOO_LONG


@pytest.fixture
def aws(account: Aws, unjudged: None, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty account."""
    monkeypatch.setattr(clients, "connect", lambda _: account.clients)
    return account


def test_the_page_for_operators_lists_every_permission_that_is_used(aws: Aws) -> None:
    plan.show_plan(deployment(aws))
    deploy.bring_up_to_date(deployment(aws, scripted_aws.protected(), LONG), Consent("dev"))
    plan.show_plan(deployment(aws, text=TOO_LONG))

    used = {PERMISSIONS.get(one, f"cloudformation:{one}") for one in aws.operations}
    page = (ROOT / "docs" / "operations.md").read_text()
    assert {one for one in used if f"`{one}`" not in page} == set()
    assert "s3:DeleteObjectVersion" in used
