"""A stack on somebody else's cloud is changed by our stations, by hand, in vain, and deleted."""

from __future__ import annotations

import pytest

from tests.second_opinion import omissions
from tests.second_opinion.conftest import Cloud
from tests.smoke import steps
from tests.smoke.rights import RIGHTS, Right, take_away


def test_a_second_deployment_has_nothing_to_change(enforcing: Cloud) -> None:
    enforcing.have("dev")

    assert "Nothing to change" in enforcing.deployed("dev")


@pytest.mark.parametrize("right", RIGHTS, ids=str)
def test_a_missing_right_fails_the_step_that_it_fails_on_the_local_cloud(
    enforcing: Cloud, right: Right
) -> None:
    enforcing.have("dev")
    awaited = omissions.steps_that_fail("dev", enforces=True)

    give_back = take_away(
        enforcing.emulator.client("iam"), enforcing.physical("dev", right.role), right.action
    )
    try:
        said = enforcing.smoked("dev", until=frozenset({right.step}))
    finally:
        give_back()

    failed = [step.act for step, told in said.items() if told and step.act not in awaited]
    assert failed == [right.step]


def test_a_change_by_hand_is_found(enforcing: Cloud) -> None:
    client, name = enforcing.emulator.client("lambda"), "qr-upload-http-api-dev"
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {"MAX_UPLOADS_PER_SESSION": "3"}}
    )

    done = enforcing.station("drift", "dev")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "HttpApiLambda" in done.stdout
    assert "MAX_UPLOADS_PER_SESSION" in done.stdout


def test_an_update_changes_what_the_environment_file_says(enforcing: Cloud) -> None:
    file = enforcing.project / "environments/dev.yaml"
    before = file.read_text()
    file.write_text(before.replace("timeout_seconds: 30", "timeout_seconds: 29", 1))
    assert file.read_text() != before

    enforcing.deployed("dev")

    configuration = enforcing.emulator.client("lambda").get_function_configuration(
        FunctionName="qr-upload-http-api-dev"
    )
    assert enforcing.stack("dev")["StackStatus"] == "UPDATE_COMPLETE"
    assert configuration["Timeout"] == 29


def test_a_failing_update_is_taken_back(enforcing: Cloud) -> None:
    done = enforcing.station("deploy", "dev", "--confirm", "dev", SPOILT="WebSocketEventCodeKey")
    state = enforcing.stack("dev")["StackStatus"]
    enforcing.repair("dev")
    said = enforcing.smoked("dev")

    assert done.returncode == 1, done.stdout
    assert "WebSocketEventLambda" in done.stdout + done.stderr
    assert state == "UPDATE_ROLLBACK_COMPLETE"
    assert [told for step, told in said.items() if step.act is steps.event_settles_it] == [""]


def test_dev_is_destroyed_and_prod_is_not(enforcing: Cloud) -> None:
    enforcing.have("prod")

    destroyed = enforcing.station("destroy", "dev", "--confirm", "dev")
    refused = enforcing.station("destroy", "prod", "--confirm", "prod")

    left = enforcing.emulator.client("cloudformation").describe_stacks()["Stacks"]
    assert (destroyed.returncode, refused.returncode) == (0, 3), destroyed.stdout + destroyed.stderr
    assert {one["StackName"] for one in left} == {"qr-upload-prod"}
