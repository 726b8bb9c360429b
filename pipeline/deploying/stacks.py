"""A stack as CloudFormation knows it: its state, the way out of each bad one, its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from pipeline.environment.fields import BaseSettings

Kind = Literal["CREATE", "UPDATE"]
REVIEW = "REVIEW_IN_PROGRESS"  # an empty stack, made by a change set that nobody executed
SETTLED = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})

_ANEW = ["nox: deploy --clean-up"]
_BACK = ["nox: rollback"]

# State -> what it means, and what leads out of it: a station of ours, or AWS's own commands.
_WAYS_OUT = {
    "ROLLBACK_COMPLETE": ("its creation failed, so it can only be deleted", _ANEW),
    "CREATE_FAILED": ("its creation failed and wasn't rolled back", _BACK),
    "ROLLBACK_FAILED": (
        "its creation failed, and something protected could not be deleted again",
        ["describe-stack-resources", *_ANEW],
    ),
    "DELETE_FAILED": (
        "it could not be deleted as a whole",
        ["describe-stack-events", "nox: destroy"],
    ),
    "UPDATE_FAILED": ("an update failed and wasn't rolled back", _BACK),
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed and couldn't be rolled back",
        ["describe-stack-events", *_BACK],
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "an import failed and couldn't be rolled back",
        ["describe-stack-events"],
    ),
    "REVIEW_IN_PROGRESS": (
        "a change set for it was made and never executed; the stack is empty",
        ["list-change-sets", *_ANEW],
    ),
}


@dataclass(frozen=True)
class Output:
    """One output of a stack."""

    key: str
    value: str
    description: str


@dataclass(frozen=True)
class Stack:
    """A stack that exists; `locked` is its termination protection."""

    id: str
    status: str
    reason: str = ""
    locked: bool = False
    outputs: tuple[Output, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def find(cloudformation: CloudFormationClient, name: str) -> Stack | None:
    """The stack of that name or ARN; None if there is none, or only a deleted one."""
    try:
        answer = cloudformation.describe_stacks(StackName=name)
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    described = answer["Stacks"][0]
    if described["StackStatus"] == "DELETE_COMPLETE":
        return None
    return Stack(
        id=described["StackId"],
        status=described["StackStatus"],
        reason=described.get("StackStatusReason", ""),
        locked=described.get("EnableTerminationProtection", False),
        outputs=tuple(
            Output(out["OutputKey"], out["OutputValue"], out.get("Description", ""))
            for out in sorted(described.get("Outputs", []), key=lambda out: out["OutputKey"])
        ),
        parameters={
            each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])
        },
        tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
    )


def kind(stack: Stack | None, settings: BaseSettings) -> Kind:
    """How a change set for it begins; a state that no deployment can start from is an error."""
    if stack is None:
        return "CREATE"
    if stack.status in SETTLED:
        return "UPDATE"
    raise Refused(
        f"the stack {settings.stack_name} is in state {stack.status}: {_meaning(stack)}.",
        mend=way_out(stack, settings),
    )


def way_out(stack: Stack, settings: BaseSettings) -> str:
    """The commands that lead out of a state, each with its region and profile."""
    if stack.status in _WAYS_OUT:
        names = _WAYS_OUT[stack.status][1]
        unlock = [f"{command('update-termination-protection', settings)} {_UNLOCK}"]
        locked = stack.locked and not stack.status.startswith("UPDATE")
        commands = (unlock if locked else []) + [_written(name, settings) for name in names]
        way = "The way out: " + ", then ".join(f"`{one}`" for one in commands) + "."
        return way + _around_protection(stack, settings)
    if stack.status.endswith("_IN_PROGRESS"):
        look = command("describe-stack-events", settings)
        return f"Wait until it has ended, then deploy. To look: `{look} --max-items 10`."
    return "Deploy again when the cause is mended."


def _around_protection(stack: Stack, settings: BaseSettings) -> str:
    """A stack whose deletion failed can't be deployed, so its file alone unprotects it."""
    if stack.status != "DELETE_FAILED" or not settings.protected:
        return ""
    again = station("deploy --import --revert-drift", settings)
    return (
        f" {settings.name} is protected: write `protected: false` into its file for that alone."
        " What the deployed template retains stays, with what it holds. Write `true` again then,"
        f" and `{again}` makes the stack around it."
    )


def command(name: str, settings: BaseSettings) -> str:
    """A command of the AWS command line for this stack, ready to be pasted."""
    profile = f" --profile {settings.aws.profile}" if settings.aws.profile else ""
    stack = f"--stack-name {settings.stack_name} --region {settings.aws.region}"
    return f"aws cloudformation {name} {stack}{profile}"


def _written(name: str, settings: BaseSettings) -> str:
    ours, _, words = name.partition(": ")
    return station(words, settings) if ours == "nox" else command(name, settings)


def station(name: str, settings: BaseSettings) -> str:
    """A command of this project for this environment, ready to be pasted."""
    name, *options = name.split()
    return " ".join(["nox", "-s", name, "--", settings.name, *options])


def lock(cloudformation: CloudFormationClient, stack: Stack, *, locked: bool) -> bool:
    """Turn the stack's termination protection on or off; True if that changed it."""
    if stack.locked == locked:
        return False
    cloudformation.update_termination_protection(
        StackName=stack.id, EnableTerminationProtection=locked
    )
    return True


def existing(stack: Stack | None, settings: BaseSettings) -> Stack:
    """A stack that must be there, for a station that only reads."""
    if stack is None:
        raise UserError(
            f"there is no stack {settings.stack_name} in {settings.aws.region}.",
            mend=f"Deploy it: python -m pipeline deploy {settings.name}",
        )
    return stack


_UNLOCK = "--no-enable-termination-protection"


def _meaning(stack: Stack) -> str:
    if stack.status in _WAYS_OUT:
        return _WAYS_OUT[stack.status][0]
    if stack.status.endswith("_CLEANUP_IN_PROGRESS"):
        return "AWS is still deleting what the last change replaced"
    if stack.status.endswith("_IN_PROGRESS"):
        return "somebody's change to it is running"
    return "this pipeline does not know that state"
