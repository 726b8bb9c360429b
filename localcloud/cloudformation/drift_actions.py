"""The actions on drift: look for it, and show what was found."""

from __future__ import annotations

from moto.core.responses import ActionResult

from localcloud.cloudformation import drift
from localcloud.cloudformation.errors import ValidationError
from localcloud.cloudformation.query import Query


class DriftActions(Query):
    """Each method is the action of that name."""

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
