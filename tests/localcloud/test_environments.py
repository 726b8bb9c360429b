"""Every committed environment's template, deployed whole and read back resource by resource."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.readback import Report
from pipeline import settings
from pipeline.render import Rendered, render
from tests.conftest import ROOT
from tests.localcloud.driving import Driver


def parameters(rendered: Rendered, **changed: str) -> list[dict[str, str]]:
    values = rendered.parameters | changed
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


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


@pytest.fixture(params=settings.names(ROOT))
def rendered(request: pytest.FixtureRequest, root: Path) -> Rendered:
    return render(settings.load(request.param, root), root)


@pytest.fixture
def here(aws_here: Driver, rendered: Rendered) -> Driver:
    """The environment's own region, with code for its functions in the deployment bucket."""
    driver = Driver(aws_here.endpoint, region=rendered.settings.aws.region)
    for key, bucket in code_parameters(rendered).items():
        driver.put_code(rendered.parameters[key], bucket=bucket)
    return driver


def deploy(here: Driver, rendered: Rendered, **changed: str) -> str:
    stack = here.deploy(rendered.text, Parameters=parameters(rendered, **changed))
    return str(stack["StackStatus"])


def test_the_whole_template_deploys_and_every_property_reads_back(
    here: Driver, rendered: Rendered
) -> None:
    status = deploy(here, rendered)

    assert status == "CREATE_COMPLETE", here.history()
    report: Report = here.read_back()
    assert set(report.resources) == set(rendered.value["Resources"])
    assert all(report.resources.values())
    assert report.differences == ()
    kinds = {name.split(".", 1)[1] for name in report.unread}
    assert kinds <= {"BucketNamespace", "PendingWindowInDays"}


def test_every_output_is_there(here: Driver, rendered: Rendered) -> None:
    deploy(here, rendered)

    outputs = {one["OutputKey"]: one["OutputValue"] for one in here.stack()["Outputs"]}
    assert set(outputs) == set(rendered.value["Outputs"])
    assert all(outputs.values())


def test_the_same_template_again_changes_nothing(here: Driver, rendered: Rendered) -> None:
    deploy(here, rendered)

    described = here.change_set(rendered.text, Parameters=parameters(rendered))

    assert "didn't contain changes" in described["StatusReason"], described["Changes"]


def test_new_code_changes_only_the_functions(here: Driver, rendered: Rendered) -> None:
    deploy(here, rendered)
    changed = {key: f"new-{rendered.parameters[key]}" for key in code_parameters(rendered)}
    for key, bucket in code_parameters(rendered).items():
        here.put_code(changed[key], source="new = 1", bucket=bucket)

    described = here.change_set(rendered.text, Parameters=parameters(rendered, **changed))
    here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    kinds = {one["ResourceChange"]["ResourceType"] for one in described["Changes"]}
    assert kinds == {"AWS::Lambda::Function"}
    assert {one["ResourceChange"]["Replacement"] for one in described["Changes"]} == {"False"}
    assert here.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert here.read_back().differences == ()


def test_a_deleted_stack_leaves_only_what_is_retained(here: Driver, rendered: Rendered) -> None:
    deploy(here, rendered)
    stack_id = here.stack()["StackId"]

    here.stacks.delete_stack(StackName="app")

    assert here.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE", here.history(stack_id)
    skipped = {name for name, status in here.events(stack_id) if status == "DELETE_SKIPPED"}
    retained = {
        name
        for name, one in rendered.value["Resources"].items()
        if one.get("DeletionPolicy", "Delete").startswith("Retain")
    }
    assert skipped == retained
