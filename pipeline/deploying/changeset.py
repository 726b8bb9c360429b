"""A change set: asked for, read, judged. What it would do is known before anything is done."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from pipeline import redaction
from pipeline.connecting.clients import patiently
from pipeline.deploying.stacks import REVIEW, find
from pipeline.errors import UserError
from pipeline.findings import Pointer

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        OperationEventTypeDef,
        ResourceChangeDetailTypeDef,
    )

    from pipeline.deploying.alarm_watch import Watch
    from pipeline.deploying.stacks import Kind

Purpose = Literal["plan", "deploy"]
# The ways in which CloudFormation says that there is nothing to do.
NOTHING = ("didn't contain changes", "No updates are to be performed")
WAIT_SECONDS = (0.2, 0.5, 1, 2)  # then every 3 s
WAITS = 200  # ten minutes
ABSENT = 20  # a minute: one that isn't visible for so long was deleted
_UNSEEN = "unseen"
_NOT_FOUND = {"ChangeSetNotFound", "ChangeSetNotFoundException"}
_OVERTAKEN = {"InvalidChangeSetStatus", "InvalidChangeSetStatusException"}
LONGEST_VALUE = 40
_KNOWN = {"{{changeSet:KNOWN_AFTER_APPLY}}": "(known when it is there)"}
_REASONS = {
    "WRITE_ONLY_PROPERTY": "no service tells it",
    "MANAGED_BY_AWS": "AWS changes it by itself",
    "SENSITIVE_PROPERTY": "it is secret",
}

IAM_NAMES = ("RoleName", "GroupName", "UserName", "InstanceProfileName", "ManagedPolicyName")


@dataclass(frozen=True)
class Cause:
    """One property that makes CloudFormation touch a resource.

    `drift`: what was deployed there and what is really there, where these differ.
    """

    path: tuple[str, ...]
    replaces: str
    """Never, Conditionally or Always."""
    before: str = ""
    after: str = ""
    drift: Drift | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """Before and after, or in the template, deployed and really; none that may be a secret."""
        pointer = ("Resources", "", "Properties", *self.path)
        if self.drift is not None:
            return redaction.change((self.after, self.drift.deployed, self.drift.actual), pointer)
        return redaction.change((self.before, self.after), pointer)

    def __str__(self) -> str:
        name = ".".join(self.path)
        if not (self.before or self.after or self.drift):
            return name
        if self.drift is not None:
            texts = [text or "nothing" for text in beside(self.values)]
            places = ("in the template", "deployed", "really")
            told = ", ".join(map(" ".join, zip(places, texts, strict=False)))
            return f"{name}: {told or 'otherwise than deployed, ' + redaction.HIDDEN}"
        return f"{name} {' → '.join(beside(self.values))}".rstrip()


@dataclass(frozen=True)
class Drift:
    """A property that was changed by other means: as it was deployed, and as it really is."""

    deployed: str = ""
    actual: str = ""


@dataclass(frozen=True)
class Change:
    """What would happen to one resource; `replacement` is True, False, Conditional or empty.

    `drift` is what CloudFormation saw of it (IN_SYNC, MODIFIED, DELETED, UNKNOWN, UNSUPPORTED),
    empty where it didn't look; `unseen` are the properties that it couldn't compare, with reasons.
    `generated`: what it holds was made by CloudFormation, as the template asks.
    """

    action: str
    logical_id: str
    type: str
    replacement: str
    causes: tuple[Cause, ...] = ()
    drift: str = ""
    unseen: tuple[str, ...] = ()
    generated: bool = False

    @property
    def pointers(self) -> list[Pointer]:
        """The places in the template that cause it: properties where they are known."""
        resource: Pointer = ("Resources", self.logical_id)
        return [(*resource, "Properties", *cause.path) for cause in self.causes] or [resource]


@dataclass(frozen=True)
class Doubt:
    """A warning of CloudFormation's validation; `logical_id` where it names a resource."""

    logical_id: str
    reason: str


