"""The parameters of this stack, and where a value of it comes from."""

from __future__ import annotations

from pathlib import Path

from pipeline import render
from pipeline.findings import Place
from pipeline.rendering import parameters
from tests.pipeline.scripted_aws import PROJECT


def test_parameters_are_the_specifications_until_an_account_is_known(project: Path) -> None:
    rendered = render.render_all(["dev"], project)[0]

    assert parameters.as_file(rendered.parameters) == [
        {"ParameterKey": "Environment", "ParameterValue": "dev"},
        {"ParameterKey": "ProjectName", "ParameterValue": PROJECT},
        {
            "ParameterKey": "LambdaDeploymentBucket",
            "ParameterValue": f"{PROJECT}-lambda-deployments-dev",
        },
        {"ParameterKey": "HttpApiCodeKey", "ParameterValue": "http_api_handler.zip"},
        {"ParameterKey": "WebSocketEventCodeKey", "ParameterValue": "websocket_event_handler.zip"},
    ]


def test_the_parameters_of_the_code_are_found_by_their_use(project: Path) -> None:
    rendered = render.render_all(["dev"], project)[0]

    bound = parameters.bindings(rendered.value)

    assert bound.bucket == {"LambdaDeploymentBucket"}
    assert bound.code == {
        "HttpApiCodeKey": "http_api_handler.zip",
        "WebSocketEventCodeKey": "websocket_event_handler.zip",
    }


def test_a_value_leads_to_its_template_and_its_setting(project: Path) -> None:
    rendered = render.render_all(["dev"], project)[0]
    at = ("Resources", "UploadBucket", "Properties", "LifecycleConfiguration", "Rules", 0)

    place, value_place = rendered.places((*at, "ExpirationInDays"))

    assert place
    assert value_place
    assert "keep_days" in line(project, place)
    assert "keep_days: 30" in line(project, value_place)


def line(project: Path, place: Place) -> str:
    return (project / place.file).read_text().splitlines()[place.line - 1]
