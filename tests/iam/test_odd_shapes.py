"""A template of another shape than CloudFormation's can't be judged, which is said at its place."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from pipeline import render
from pipeline.environment import settings
from pipeline.iam.least_privilege import JUDGED, least_privilege
from pipeline.render import Rendered
from tests.conftest import ROOT

ROLE = "HttpApiLambdaRole"
LAMBDA = "HttpApiLambda"
SHAPES: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "properties": ((ROLE, "Properties"), ["x"], "Properties isn't a mapping"),
    "policies": ((ROLE, "Properties", "Policies"), "x", "Policies isn't a list"),
    "a policy": ((ROLE, "Properties", "Policies", 0), "x", "a policy isn't a mapping"),
    "a document": ((ROLE, "Properties", "Policies", 0, "PolicyDocument"), "x", "isn't a mapping"),
    "an effect": ((ROLE, "Properties", "Policies", 0, "PolicyDocument", "Statement"),
                  [{"Effect": ["Allow"]}], "the Effect ['Allow']"),
    "a role": ((LAMBDA, "Properties", "Role"), {"Fn::GetAtt": ["x"]}, "takes two values"),
    "a reference": ((LAMBDA, "Properties", "Role"), {"Ref": 1}, "a Ref takes a name"),
    "a text": ((LAMBDA, "Properties", "Role"), {"Fn::Sub": [1, {}]}, "1 isn't a text"),
    "joined": ((LAMBDA, "Properties", "Role"), {"Fn::Join": ["", "x"]}, "isn't a list"),
    "variables": ((LAMBDA, "Properties", "Environment"), {"Variables": []}, "Variables isn't"),
    "logs": ((LAMBDA, "Properties", "LoggingConfig"), "x", "LoggingConfig isn't a mapping"),
}  # fmt: skip


@pytest.fixture(scope="module")
def production() -> Rendered:
    return render.render(settings.load("prod", ROOT), ROOT)


@pytest.mark.parametrize("name", SHAPES)
def test_an_odd_shape_is_a_finding(production: Rendered, name: str) -> None:
    (*above, key), value, says = SHAPES[name]
    document = deepcopy(production.document.value)
    here = document["Resources"]
    for step in above:
        here = here[step]
    here[key] = value

    [finding] = least_privilege(
        [replace(production, document=replace(production.document, value=document))], ROOT
    )

    assert finding.rule == JUDGED
    assert says in finding.message


def test_a_resource_without_a_type_is_none_of_any(production: Rendered) -> None:
    document = deepcopy(production.document.value)
    document["Resources"]["Nameless"] = {"Properties": {}}
    document["Resources"]["Text"] = "x"

    assert not least_privilege(
        [replace(production, document=replace(production.document, value=document))], ROOT
    )