@dataclass(frozen=True)
class Request:
    """Everything that a change set is made from. `template` is TemplateBody or TemplateURL.

    `purpose` begins the change set's name, by which IAM tells a plan from a deployment. `adopts`:
    resources that exist under their names are imported. `reverts`: what was changed by other means
    is looked at, and brought to the template.
    """

    stack_name: str
    kind: Kind
    purpose: Purpose
    template: dict[str, str]
    parameters: dict[str, str]
    tags: dict[str, str]
    capabilities: tuple[str, ...]
    watch: Watch
    role: str | None = None
    adopts: bool = False
    reverts: bool = False


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation works on, of a name of its own that makes repeats harmless.

    It is always spoken of by its name: that is what the condition cloudformation:ChangeSetName of
    an IAM policy compares.
    """

    name: str
    stack_id: str


def create(cloudformation: CloudFormationClient, request: Request) -> ChangeSet | None:
    """Ask for a change set; None if CloudFormation says at once that there is nothing to change.

    Every parameter has its value: none is taken from the last time.
    """
    name = f"{request.purpose}-{uuid.uuid4().hex}"
    parameters, tags = request.parameters.items(), sorted(request.tags.items())
    mode: dict[str, Any] = {"DeploymentMode": "REVERT_DRIFT"} if request.reverts else {}
    if request.role:
        mode["RoleARN"] = request.role
    try:
        answer = cloudformation.create_change_set(
            StackName=request.stack_name,
            ChangeSetName=name,
            ChangeSetType=request.kind,
            ClientToken=name,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters
            ],
            Tags=[{"Key": key, "Value": value} for key, value in tags],
            ImportExistingResources=request.adopts,
            RollbackConfiguration=request.watch.configuration(),  # type: ignore[arg-type]
            Capabilities=list(request.capabilities),  # type: ignore[arg-type]  # names, no literals
            **mode,
            **request.template,  # type: ignore[arg-type]  # TemplateBody or TemplateURL
        )
    except cloudformation.exceptions.ClientError as error:
        if is_nothing(error.response["Error"]["Message"]):
            return None
        raise
    return ChangeSet(name, answer["StackId"])


def changes(
    cloudformation: CloudFormationClient, change_set: ChangeSet, sleep: Callable[[float], None]
) -> list[Change] | None:
    """What it would do, when CloudFormation has worked it out; None if nothing has changed.

    An empty list is something to execute: outputs, tags or metadata alone aren't a resource.
    """
    status, reason = _settled(cloudformation, change_set, sleep)
    if status == "CREATE_COMPLETE":
        return _read(cloudformation, change_set, sleep)
    if is_nothing(reason):
        return None
    raise _rejected(reason, _events(cloudformation, change_set, failed=True))


def doubts(cloudformation: CloudFormationClient, change_set: ChangeSet) -> list[Doubt]:
    """What CloudFormation's validation doubts in a change set that it made all the same.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    return [
        Doubt(event.get("LogicalResourceId", ""), reason)
        for event in _events(cloudformation, change_set)
        if event.get("EventType") == "VALIDATION_ERROR"
        and (reason := event.get("ValidationStatusReason", ""))
    ]


def is_nothing(reason: str) -> bool:
    """Is a failed change set's reason that there is nothing to change?"""
    return any(words in reason for words in NOTHING)


def execute(cloudformation: CloudFormationClient, change_set: ChangeSet) -> None:
    """Let it begin. What fails is rolled back."""
    try:
        cloudformation.execute_change_set(
            StackName=change_set.stack_id,
            ChangeSetName=change_set.name,
            ClientRequestToken=change_set.name,
            DisableRollback=False,
        )
    except cloudformation.exceptions.ClientError as error:
        if _is_gone(error) or error.response["Error"]["Code"] in _OVERTAKEN:
            raise _overtaken(change_set) from None
        raise


