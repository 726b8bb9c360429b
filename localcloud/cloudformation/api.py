"""CloudFormation's query API, in the place of moto's own."""

from __future__ import annotations

from localcloud.cloudformation.change_set_actions import ChangeSetActions
from localcloud.cloudformation.drift_actions import DriftActions
from localcloud.cloudformation.stack_actions import StackActions
from localcloud.cloudformation.template_actions import TemplateActions


class CloudFormation(StackActions, TemplateActions, ChangeSetActions, DriftActions):
    """One request; each method is the action of that name."""
