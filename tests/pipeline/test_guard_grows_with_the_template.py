"""What guard does itself, beside the engine, grows as the template does, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from types import FrameType
from typing import Any

from pipeline.policy import crosschecks
from pipeline.policy.guard import pointer_of

DAY = date(2026, 11, 22)


def template(functions: int) -> dict[str, Any]:
    """A stack of functions, each with a role and a log group of its own."""
    resources: dict[str, Any] = {"Table": {"Type": "AWS::DynamoDB::Table"}}
    for number in range(functions):
        statement = {"Effect": "Allow", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}}
        policy = {"PolicyName": "P", "PolicyDocument": {"Statement": [statement]}}
        resources[f"Role{number}"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {"Policies": [policy]},
        }
        resources[f"Log{number}"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/f{number}"},
        }
        resources[f"F{number}"] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"f{number}",
                "Role": {"Fn::GetAtt": [f"Role{number}", "Arn"]},
            },
        }
    return {"Resources": resources}


def work(done: Callable[[], object]) -> int:
    """How often Python enters a function or goes once around a comprehension."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "return")

    sys.setprofile(count)
    try:
        done()
    finally:
        sys.setprofile(None)
    return calls


def test_the_checks_cost_four_times_as_much_for_a_template_four_times_as_large() -> None:
    small, large = template(30), template(120)
    crosschecks.judge("warm", small, DAY)

    ratio = work(lambda: crosschecks.judge("large", large, DAY)) / work(
        lambda: crosschecks.judge("small", small, DAY)
    )

    assert ratio < 4.2


class Mapping(dict[str, Any]):
    """A mapping that counts how often all of its keys were gone through."""

    walked = 0

    def __iter__(self) -> Any:
        type(self).walked += 1
        return super().__iter__()


def test_a_findings_place_is_looked_up_without_going_through_all_resources() -> None:
    resources = Mapping({f"Role{number}": {"Properties": {}} for number in range(50)})

    pointer = pointer_of("/Resources/Role7/Properties", {"Resources": resources})

    assert pointer == ("Resources", "Role7", "Properties")
    assert Mapping.walked == 0