def discard(cloudformation: CloudFormationClient, change_set: ChangeSet) -> None:
    """Take a change set back; one that is gone already is as it should be."""
    try:
        cloudformation.delete_change_set(
            StackName=change_set.stack_id, ChangeSetName=change_set.name
        )
    except cloudformation.exceptions.ClientError as error:
        if not _is_gone(error):
            raise


def _is_gone(error: ClientError) -> bool:
    """CloudFormation deletes all change sets of a stack once one of them is executed."""
    told = error.response["Error"]
    return told["Code"] in _NOT_FOUND or "does not exist" in told["Message"]


def _overtaken(change_set: ChangeSet) -> UserError:
    stack = change_set.stack_id.split("/")[1]
    return UserError(
        f"the stack {stack} was changed or deleted by somebody else: the change set is no longer"
        " what it was.",
        mend="Nothing of this deployment was executed. Look at what the other one does, wait until"
        " it has ended, and run it again.",
    )


def discard_empty_stack(cloudformation: CloudFormationClient, change_set: ChangeSet) -> None:
    """Take the empty stack back that a change set for a new stack leaves behind."""
    stack = find(cloudformation, change_set.stack_id)
    if stack is not None and stack.status == REVIEW:
        cloudformation.delete_stack(StackName=stack.id)


