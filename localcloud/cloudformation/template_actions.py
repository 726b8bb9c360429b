"""The actions on templates: show one, say what is in it, check it."""

from __future__ import annotations

import json

from moto.core.responses import ActionResult

from localcloud.cloudformation import answers, template
from localcloud.cloudformation.query import Query


class TemplateActions(Query):
    """Each method is the action of that name."""

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
