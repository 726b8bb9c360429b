"""After the stack has changed nothing is said that isn't so."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.connecting import clients
from pipeline.deploying import proposal, watching
from pipeline.deploying.changeset import ChangeSet
from pipeline.deploying.consent import Consent
from pipeline.errors import UserError
from pipeline.stations import deploy
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import PROJECT, STACK_ID, Aws, Refusal, change_set, deployment

pytestmark = pytest.mark.usefixtures("unjudged")
THERE = scripted_aws.stack("UPDATE_COMPLETE")
BUSY = Refusal("Throttling", "Rate exceeded")
GONE = EndpointConnectionError(endpoint_url="https://cloudformation")


def bring(aws: Aws) -> None:
    subject = deployment(aws)
    with clients.spoken(subject.settings.aws):
        deploy.bring_up_to_date(subject, Consent())


@pytest.mark.parametrize("trouble", [BUSY, GONE, Refusal("InternalFailure", status=500)])
def test_a_moment_of_trouble_after_the_update_is_waited_out(
    aws: Aws,
    trouble: Refusal | BaseException,
) -> None:
    aws.says("DescribeStacks", THERE, trouble, trouble, THERE)

    bring(aws)


def test_what_stays_undone_is_named_with_the_command_that_does_it(aws: Aws) -> None:
    aws.says("DescribeStacks", THERE, BUSY)

    with pytest.raises(UserError) as raised:
        bring(aws)

    said = str(raised.value)
    assert "nothing is left half-done" not in said
    assert f"{PROJECT}-dev is up to date" in said
    assert "its deletion protection, the website, the outputs" in said
    assert "nox -s deploy -- dev" in said


def test_a_change_set_that_is_not_visible_yet_is_asked_for_again(aws: Aws) -> None:
    unseen = Refusal("ChangeSetNotFound", "ChangeSet [x] does not exist", status=404)
    aws.says("DescribeChangeSet", unseen, unseen, BUSY, change_set())

    proposal.show(deployment(aws), ChangeSet("the-name", STACK_ID))

    assert aws.operations.count("DescribeChangeSet") == 5


def test_a_lost_connection_while_cleaning_up_is_only_a_remark(
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.says("DeleteChangeSet", GONE)

    proposal.discard(deployment(aws), ChangeSet("the-name", STACK_ID))

    assert "The change set the-name is still there" in capsys.readouterr().err


def test_a_stack_that_can_not_be_read_hides_no_failure(aws: Aws) -> None:
    aws.says("DescribeStacks", GONE)

    error = watching.failure(deployment(aws).target, [], lambda _: "")

    assert "did not change as asked" in error.what
    assert "can't be read" in error.mend
