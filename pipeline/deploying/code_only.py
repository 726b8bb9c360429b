"""The functions' code by itself, without CloudFormation: seconds instead of a change set.

CloudFormation doesn't see it. So a deployment afterwards compares the code that the functions run,
and updates functions that a change set would take for unchanged.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.deploying import inventory, screen, stacks
from pipeline.errors import Refused, UserError
from pipeline.rendering import parameters

if TYPE_CHECKING:
    from pipeline.deploying.deployment import Deployment
    from pipeline.environment.settings import Loaded
    from pipeline.packaging.zips import Artifact

DEVELOPMENT = "development"
FUNCTION = "AWS::Lambda::Function"
POLLS = 60
POLL_SECONDS = 1


def check_tier(loaded: Loaded) -> None:
    """Refuse --code-only for anything but an unprotected development environment."""
    if loaded.settings.tier != DEVELOPMENT or loaded.settings.protected:
        raise Refused(
            f"--code-only is for unprotected development environments, and {loaded.name} isn't"
            " one.",
            where=str(loaded.place(("tier",))),
            mend="Leave out --code-only.",
        )


def update(deployment: Deployment) -> int:
    """Give each function the code that was built, where it runs another; how many that were."""
    number = 0
    for name, artifact in _running(deployment):
        if _hash_of(deployment, name) != _hash(artifact):
            _send(deployment, name, artifact)
            screen.note(f"{name} has new code ({len(artifact.data):,} bytes)")
            number += 1
    return number


def _running(deployment: Deployment) -> Iterator[tuple[str, Artifact]]:
    """Each function's name on AWS and its code."""
    template = deployment.rendered.value
    stack = deployment.target.existing_stack()
    by_name = {one.name: one for one in deployment.artifacts}
    code = parameters.bindings(template).code
    for resource in inventory.held(deployment.aws.cloudformation, stack.id):
        definition = template["Resources"].get(resource.logical_id, {})
        key = definition.get("Properties", {}).get("Code", {}).get("S3Key", {})
        artifact = by_name.get(code.get(key.get("Ref", ""), "")) if isinstance(key, dict) else None
        if resource.type == FUNCTION and artifact is not None:
            yield resource.physical_id, artifact


def _send(deployment: Deployment, name: str, artifact: Artifact) -> None:
    deployment.aws.functions.update_function_code(FunctionName=name, ZipFile=artifact.data)
    for _ in range(POLLS):
        answer = deployment.aws.functions.get_function_configuration(FunctionName=name)
        status = answer.get("LastUpdateStatus", "Successful")
        if status == "Successful":
            return
        if status == "Failed":
            raise UserError(
                f"Lambda can't use the new code of {name}:"
                f" {answer.get('LastUpdateStatusReason', 'no reason given')}",
                mend="The function still runs what it ran. Mend it, and run it again.",
            )
        deployment.target.sleep(POLL_SECONDS)
    raise UserError(
        f"Lambda has been working on the new code of {name} for a minute.", mend="Look again later."
    )


def _hash_of(deployment: Deployment, name: str) -> str:
    functions = deployment.aws.functions
    try:
        return functions.get_function_configuration(FunctionName=name)["CodeSha256"]
    except functions.exceptions.ResourceNotFoundException:
        again = stacks.station("deploy --revert-drift", deployment.settings)
        raise UserError(
            f"the function {name} is gone: somebody deleted it outside the deployer.",
            mend=f"`{again}` makes it anew.",
        ) from None


def _hash(artifact: Artifact) -> str:
    return base64.b64encode(hashlib.sha256(artifact.data).digest()).decode()
