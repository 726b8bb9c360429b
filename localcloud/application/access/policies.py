"""IAM and bucket policies: does one allow or deny a call? By the evaluator that guard uses too.

What can't be judged is refused when the stack is read, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from localcloud.application.blueprint import Document
from pipeline.iam import evaluation
from pipeline.iam.conditions import NotUnderstood
from pipeline.iam.evaluation import Statement

Context = Mapping[str, str]
Verdict = Literal["allow", "deny"] | None

# The condition keys that are told of a request, where it has them.
KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:securetransport",
        "aws:sourceip",
        "s3:if-none-match",
    }
)
_WITH_PRINCIPAL = frozenset({"Principal"})
_VERDICTS: Mapping[str, Verdict] = {"allowed": "allow", "explicitly denied": "deny"}


def verdict(policies: Iterable[Document], action: str, resource: str, context: Context) -> Verdict:
    """deny beats allow; None is what AWS calls an implicit denial."""
    statements = [
        statement
        for policy in policies
        for entry in _list(policy["Statement"])
        if _concerns(entry.get("Principal"), context)
        for statement in _read(entry)
    ]
    given = {key.lower(): value for key, value in context.items()}
    known = {**dict.fromkeys(KEYS), **given}
    return _VERDICTS.get(evaluation.decide(statements, action, resource, known).outcome)


def not_judged(policy: Document) -> list[str]:
    """What of a policy can't be judged here, in words; what it says of services is nobody's."""
    return [text for one in _list(policy["Statement"]) if _is_ours(one) for text in _unknown(one)]


def _unknown(statement: Mapping[str, Any]) -> Iterator[str]:
    try:
        (read,) = _read(statement)
    except NotUnderstood as error:
        yield str(error)
        return
    keys = {key.lower() for pairs in read.condition.values() for key in pairs}
    yield from (f"the condition key {key}" for key in sorted(keys - KEYS))


def _read(statement: Mapping[str, Any]) -> Iterator[Statement]:
    return evaluation.read({"Statement": statement}, extra=_WITH_PRINCIPAL)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_ours(statement: Mapping[str, Any]) -> bool:
    """May it be about a function's role? A service's callers never come here."""
    principal = statement.get("Principal", "*")
    return not isinstance(principal, Mapping) or "AWS" in principal


def _concerns(principal: Any, context: Context) -> bool:
    """Role policies name no principal; a bucket's name everybody, an account, a role, a service."""
    if principal is None or principal == "*":
        return True
    named = _list(principal.get("AWS", []))
    account = context.get("aws:PrincipalAccount", "")
    ours = {context.get("aws:PrincipalArn", ""), account, f"arn:aws:iam::{account}:root"}
    return any(name == "*" or name in ours for name in named)
