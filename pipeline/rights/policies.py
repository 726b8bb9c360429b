"""IAM policies for planning, deploying or destroying an environment, ready to use.

A statement is a set of actions on the same ARNs under the same conditions. Names of actions are
compared with AWS's own list; what AWS can't limit to a resource is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.errors import UserError
from pipeline.iam import service_reference
from pipeline.rights import permissions, resource_rights
from pipeline.rights.places import ANY, Places

Purpose = Literal["plan", "deploy", "restore", "destroy"]
PURPOSES: tuple[Purpose, ...] = ("plan", "deploy", "restore", "destroy")
# Characters of a managed policy, white space not counted: IAM user guide, "IAM and AWS STS quotas".
LARGEST = 6144
SPARE = 200  # for the document around the statements
# In AWS's models, and not yet in its list of actions.
NEWER = frozenset({"cloudformation:DescribeEvents"})

Conditions = Mapping[str, Mapping[str, Any]]
NO_CONDITION: Conditions = {}


@dataclass(frozen=True)
class Grant:
    """One action on some ARNs, under some conditions. `why`: the stations or types that need it."""

    action: str
    resources: tuple[str, ...]
    condition: str = "{}"
    why: str = ""


@dataclass(frozen=True)
class Policy:
    """One managed policy: its name and its document."""

    name: str
    document: dict[str, Any]

    @property
    def size(self) -> int:
        """Characters as IAM counts them."""
        return _size(self.document)


def grants(places: Places, purpose: Purpose) -> list[Grant]:
    """All rights that a purpose needs, each action with its resources and conditions.

    A restoration reads and writes every item, so it isn't part of deploying; it needs that as well.
    """
    wanted = [one for station in _stations(purpose) for one in of_station(places, station)]
    own = places.rendered.settings
    if purpose in {"deploy", "destroy"}:
        role = own.aws.service_role_arn
        wanted += _of_role(role) if role else of_template(places, purpose)
    return wanted


def _stations(purpose: Purpose) -> tuple[str, ...]:
    """The stations that a purpose needs; whoever deploys runs all that has no other."""
    alone: dict[Purpose, tuple[str, ...]] = {
        "plan": ("plan",),
        "restore": ("restore",),
        "destroy": ("destroy", "outputs"),
    }
    others = tuple(one for one in permissions.STATIONS if one not in {"restore", "destroy"})
    return alone.get(purpose, others)


def of_station(places: Places, station: str) -> Iterator[Grant]:
    """What a station calls itself."""
    for action in permissions.STATIONS[station]:
        for word in permissions.where(station, action):
            arns = places.of_stack(word)
            if arns:
                grant = _grant(places, action, arns, station)
                named = station == "plan" and action in _OF_CHANGE_SETS
                yield replace(grant, condition=as_text(_PLANS)) if named else grant


def of_template(places: Places, purpose: Purpose) -> Iterator[Grant]:
    """What CloudFormation calls for the template's resources, with the caller's rights."""
    for logical_id, resource in places.resources.items():
        for action in resource_rights.of(resource, destroys=purpose == "destroy"):
            yield _grant(places, action, _place(places, logical_id, action), resource["Type"])
        if purpose == "deploy" and (secrets := places.resolved(resource)):
            yield _grant(places, "secretsmanager:GetSecretValue", secrets, resource["Type"])


def _of_role(role: str) -> list[Grant]:
    """With a service role the caller needs no more than to hand it over."""
    condition = as_text(_equals("iam:PassedToService", "cloudformation.amazonaws.com"))
    return [Grant("iam:PassRole", (role,), condition, "aws.service_role_arn")]


def _place(places: Places, logical_id: str, action: str) -> tuple[str, ...]:
    """Where an action of a resource applies: mostly at the resource itself."""
    if action == "iam:PassRole":
        return places.of_type("AWS::IAM::Role")
    if action == "s3:GetObject":
        return places.of_stack("code")
    if action.startswith("route53:"):
        zones = places.zones or (places.arn("route53:::hostedzone/*"),)
        return (*zones, places.arn("route53:::change/*"))
    if action == "wafv2:GetWebACL" and not places.of_type("AWS::WAFv2::WebACL"):
        return (places.arn("wafv2:us-east-1:ACCOUNT:global/webacl/*/*"),)
    if action.startswith("wafv2:"):
        return places.of_type("AWS::WAFv2::WebACL")
    return places.of(logical_id)


def _grant(places: Places, action: str, arns: tuple[str, ...], why: str) -> Grant:
    if action in NEWER:
        return Grant(action, arns, why=why)
    if not service_reference.is_known(action):
        raise UserError(
            f"AWS's list of actions has no {action}.",
            where=why,
            mend="Mend its name, or renew pipeline/iam/actions.json.",
        )
    if not service_reference.resource_types(action) or action in _WHOLE_ACCOUNT:
        arns = ANY
    return Grant(action, arns, as_text(_condition(places, action)), why)


# CloudWatch API reference: DescribeAlarms shows composite alarms only where `*` is allowed.
_WHOLE_ACCOUNT = frozenset({"cloudwatch:DescribeAlarms"})
_BOUNDED = (
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
)
_OF_FUNCTION = (
    "lambda:CreateEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:GetEventSourceMapping",
)


_OF_CHANGE_SETS = ("cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet")
_PLANS: Conditions = {"StringLike": permissions.PLAN_DENIES[1]["Condition"]["StringNotLike"]}


def _condition(places: Places, action: str) -> Conditions:
    """What limits an action beyond its ARN."""
    bounds = boundary(places)
    if action == "iam:PassRole":
        return _equals("iam:PassedToService", "lambda.amazonaws.com")
    if action in _BOUNDED and bounds:
        return _equals("iam:PermissionsBoundary", bounds)
    if action in _OF_FUNCTION:
        functions = places.of_stack("functions")
        return {"ArnLike": {"lambda:FunctionArn": _one_or_many(functions)}} if functions else {}
    if action == "kms:CreateKey":
        return _tagged(places, "RequestTag")
    if action.startswith("kms:") or _is_about_distributions(action):
        return NO_CONDITION if action in _BEFORE_TAGS else _tagged(places, "ResourceTag")
    return NO_CONDITION


# What makes a resource, or gives it its tags: it has none yet.
_BEFORE_TAGS = frozenset(
    {
        "cloudfront:CreateDistribution",
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
        "kms:TagResource",
        "kms:UntagResource",
    }
)


def _is_about_distributions(action: str) -> bool:
    """Is it one whose resource is a distribution alone, which has tags?"""
    mine = action.startswith("cloudfront:")
    return mine and "distribution" in service_reference.resource_types(action)


def boundary(places: Places) -> str:
    """The permissions boundary that all roles of the template have; else none can be demanded."""
    roles = [one for one in places.resources.values() if one["Type"] == "AWS::IAM::Role"]
    boundaries = {one["Properties"].get("PermissionsBoundary", "") for one in roles}
    return boundaries.pop() if len(boundaries) == 1 else ""


def _tagged(places: Places, key: str) -> Conditions:
    """The environment's tags, where it has any."""
    tags = places.rendered.settings.tags
    if not tags:
        return NO_CONDITION
    return {"StringEquals": {f"aws:{key}/{name}": value for name, value in sorted(tags.items())}}


