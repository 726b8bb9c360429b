"""Every committed environment's template, deployed whole and read back resource by resource."""

from __future__ import annotations

import json

import pytest
from moto.core.base_backend import BackendDict

from pipeline.environment import settings
from pipeline.render import Rendered, render
from tests.conftest import ROOT
from tests.localcloud.driving import Driver


def parameters(rendered: Rendered, **changed: str) -> list[dict[str, str]]:
    values = rendered.parameters | changed
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def body(rendered: Rendered) -> str:
    """The template without its comments, with which production's is longer than a body may be."""
    return json.dumps(rendered.value, separators=(",", ":"))


def code_parameters(rendered: Rendered) -> dict[str, str]:
    """The template's code parameters, by the name of the parameter that holds an S3 key."""
    functions = [
        one["Properties"]["Code"]
        for one in rendered.value["Resources"].values()
        if one["Type"] == "AWS::Lambda::Function"
    ]
    return {
        code["S3Key"]["Ref"]: rendered.parameters[code["S3Bucket"]["Ref"]] for code in functions
    }


@pytest.fixture(scope="module", params=settings.names(ROOT))
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return render(settings.load(request.param, ROOT), ROOT)


@pytest.fixture(scope="module")
def deployed(driver: Driver, rendered: Rendered) -> Driver:
    """The environment's stack, for tests that leave it as it is."""
    return deploy(driver, rendered)


def deploy(driver: Driver, rendered: Rendered) -> Driver:
    """The stack in its own region, its functions' code in the deployment bucket."""
    BackendDict.reset()
    here = Driver(driver.endpoint, region=rendered.settings.aws.region)
    for key, bucket in code_parameters(rendered).items():
        here.put_code(rendered.parameters[key], bucket=bucket)
    stack = here.deploy(body(rendered), Parameters=parameters(rendered))
    assert stack["StackStatus"] == "CREATE_COMPLETE", here.history()
    return here


def test_every_property_of_every_resource_reads_back(deployed: Driver, rendered: Rendered) -> None:
    report = deployed.read_back()

    assert set(report.resources) == set(rendered.value["Resources"])
    assert all(report.resources.values())
    assert report.differences == ()
    kinds = {name.split(".", 1)[1] for name in report.unread}
    assert kinds <= {"BucketNamespace", "GenerateSecretString", "PendingWindowInDays"}


def test_every_output_is_there(deployed: Driver, rendered: Rendered) -> None:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in deployed.stack()["Outputs"]}

    assert set(outputs) == set(rendered.value["Outputs"])
    assert all(outputs.values())


def test_the_same_template_again_changes_nothing(deployed: Driver, rendered: Rendered) -> None:
    described = deployed.change_set(body(rendered), Parameters=parameters(rendered))

    assert "didn't contain changes" in described["StatusReason"], described["Changes"]


def test_what_is_really_there_is_as_the_template_says(deployed: Driver, rendered: Rendered) -> None:
    described = deployed.change_set(
        body(rendered), Parameters=parameters(rendered), DeploymentMode="REVERT_DRIFT"
    )

    assert described["Changes"] == []
    assert described["StackDriftStatus"] == "IN_SYNC"


def test_new_code_changes_only_the_functions_and_deletion_leaves_what_is_retained(
    driver: Driver, rendered: Rendered
) -> None:
    here = deploy(driver, rendered)
    changed = {key: f"new-{rendered.parameters[key]}" for key in code_parameters(rendered)}
    for key, bucket in code_parameters(rendered).items():
        here.put_code(changed[key], source="new = 1", bucket=bucket)

    described = here.change_set(body(rendered), Parameters=parameters(rendered, **changed))
    here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    kinds = {one["ResourceChange"]["ResourceType"] for one in described["Changes"]}
    assert kinds == {"AWS::Lambda::Function"}
    assert {one["ResourceChange"]["Replacement"] for one in described["Changes"]} == {"False"}
    stack = here.stack()
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert here.read_back().differences == ()

    here.stacks.delete_stack(StackName="app")

    stack_id = stack["StackId"]
    assert here.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE", here.history(stack_id)
    skipped = {name for name, status in here.events(stack_id) if status == "DELETE_SKIPPED"}
    assert skipped == {
        name
        for name, one in rendered.value["Resources"].items()
        if one.get("DeletionPolicy", "Delete").startswith("Retain")
    }
