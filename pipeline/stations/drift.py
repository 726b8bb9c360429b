"""What somebody changed in a running stack's resources outside the deployer."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import render
from pipeline.deploying import clients, screen
from pipeline.deploying.clients import patiently
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.errors import UserError
from pipeline.stations import arguments

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackResourceDriftTypeDef

    from pipeline.render import Rendered

POLLS = 300
POLL_SECONDS = 2


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)


def run(options: Namespace, root: Path) -> int:
    return drift(arguments.the_environment(options, root), root)


def drift(name: str, root: Path) -> int:
    """Ask CloudFormation for it, and show it with the template's lines; 1 if there is any."""
    loaded = settings.load(name, root)
    rendered = render.render(loaded, root)
    with clients.spoken(loaded.settings.aws):
        return 1 if show(enter(loaded), rendered) else 0


def show(target: Target, rendered: Rendered) -> int:
    """How many resources are not as they were deployed."""
    cloudformation = target.aws.cloudformation
    own = target.settings
    stack = target.existing_stack()
    asked = cloudformation.detect_stack_drift(StackName=stack.id)["StackDriftDetectionId"]
    _wait(target, asked)
    found = _found(target, stack.id)
    for one in found:
        screen.drifted(one, rendered)
    told = f"{len(found)} resources are" if len(found) != 1 else "1 resource is"
    screen.note(f"{told} not as deployed." if found else f"{own.stack_name} is as deployed.")
    return len(found)


def _wait(target: Target, asked: str) -> None:
    """Until the detection has ended; what it could not look at is told, the rest counts."""
    cloudformation = target.aws.cloudformation
    for _ in range(POLLS):
        answer = patiently(
            lambda: cloudformation.describe_stack_drift_detection_status(
                StackDriftDetectionId=asked
            ),
            target.sleep,
        )
        if answer["DetectionStatus"] == "DETECTION_FAILED":
            reason = answer.get("DetectionStatusReason", "no reason given")
            screen.note(f"CloudFormation could not look at everything: {reason}")
        if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return
        target.sleep(POLL_SECONDS)
    raise UserError(
        "CloudFormation has been looking for drift for ten minutes.", mend="Run it again later."
    )


def _found(target: Target, stack_id: str) -> list[StackResourceDriftTypeDef]:
    found: list[StackResourceDriftTypeDef] = []
    page: dict[str, str] = {}
    while True:
        answer = target.aws.cloudformation.describe_stack_resource_drifts(
            StackName=stack_id,
            StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
            **page,  # type: ignore[arg-type]  # NextToken or nothing
        )
        found += answer["StackResourceDrifts"]
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}