def _equals(key: str, value: str) -> Conditions:
    return {"StringEquals": {key: value}}


# ---- statements and documents


def statements(grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """The same grants as few statements: actions on the same ARNs under the same conditions."""
    places: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        places.setdefault((grant.action, grant.condition), set()).update(grant.resources)
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (action, condition), arns in places.items():
        where = ANY if "*" in arns else tuple(sorted(arns))
        groups.setdefault((where, condition), []).append(action)
    return [
        _statement(actions, arns, condition)
        for (arns, condition), actions in sorted(groups.items())
    ]


def _statement(actions: Iterable[str], arns: Sequence[str], condition: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": _one_or_many(arns),
    }
    if condition != "{}":
        statement["Condition"] = json.loads(condition)
    return statement


def documents(places: Places, purpose: Purpose) -> list[Policy]:
    """The policies, each small enough to be managed by IAM; a plan's begins with its denial."""
    granted = statements(grants(places, purpose))
    if purpose == "plan":
        granted = [*map(dict, permissions.PLAN_DENIES), *granted]
    name = f"{places.rendered.settings.stack_name}-{purpose}"
    return _split(name, granted)


def service_role(places: Places) -> list[Policy]:
    """What the role of aws.service_role_arn needs, which CloudFormation then works with."""
    name = f"{places.rendered.settings.stack_name}-service-role"
    return _split(name, statements(of_template(places, "deploy")))


def _split(name: str, statements: Sequence[dict[str, Any]]) -> list[Policy]:
    parts: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        for piece in _pieces(statement):
            if _size(_document([*parts[-1], piece])) > LARGEST - SPARE:
                parts.append([])
            parts[-1].append(piece)
    return [
        Policy(f"{name}-{number}", _document(part)) for number, part in enumerate(parts, start=1)
    ]


def _pieces(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A statement that is too large for a policy of its own, in two; mostly it is one."""
    if _size(_document([statement])) <= LARGEST - SPARE:
        yield statement
        return
    actions = statement["Action"]
    middle = len(actions) // 2
    for half in (actions[:middle], actions[middle:]):
        yield from _pieces({**statement, "Action": half})


def on_everything(grants: Iterable[Grant]) -> list[str]:
    """The actions that AWS, or the template, can't limit to a resource."""
    return sorted({one.action for one in grants if one.resources == ANY})


def by_schema_alone(places: Places) -> list[str]:
    """The types whose needs aren't written out: all that their schema lists is granted."""
    kinds = {one["Type"] for one in places.resources.values()}
    return sorted(kind for kind in kinds if not resource_rights.is_curated(kind))


def _document(statements: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _size(document: dict[str, Any]) -> int:
    return len(re.sub(r"\s", "", json.dumps(document)))


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def as_text(condition: Conditions) -> str:
    return json.dumps(condition, sort_keys=True)