def capabilities(template: dict[str, Any]) -> tuple[str, ...]:
    """What CloudFormation must be told that the template may do."""
    iam = [
        resource.get("Properties", {})
        for resource in template["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
    ]
    if any(name in properties for properties in iam for name in IAM_NAMES):
        return ("CAPABILITY_NAMED_IAM",)
    return ("CAPABILITY_IAM",) if iam else ()


def _settled(
    cloudformation: CloudFormationClient, change_set: ChangeSet, sleep: Callable[[float], None]
) -> tuple[str, str]:
    absent = 0
    for turn in range(WAITS):
        answer = patiently(partial(_described, cloudformation, change_set), sleep)
        absent = absent + 1 if answer["Status"] == _UNSEEN else 0
        if absent > ABSENT:
            raise _overtaken(change_set)
        if answer["Status"] in {"CREATE_COMPLETE", "FAILED"}:
            return answer["Status"], answer.get("StatusReason", "")
        sleep(WAIT_SECONDS[turn] if turn < len(WAIT_SECONDS) else 3)
    raise UserError(
        f"CloudFormation has been working on the change set for ten minutes: {change_set.name}",
        mend="See https://health.aws.amazon.com/health/status, and run it again.",
    )


def _described(cloudformation: CloudFormationClient, change_set: ChangeSet) -> Any:
    """What is known of it; one that isn't visible yet is one that is still being made."""
    try:
        return cloudformation.describe_change_set(
            StackName=change_set.stack_id, ChangeSetName=change_set.name
        )
    except cloudformation.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return {"Status": _UNSEEN}
        raise


def _read(
    cloudformation: CloudFormationClient, change_set: ChangeSet, sleep: Callable[[float], None]
) -> list[Change]:
    changes: list[Change] = []
    page: dict[str, str] = {}
    while True:
        ask = partial(
            cloudformation.describe_change_set,
            StackName=change_set.stack_id,
            ChangeSetName=change_set.name,
            IncludePropertyValues=True,
            **page,
        )
        answer = patiently(ask, sleep)
        changes += [_change(one) for one in answer.get("Changes", []) if "ResourceChange" in one]
        if not answer.get("NextToken"):
            return changes
        page = {"NextToken": answer["NextToken"]}


def _change(described: ChangeTypeDef) -> Change:
    resource = described["ResourceChange"]
    return Change(
        action=resource["Action"],
        logical_id=resource["LogicalResourceId"],
        type=resource["ResourceType"],
        replacement=resource.get("Replacement", ""),
        causes=_causes(resource.get("Details") or []),
        drift=resource.get("ResourceDriftStatus", ""),
        unseen=tuple(map(_unseen, resource.get("ResourceDriftIgnoredAttributes") or [])),
        generated="GenerateSecretString" in _properties(resource.get("BeforeContext", "")),
    )


def _properties(context: str) -> Mapping[str, Any]:
    """A resource's properties as they are deployed, as far as CloudFormation tells them."""
    try:
        properties = json.loads(context or "{}")["Properties"]
    except (ValueError, KeyError, TypeError):
        return {}
    return properties if isinstance(properties, dict) else {}


def _unseen(attribute: Any) -> str:
    """A property that CloudFormation leaves alone, and its reason in words."""
    path = attribute.get("Path", "").removeprefix("/Properties").strip("/").replace("/", ".")
    reason = attribute.get("Reason", "")
    return f"{path} ({_REASONS.get(reason, reason)})"


def _causes(details: Iterable[ResourceChangeDetailTypeDef]) -> tuple[Cause, ...]:
    """One cause for each property: of several, the one that says most of it."""
    weights = {"Always": 2, "Conditionally": 1}
    causes = sorted(
        map(_cause, details),
        key=lambda one: (one.path, weights.get(one.replaces, 0), one.before, one.after),
    )
    return tuple({one.path: one for one in causes}.values())


def _cause(detail: ResourceChangeDetailTypeDef) -> Cause:
    target = detail.get("Target", {})
    path = target.get("Path", "").removeprefix("/Properties").strip("/")
    name = path.replace("/", ".") or target.get("Name") or target.get("Attribute", "")
    return Cause(
        path=tuple(name.split(".")),
        replaces=target.get("RequiresRecreation", "Never"),
        before=target.get("BeforeValue", ""),
        after=target.get("AfterValue", ""),
        drift=_drift(target),
    )


def _drift(target: Any) -> Drift | None:
    drift = target.get("Drift")
    if not drift:
        return None
    return Drift(drift.get("PreviousValue", ""), drift.get("ActualValue", ""))


def _events(
    cloudformation: CloudFormationClient, change_set: ChangeSet, *, failed: bool = False
) -> list[OperationEventTypeDef]:
    """The steps to create it, or only those that failed; nothing where we may not ask."""
    events: list[OperationEventTypeDef] = []
    asked: dict[str, Any] = {"Filters": {"FailedEvents": True}} if failed else {}
    while True:
        try:
            answer = cloudformation.describe_events(
                StackName=change_set.stack_id, ChangeSetName=change_set.name, **asked
            )
        except cloudformation.exceptions.ClientError:
            return events
        events += answer.get("OperationEvents", [])
        if not answer.get("NextToken"):
            return events
        asked["NextToken"] = answer["NextToken"]


class Rejected(UserError):
    """A change set that CloudFormation could not make; `logical_id` where it names a resource."""

    logical_id = ""


def _rejected(reason: str, events: Sequence[OperationEventTypeDef]) -> Rejected:
    told = [
        f"{event.get('LogicalResourceId', '')}: "
        f"{event.get('ValidationStatusReason') or event.get('ResourceStatusReason', '')}"
        for event in events
    ]
    error = Rejected(
        f"CloudFormation does not accept the template: {'; '.join(told) or reason}",
        mend="Nothing was changed. Mend it, and run it again.",
    )
    error.logical_id = events[0].get("LogicalResourceId", "") if events else ""
    return error


def beside(values: Iterable[str]) -> list[str]:
    """Values on one line of a table, short, and cut so that the first difference is in sight."""
    lines = [_KNOWN.get(value) or " ".join(value.split()) for value in values]
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*lines, strict=False))
    same = len(list(columns)) if len(lines) > 1 else 0
    if max(map(len, lines), default=0) > LONGEST_VALUE and same > LONGEST_VALUE // 2:
        lines = ["…" + line[same - LONGEST_VALUE // 4 :] for line in lines]
    return [_cut(line) for line in lines]


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
