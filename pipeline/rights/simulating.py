"""What an identity may do, asked of IAM: each action where it would be called, as it would be.

A role that is limited to names is allowed just there, so nothing is asked of `*` that has a place.
IAM evaluates the identity's own policies and boundary; what an organization denies, or a bucket's
policy, it doesn't see here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.rights import policies

if TYPE_CHECKING:
    from pipeline.deploying.target import Target
    from pipeline.rights.policies import Grant

BATCH = 50  # names in one question
ALLOWED = "allowed"
# That one can't be denied to anybody.
_GIVEN = "sts:GetCallerIdentity"


def lacking(target: Target, grants: Sequence[Grant], role: str | None = None) -> set[Grant]:
    """Which of these aren't allowed, to whoever is signed in or to `role`."""
    iam = target.aws.other("iam")
    source = role or _principal(iam, target.identity.arn)
    denied = {
        (action, arn, policies.as_text(statement.get("Condition", {})))
        for statement in policies.statements(grants)
        for action, arn in _denied(iam, source, statement)
    }
    return {
        grant
        for grant in grants
        if grant.action != _GIVEN
        and any((grant.action, arn, grant.condition) in denied for arn in grant.resources)
    }


def _denied(iam: Any, source: str, statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions of one statement that are denied, each with the ARN."""
    actions, where = statement["Action"], statement["Resource"]
    arns = [where] if isinstance(where, str) else list(where)
    pages = iam.get_paginator("simulate_principal_policy")
    for start in range(0, len(actions), BATCH):
        answer = pages.paginate(
            PolicySourceArn=source,
            ActionNames=actions[start : start + BATCH],
            ResourceArns=arns,
            ContextEntries=list(_context(statement.get("Condition", {}))),
        )
        for page in answer:
            for result in page["EvaluationResults"]:
                if result["EvalDecision"] != ALLOWED:
                    named = result.get("EvalResourceName")
                    yield from (
                        (result["EvalActionName"], arn) for arn in ([named] if named else arns)
                    )


def _context(condition: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What a request would carry: the values that the statement's conditions want."""
    for keys in condition.values():
        for key, value in keys.items():
            values = [value] if isinstance(value, str) else list(value)
            kind = "stringList" if len(values) > 1 else "string"
            yield {"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": kind}


def _principal(iam: Any, arn: str) -> str:
    """The role behind a session: IAM knows policies of users and roles, not of sessions."""
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        return arn
    role: str = iam.get_role(RoleName=rest.split("/")[0])["Role"]["Arn"]
    return role


def actions(grants: Iterable[Grant]) -> list[str]:
    """The names, each once."""
    return sorted({one.action for one in grants})
