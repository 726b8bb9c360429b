from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pipeline
from pipeline import redaction
from pipeline.deploying import screen
from pipeline.deploying.changeset import Cause
from pipeline.deploying.comparing import differences
from pipeline.deploying.drift_detection import Difference, Drifted

STAGE = ("Resources", "Stage", "Properties")
SECRET = "hunter2-plain"


def stack(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": properties}}}


def rendered(template: dict[str, Any]) -> Any:
    return SimpleNamespace(value=template, places=lambda _: (None, None))


@pytest.mark.parametrize(
    "properties",
    [
        {"StageVariables": {"Password": SECRET}},
        {"ApiKeySecret": SECRET},
        {"Environment": {"Variables": {"MODE": SECRET}}},
        {"Nested": [{"AuthToken": SECRET}]},
        {"Origins": [{"OriginCustomHeaders": [{"HeaderName": "x-k", "HeaderValue": SECRET}]}]},
    ],
)
def test_a_difference_never_prints_a_value_that_may_be_a_secret(
    properties: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = stack(), stack(**properties)

    for before, after in ((old, new), (new, old), (stack(**dict.fromkeys(properties)), new)):
        for difference in differences(before, after):
            screen.difference(difference, rendered(after), before)

    printed = capsys.readouterr().out
    assert next(iter(properties)) in printed
    assert SECRET not in printed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("ApiKeySecret",), SECRET),
        (("StageVariables", "Password"), SECRET),
        (("Environment",), json.dumps({"Variables": {"MODE": SECRET}})),
        (("Environment", "Variables", "MODE"), SECRET),
        (("Origins", "0", "OriginCustomHeaders", "0", "HeaderValue"), SECRET),
        (("Origins",), json.dumps([{"OriginCustomHeaders": [{"HeaderValue": SECRET}]}])),
        (("Settings",), '{"Password": "' + SECRET),
    ],
)
def test_neither_a_cause_nor_a_drift_prints_a_value_that_may_be_a_secret(
    path: tuple[str, ...], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    difference = Difference("/".join(("", *path)), expected=value, actual="")
    drift = Drifted("Stage", "", "AWS::ApiGatewayV2::Stage", gone=False, differences=(difference,))

    cause = str(Cause(path, "Never", value, "other"))
    screen.drifted(drift, rendered(stack()))

    printed = cause + capsys.readouterr().out
    assert ".".join(path) in printed
    assert SECRET not in printed


def test_a_harmless_value_is_printed() -> None:
    cause = Cause(("RetentionInDays",), "Never", "7", "30")

    assert str(cause) == "RetentionInDays 7 → 30"
    assert redaction.as_text(["PUT", "POST"], (*STAGE, "Methods")) == '["PUT", "POST"]'


@pytest.mark.parametrize(
    "text",
    [
        "          API_TOKEN: hunter2-plain",
        "          API_TOKEN: !Sub 'hunter2-plain${AWS::Region}'",
        "          API_TOKEN: !Join ['', [hunter2-plain, x]]",
        "          API_TOKEN: !If [C, hunter2-plain, x]",
        "          API_TOKEN: {'Fn::Sub': hunter2-plain}",
        "            Fn::Sub: hunter2-plain",
        '          API_TOKEN: {{ "hunter2-plain" | tojson }}',
        "      Environment: {Variables: {API_TOKEN: hunter2-plain}}",
        '{"Variables": {"API_TOKEN": "hunter2-plain"}}',
        '{"Resources":{"F":{"Environment":{"Variables":{"API_TOKEN":"hunter2-plain"}}}}}',
        "          API_TOKEN: !Ref hunter2 -plain",
        "          ? API_TOKEN",
        "          : hunter2-plain",
    ],
)
def test_no_line_of_code_near_a_secret_shows_a_value(text: str) -> None:
    assert "plain" not in redaction.line(text, ("Resources", "F", "Variables", "X"))


@pytest.mark.parametrize(
    "text",
    [
        "        Variables:",
        "          TABLE: !Ref SessionsTable",
        "          TABLE: !GetAtt Sessions.Arn",
        "          BUCKET: !Sub '${UploadBucket}'",
        "          ORIGIN: {{ env.website.origin | tojson }}",
        "          TEXT: |",
        "        }",
        "",
    ],
)
def test_a_reference_near_a_secret_is_shown(text: str) -> None:
    assert redaction.line(text, ("Resources", "F", "Variables", "X")) == text


@pytest.mark.parametrize(
    "key",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN PRIVATE KEY-----",
        "postgres://me:hunter2@db/x",
        "ghp_" + "a" * 36,
    ],
)
def test_a_key_is_known_by_its_form_whatever_it_is_called(key: str) -> None:
    pointer = ("Parameters", "Colour", "Default")

    assert redaction.shown({"A": [key]}, pointer) == {"A": [redaction.HIDDEN]}
    assert redaction.as_text(key, pointer) == redaction.HIDDEN
    assert key not in redaction.line(f"    Default: {key}", pointer)


def test_a_parameter_whose_name_tells_of_a_secret_is_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = {"WebhookToken": "abc", "Size": "1"}, {"WebhookToken": SECRET, "Size": "2"}

    for difference in differences(before, after, ("parameter",)):
        screen.value(difference)

    printed = capsys.readouterr().out
    assert "1 → 2" in printed
    assert "WebhookToken" in printed
    assert SECRET not in printed


def test_no_other_module_decides_what_is_hidden() -> None:
    knows_variables = {
        path.name
        for path in Path(pipeline.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in {"Variables", "StageVariables"}
    }

    # iam/stack.py reads a function's variables to find its tables and buckets, policy/outward.py
    # looks at their names alone, diagrams/words.py at secrets by name; none prints a value.
    assert knows_variables == {"redaction.py", "outward.py", "stack.py", "words.py"}
