"""CloudFormation's query API, in the place of moto's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from localcloud import keys
from localcloud.cloudformation import answers, changes, drift, drift_aware, parameters, template
from localcloud.cloudformation.changes import Wish
from localcloud.cloudformation.engine import Operation
from localcloud.cloudformation.errors import (
    AlreadyExists,
    InsufficientCapabilities,
    InvalidChangeSetStatus,
    ValidationError,
)
from localcloud.cloudformation.stacks import (
    STACKS,
    ChangeSet,
    Resource,
    Stack,
    Stacks,
)
from localcloud.keys import Endpoint
from localcloud.resources.base import Account

NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a"
    " change set."
)
UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}  # fmt: skip
STACK_OPTIONS = ("RoleARN", "TimeoutInMinutes", "RollbackConfiguration", "NotificationARNs")
PAGE = 100
LARGEST_BODY = 51_200


@lru_cache(maxsize=64)
def _account_at(endpoint: Endpoint, region: str, account_id: str) -> Account:
    return Account(endpoint=endpoint, region=region, id=account_id)


class CloudFormation(BaseResponse):
    """One request; each method is the action of that name."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    # ---- what a request is about

    @property
    def _stacks(self) -> Stacks:
        return STACKS[self.current_account][self.region]

    @property
    def _account(self) -> Account:
        where = urlsplit(self.uri)
        signer = keys.find(self.access_key)
        if signer is None:
            raise RuntimeError("a request without the keys of this run came through the gate")
        endpoint = Endpoint(f"{where.scheme}://{where.netloc}", signer)
        return _account_at(endpoint, self.region, self.current_account)

    def _stack(self) -> Stack:
        return self._stacks.find(str(self._get_param("StackName") or ""))

    def _operation(self, stack: Stack) -> Operation:
        return Operation(self._account, self._stacks, stack)

    def _tags(self, default: dict[str, str]) -> dict[str, str]:
        given = self._get_param("Tags")
        return default if given is None else {tag["Key"]: tag["Value"] for tag in given}

    def _template_text(self, stack: Stack | None) -> str:
        body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
        if body and url:
            raise ValidationError("Specify TemplateBody or TemplateURL, not both")
        if url:
            return self._from_bucket(url)
        if body:
            if len(body.encode()) > LARGEST_BODY:
                raise ValidationError(
                    "1 validation error detected: Value at 'templateBody' failed to satisfy"
                    f" constraint: Member must have length less than or equal to {LARGEST_BODY}"
                )
            return str(body)
        if stack is not None and self._get_bool_param("UsePreviousTemplate"):
            return stack.template_text
        raise ValidationError("Either Template URL or Template Body must be specified.")

    def _from_bucket(self, url: str) -> str:
        """A template in a bucket, by path style or virtual host, on AWS's name or this one."""
        where = urlsplit(url)
        first = where.netloc.split(".")[0]
        path = where.path.lstrip("/")
        virtual = where.netloc.endswith(("amazonaws.com", "amazonaws.com.cn"))
        if virtual and not first.startswith("s3"):
            bucket, key = first, path
        else:
            bucket, _, key = path.partition("/")
        try:
            answer = self._account.client("s3").get_object(Bucket=bucket, Key=key)
        except Exception as error:
            raise ValidationError(f"S3 error: {error}") from error
        return str(answer["Body"].read().decode())

    def _wish(self, stack: Stack | None) -> tuple[str, Wish]:
        text = self._template_text(stack)
        wanted = template.load(text)
        template.check(wanted)
        self._check_capabilities(wanted)
        before = stack.parameters if stack else {}
        given: dict[str, str | None] = {
            parameter["ParameterKey"]: before.get(parameter["ParameterKey"])
            if parameter.get("UsePreviousValue")
            else parameter.get("ParameterValue")
            for parameter in self._get_param("Parameters") or []
        }
        if unknown := sorted(key for key, value in given.items() if value is None):
            raise ValidationError(f"Parameters: [{', '.join(unknown)}] must have values")
        texts = {key: str(value) for key, value in given.items()}
        chosen = parameters.values(wanted.get("Parameters", {}), texts)
        return text, Wish(wanted, chosen, self._tags(stack.tags if stack else {}))

    def _check_capabilities(self, wanted: template.Template) -> None:
        given = set(self._get_param("Capabilities") or [])
        for needed in template.capabilities(wanted):
            enough = {needed, "CAPABILITY_NAMED_IAM"}
            if not given & enough:
                raise InsufficientCapabilities(f"Requires capabilities : [{needed}]")

    def _options(self) -> dict[str, Any]:
        options = {name: self._get_param(name) for name in STACK_OPTIONS}
        return options | {"NotificationARNs": self._get_param("NotificationARNs") or []}

    # ---- stacks

    def create_stack(self) -> ActionResult:
        """Make a stack at once."""
        name = self._get_param("StackName")
        if any(stack.name == name for stack in self._stacks.living()):
            raise AlreadyExists(f"Stack [{name}] already exists")
        text, wish = self._wish(None)
        stack = self._stacks.new(name)
        self._remember(stack, text)
        stack.protected = bool(self._get_param("EnableTerminationProtection"))
        stack.policy = self._get_param("StackPolicyBody") or ""
        stack.turn("CREATE_IN_PROGRESS", "User Initiated")
        self._operation(stack).create(wish, on_failure=self._on_failure())
        return ActionResult({"StackId": stack.id})

    def _on_failure(self) -> str:
        if self._get_bool_param("DisableRollback"):
            return "DO_NOTHING"
        return str(self._get_param("OnFailure") or "ROLLBACK")

    def _remember(self, stack: Stack, text: str) -> None:
        stack.template_text = text
        stack.options = self._options()
        stack.capabilities = self._get_param("Capabilities") or []

    def update_stack(self) -> ActionResult:
        """Change a stack at once."""
        stack = self._stack()
        _check_updatable(stack)
        text, wish = self._wish(stack)
        if changes.plan(self._account, stack, wish, self._stacks.exports()).empty:
            raise ValidationError("No updates are to be performed.")
        before = stack.template_text
        self._operation(stack).update(wish)
        stack.template_text = text if stack.status == "UPDATE_COMPLETE" else before
        return ActionResult({"StackId": stack.id})

    def delete_stack(self) -> ActionResult:
        """Delete a stack; one that isn't there isn't an error, as on AWS."""
        try:
            stack = self._stack()
        except ValidationError:
            return EmptyResult()
        if stack.protected:
            raise ValidationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        retained = self._get_param("RetainResources") or []
        if retained and stack.status != "DELETE_FAILED":
            raise ValidationError(
                f"Stack [{stack.name}] is in state {stack.status}; RetainResources may be given"
                " only in DELETE_FAILED."
            )
        if stack.deleted is None:
            self._operation(stack).delete(retained)
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        """Switch the protection that DeleteStack honours."""
        stack = self._stack()
        stack.protected = bool(self._get_bool_param("EnableTerminationProtection"))
        return ActionResult({"StackId": stack.id})

    def describe_stacks(self) -> ActionResult:
        """One stack, or all that live."""
        name = self._get_param("StackName")
        stacks = [self._stacks.find(name)] if name else list(self._stacks.living())
        return self._paged("Stacks", stacks, answers.of_stack)

    def list_stacks(self) -> ActionResult:
        """Every stack, deleted ones too."""
        wanted = self._get_param("StackStatusFilter") or []
        stacks = [one for one in self._stacks.held if not wanted or one.status in wanted]
        return self._paged("StackSummaries", stacks, answers.summary)

    def describe_stack_events(self) -> ActionResult:
        """The history, newest first."""
        stack = self._stack()
        return self._paged(
            "StackEvents",
            list(reversed(stack.events)),
            lambda event: answers.of_event(stack, event),
        )

    def describe_stack_resources(self) -> ActionResult:
        """The resources, or the one of a logical id."""
        stack = self._stack()
        wanted = self._get_param("LogicalResourceId")
        resources = [one for one in stack.resources.values() if wanted in (None, one.logical_id)]
        return ActionResult(
            {"StackResources": [answers.of_resource(stack, one) for one in resources]}
        )

    def describe_stack_resource(self) -> ActionResult:
        """One resource."""
        stack = self._stack()
        wanted = self._get_param("LogicalResourceId")
        if wanted not in stack.resources:
            raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")
        detail = answers.of_resource(stack, stack.resources[wanted])
        detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
        return ActionResult({"StackResourceDetail": detail})

    def list_stack_resources(self) -> ActionResult:
        """The resources, in pages."""
        stack = self._stack()

        def show(resource: Resource) -> dict[str, Any]:
            summary = answers.of_resource(stack, resource)
            summary["LastUpdatedTimestamp"] = summary.pop("Timestamp")
            return summary

        return self._paged("StackResourceSummaries", list(stack.resources.values()), show)

    def get_template(self) -> ActionResult:
        """The text as it was sent."""
        name = self._get_param("ChangeSetName")
        if name:
            _, change_set = self._stacks.change_set(self._get_param("StackName"), name)
            text = change_set.template_text
        else:
            text = self._stack().template_text
        return ActionResult({"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        """Parameters, types and capabilities of a template."""
        stack = self._stack() if self._get_param("StackName") else None
        text = stack.template_text if stack else self._template_text(None)
        wanted = template.load(text)
        return ActionResult(
            {
                "Description": wanted.get("Description"),
                "Parameters": answers.declared(wanted),
                "ResourceTypes": sorted({one["Type"] for one in wanted["Resources"].values()}),
                "Capabilities": template.capabilities(wanted),
                "Metadata": json.dumps(wanted["Metadata"]) if "Metadata" in wanted else None,
            }
        )

    def validate_template(self) -> ActionResult:
        """What is wrong with a template, or its parameters."""
        wanted = template.load(self._template_text(None))
        template.check(wanted)
        keys = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
        declared = [{key: one.get(key) for key in keys} for one in answers.declared(wanted)]
        return ActionResult(
            {
                "Parameters": declared,
                "Description": wanted.get("Description"),
                "Capabilities": template.capabilities(wanted),
            }
        )

    def list_exports(self) -> ActionResult:
        """Every export of the region."""
        exports = [
            {"ExportingStackId": stack.id, "Name": name, "Value": value}
            for stack in self._stacks.living()
            for name, value in stack.exports.items()
        ]
        return self._paged("Exports", exports, lambda one: one)

    def get_stack_policy(self) -> ActionResult:
        """The policy as it was set; this endpoint doesn't enforce it."""
        return ActionResult({"StackPolicyBody": self._stack().policy or None})

    def set_stack_policy(self) -> ActionResult:
        """Keep a policy; this endpoint doesn't enforce it."""
        self._stack().policy = self._get_param("StackPolicyBody") or ""
        return EmptyResult()

    # ---- change sets

    def create_change_set(self) -> ActionResult:
        """Describe a change; the stack itself isn't touched."""
        kind = self._get_param("ChangeSetType") or "UPDATE"
        stack = self._for_change_set(kind)
        previous = stack if kind == "UPDATE" else None
        text, wish = self._wish(previous)
        if stack is None:
            stack = self._stacks.new(self._get_param("StackName"))
            stack.turn("REVIEW_IN_PROGRESS", "User Initiated")
        name = self._get_param("ChangeSetName")
        if any(one.name == name for one in stack.change_sets):
            raise AlreadyExists(f"ChangeSet {name} already exists")
        change_set = ChangeSet(
            name=name,
            id=self._stacks.change_set_id(name),
            kind=kind,
            template_text=text,
            template=wish.template,
            parameters=wish.parameters,
            tags=wish.tags,
            capabilities=self._get_param("Capabilities") or [],
            options=self._options()
            | {
                "Description": self._get_param("Description"),
                "OnStackFailure": self._get_param("OnStackFailure"),
                "ImportExistingResources": bool(self._get_bool_param("ImportExistingResources")),
                "DeploymentMode": self._deployment_mode(kind),
            },
        )
        self._plan(stack, change_set, wish)
        stack.change_sets.append(change_set)
        return ActionResult({"Id": change_set.id, "StackId": stack.id})

    def _deployment_mode(self, kind: str) -> str | None:
        mode: str | None = self._get_param("DeploymentMode")
        if mode and kind != "UPDATE":
            raise ValidationError(f"DeploymentMode {mode} is for change sets of type UPDATE")
        return mode

    def _for_change_set(self, kind: str) -> Stack | None:
        """The stack that is to change; none when it is to be made."""
        name = self._get_param("StackName")
        there = [stack for stack in self._stacks.living() if name in (stack.name, stack.id)]
        if kind == "CREATE":
            if there and there[0].status != "REVIEW_IN_PROGRESS":
                raise ValidationError(
                    f"Stack [{name}] already exists and cannot be created again with the"
                    f" changeSet [{self._get_param('ChangeSetName')}]."
                )
            return there[0] if there else None
        if kind != "UPDATE":
            raise ValidationError(f"This endpoint doesn't support change sets of type {kind}")
        if not there:
            raise ValidationError(f"Stack [{name}] does not exist")
        _check_updatable(there[0])
        return there[0]

    def _plan(self, stack: Stack, change_set: ChangeSet, wish: Wish) -> None:
        try:
            reverting = change_set.options["DeploymentMode"] == drift_aware.MODE
            plan = drift_aware.plan if reverting else changes.plan
            planned = plan(self._account, stack, wish, self._stacks.exports())
            change_set.drift = planned.drift
            if change_set.options["ImportExistingResources"]:
                changes.importable(self._account, planned)
        except ValidationError as error:
            _fail(change_set, str(error.message))
            return
        change_set.changes = planned.changes
        if planned.empty:
            _fail(change_set, NOTHING)

    def describe_change_set(self) -> ActionResult:
        """The changes of a change set."""
        stack, change_set = self._change_set()
        asked = self._get_bool_param("IncludePropertyValues")
        shown = change_set.changes if asked else answers.without_values(change_set.changes)
        more = answers.of_change_set(stack, change_set)
        return self._paged("Changes", shown, lambda one: one, more=more)

    def _change_set(self) -> tuple[Stack, ChangeSet]:
        name = str(self._get_param("ChangeSetName"))
        return self._stacks.change_set(self._get_param("StackName"), name)

    def list_change_sets(self) -> ActionResult:
        """The change sets of a stack."""
        stack = self._stack()
        keep = {
            "StackId", "StackName", "ChangeSetId", "ChangeSetName", "ExecutionStatus", "Status",
            "StatusReason", "CreationTime", "Description",
        }  # fmt: skip
        summaries = [
            {
                key: value
                for key, value in answers.of_change_set(stack, change_set).items()
                if key in keep
            }
            for change_set in stack.change_sets
        ]
        return self._paged("Summaries", summaries, lambda one: one)

    def delete_change_set(self) -> ActionResult:
        """Forget a change set."""
        stack, change_set = self._change_set()
        stack.change_sets.remove(change_set)
        return EmptyResult()

    def execute_change_set(self) -> ActionResult:
        """Do what a change set says; all others of the stack are void then."""
        stack, change_set = self._change_set()
        if change_set.execution != "AVAILABLE":
            raise InvalidChangeSetStatus(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of"
                f" [{change_set.status}]"
            )
        stack.change_sets = [change_set]
        change_set.execution = "EXECUTE_IN_PROGRESS"
        stack.executed = change_set.id
        stack.options = {name: change_set.options[name] for name in STACK_OPTIONS}
        stack.capabilities = change_set.capabilities
        wish = Wish(change_set.template, change_set.parameters, change_set.tags)
        self._execute(stack, change_set, wish)
        failed = "ROLLBACK" in stack.status or stack.status.endswith("_FAILED")
        change_set.execution = "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"
        return EmptyResult()

    def _execute(self, stack: Stack, change_set: ChangeSet, wish: Wish) -> None:
        before = stack.template_text
        stack.template_text = change_set.template_text
        if change_set.kind == "CREATE":
            stack.turn("CREATE_IN_PROGRESS", "User Initiated")
            on_failure = self._on_failure()
            on_failure = change_set.options["OnStackFailure"] or on_failure
            adopt = change_set.options["ImportExistingResources"]
            self._operation(stack).create(wish, on_failure=on_failure, adopt=adopt)
            return
        self._operation(stack).update(
            wish,
            triggers=_triggers(change_set.options),
            reverting=change_set.options["DeploymentMode"] == drift_aware.MODE,
        )
        if stack.status != "UPDATE_COMPLETE":
            stack.template_text = before

    # ---- drift

    def detect_stack_drift(self) -> ActionResult:
        """Look at a stack's resources; here it is done when the answer comes."""
        detection = drift.detect(
            self._account, self._stack(), self._get_param("LogicalResourceIds")
        )
        self._stacks.detections[detection["StackDriftDetectionId"]] = detection
        return ActionResult({"StackDriftDetectionId": detection["StackDriftDetectionId"]})

    def describe_stack_drift_detection_status(self) -> ActionResult:
        """How a detection went."""
        asked = self._get_param("StackDriftDetectionId")
        detection = self._stacks.detections.get(asked)
        if detection is None:
            raise ValidationError(f"Drift detection with id {asked} does not exist")
        return ActionResult(detection)

    def describe_stack_resource_drifts(self) -> ActionResult:
        """What was found of each resource that could be compared."""
        resources = self._stack().resources.values()
        wanted = self._get_param("StackResourceDriftStatusFilters") or []
        drifts = [one.drift for one in resources if one.drift]
        kept = [one for one in drifts if not wanted or one[drift.STATUS] in wanted]
        return self._paged("StackResourceDrifts", kept, lambda one: one)

    def detect_stack_resource_drift(self) -> ActionResult:
        """Look at one resource, and say at once what was found."""
        stack, name = self._stack(), self._get_param("LogicalResourceId")
        drift.detect(self._account, stack, [name])
        drifted = stack.resources[name].drift
        if not drifted:
            kind = stack.resources[name].type
            raise ValidationError(f"Resource type {kind} is not supported for drift detection")
        return ActionResult({"StackResourceDrift": drifted})

    # ---- pages

    def _paged(
        self,
        key: str,
        items: list[Any],
        show: Callable[[Any], dict[str, Any]],
        *,
        more: dict[str, Any] | None = None,
    ) -> ActionResult:
        start = int(self._get_param("NextToken") or 0)
        page = [show(one) for one in items[start : start + PAGE]]
        end = start + PAGE
        token = {"NextToken": str(end)} if end < len(items) else {}
        return ActionResult({**(more or {}), key: page, **token})


def _triggers(options: dict[str, Any]) -> list[str]:
    """The ARNs of the alarms that take an update back."""
    configuration = options["RollbackConfiguration"] or {}
    return [one["Arn"] for one in configuration.get("RollbackTriggers", [])]


def _check_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise ValidationError(
            f"Stack:{stack.id} is in {stack.status} state and can not be updated."
        )


def _fail(change_set: ChangeSet, reason: str) -> None:
    change_set.status, change_set.reason = "FAILED", reason
    change_set.execution = "UNAVAILABLE"
