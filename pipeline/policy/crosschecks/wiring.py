"""Checks of references: each leads to the type that its property needs, and no helper is idle."""

from __future__ import annotations

from typing import Any

from pipeline.policy.crosschecks.checking import LOG_GROUP, Check, Problem, Subject
from pipeline.policy.referable import fits, may_refer_to
from pipeline.policy.references import at, of_type, prop, references, referred, resources

# These do nothing by themselves: one that nobody refers to guards nothing.
_HELPERS = (
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::WAFv2::WebACL",
)


def references_fit_their_property(subject: Subject) -> list[Problem] | None:
    """A web ACL, a role, a log group, a queue is what its property needs, not something else.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
    """
    judged = [
        (("Resources", name, *pointer), types, referred(value))
        for name, resource in resources(subject.template).items()
        for pointer, value in references(resource.get("Properties"), ("Properties",))
        if (types := may_refer_to(str(resource.get("Type")), pointer))
    ]
    if not judged:
        return None
    return [
        Problem(
            pointer,
            names,
            f"It refers to nothing of the type {' or '.join(sorted(types))}.",
            "refer to the resource that is meant.",
        )
        for pointer, types, names in judged
        if not fits(subject.template, names, types)
    ]


def helpers_are_used(subject: Subject) -> list[Problem] | None:
    """A web ACL, a key, a role that nothing refers to looks like protection and is none.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
    """
    helpers = of_type(subject.template, *_HELPERS)
    if not helpers:
        return None
    used = {
        name
        for other, user in [*resources(subject.template).items(), ("", _outputs(subject.template))]
        for name in referred(user)
        if name != other
    }
    return [
        Problem(
            ("Resources", name),
            helper["Type"],
            "Nothing refers to it, so it guards nothing.",
            "refer to it where it belongs, or remove it.",
        )
        for name, helper in helpers.items()
        if name not in used and not _is_used_elsewhere(helper)
    ]


def _outputs(template: dict[str, Any]) -> dict[str, Any]:
    """An output counts as a use."""
    outputs = template.get("Outputs")
    return outputs if isinstance(outputs, dict) else {}


def _is_used_elsewhere(helper: dict[str, Any]) -> bool:
    """Whoever writes to a log group knows its name; a role that trusts no service, others take.

    Lambda writes to /aws/lambda/<function>, an agent to the group of its configuration; people and
    pipelines take a role by its ARN.
    """
    if helper["Type"] == LOG_GROUP:
        return prop(helper, "LogGroupName") is not None
    path = ("Properties", "AssumeRolePolicyDocument", "Statement", "Principal")
    callers = [caller for _, caller in at(helper, *path)]
    return bool(callers) and all(isinstance(one, dict) and "Service" not in one for one in callers)


CHECKS: tuple[Check, ...] = (references_fit_their_property, helpers_are_used)
