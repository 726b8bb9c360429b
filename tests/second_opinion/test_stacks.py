"""Both environments on somebody else's cloud: deployed by our deployer, and gone through."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.listening import family, listening
from tests.second_opinion import emulator, omissions
from tests.second_opinion.conftest import Cloud

ENVIRONMENTS = ("dev", "prod")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_our_deployer_makes_every_resource_that_can_be_made(cloud: Cloud, environment: str) -> None:
    cloud.deployed(environment)

    pages = cloud.emulator.client("cloudformation").get_paginator("list_stack_resources")
    made = {
        summary["LogicalResourceId"]: summary["ResourceStatus"]
        for page in pages.paginate(StackName=f"qr-upload-{environment}")
        for summary in page["StackResourceSummaries"]
    }
    assert made == dict.fromkeys(cloud.template(environment)["Resources"], "CREATE_COMPLETE")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_smoke_test_passes_but_for_what_is_omitted(cloud: Cloud, environment: str) -> None:
    awaited = omissions.steps_that_fail(environment, enforces=cloud.emulator.enforces)

    said = cloud.smoked(environment)

    unexpected = {
        step.title: told for step, told in said.items() if told and step.act not in awaited
    }
    passed = {step.title for step, told in said.items() if not told and step.act in awaited}
    assert unexpected == {}
    assert passed == set(), "no longer omitted: take it out of tests/second_opinion/omissions.py"


def test_what_it_drops_without_a_word_is_still_what_the_page_says(enforcing: Cloud) -> None:
    """docs/second-opinion.md calls these the local cloud's alone; what it keeps has to leave it."""
    enforcing.have("dev")
    client, outputs = enforcing.emulator.client, enforcing.outputs("dev")
    table, bucket = outputs["SessionsTableName"], outputs["UploadBucketName"]
    api = enforcing.physical("dev", "HttpApi")

    living = client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    stage = client("apigatewayv2").get_stage(ApiId=api, StageName="$default")

    assert living["TimeToLiveStatus"] == "DISABLED"
    assert not stage.get("DefaultRouteSettings", {}).get("ThrottlingBurstLimit")
    for asked in ("get_bucket_lifecycle_configuration", "get_bucket_tagging"):
        with pytest.raises(ClientError, match="NoSuch"):
            getattr(client("s3"), asked)(Bucket=bucket)


def test_a_port_that_somebody_took_meanwhile_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = iter([taken.getsockname()[1], emulator._free_port()])
        monkeypatch.setattr(emulator, "_free_port", lambda: next(found))

        with emulator.running(tmp_path, enforces=True) as started:
            assert started.client("sts").get_caller_identity()["Account"] == emulator.ACCOUNT


def test_it_listens_on_loopback_alone(cloud: Cloud) -> None:
    addresses = {address for address, _ in listening(*family(cloud.emulator.pid))}

    assert addresses
    assert all(address.is_loopback for address in addresses)
