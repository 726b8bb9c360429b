"""IAM and bucket policies, as far as our templates use them: does one allow or deny a call?

A condition operator that isn't known here is refused when the stack is read, never guessed.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from localcloud.application.blueprint import Document

Context = Mapping[str, str]
Verdict = Literal["allow", "deny"] | None


def verdict(policies: Iterable[Document], action: str, resource: str, context: Context) -> Verdict:
    """deny beats allow; None is what AWS calls an implicit denial."""
    found: Verdict = None
    for statement in _statements(policies):
        if _applies(statement, action, resource, context):
            if statement["Effect"] == "Deny":
                return "deny"
            found = "allow"
    return found


def unknown_operators(policy: Document) -> list[str]:
    """The condition operators that can't be judged here."""
    used = {name for one in _statements([policy]) for name in one.get("Condition", {})}
    elements = {"NotAction", "NotResource", "NotPrincipal"}
    used |= {name for one in _statements([policy]) for name in elements & set(one)}
    return sorted(used - set(_OPERATORS))


def _statements(policies: Iterable[Document]) -> Iterator[dict[str, Any]]:
    for policy in policies:
        yield from _list(policy["Statement"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        _matches(statement.get("Action", []), action, any_case=True)
        and ("Resource" not in statement or _matches(statement["Resource"], resource))
        and _concerns(statement.get("Principal"), context)
        and all(
            _OPERATORS[operator](context, key, _list(wanted))
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def _concerns(principal: Any, context: Context) -> bool:
    """Role policies name no principal; a bucket's name everybody, an account, a role, a service."""
    if principal is None or principal == "*":
        return True
    named = _list(principal.get("AWS", []))
    account = context.get("aws:PrincipalAccount", "")
    ours = {context.get("aws:PrincipalArn", ""), account, f"arn:aws:iam::{account}:root"}
    return any(name == "*" or name in ours for name in named)


def _matches(patterns: Any, value: str, *, any_case: bool = False) -> bool:
    if any_case:
        value, patterns = value.lower(), [one.lower() for one in _list(patterns)]
    return any(_like(pattern, value) for pattern in _list(patterns))


def _like(pattern: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _equal(context: Context, key: str, wanted: list[Any]) -> bool:
    found = _get(context, key)
    return found is not None and found in [_text(one) for one in wanted]


def _likes(context: Context, key: str, wanted: list[Any]) -> bool:
    found = _get(context, key)
    return found is not None and any(_like(_text(one), found) for one in wanted)


def _null(context: Context, key: str, wanted: list[Any]) -> bool:
    return _text(wanted[0]) == _text(_get(context, key) is None)


def _get(context: Context, key: str) -> str | None:
    """Condition keys know no case."""
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_OPERATORS: Mapping[str, Any] = {
    "Bool": _equal,
    "Null": _null,
    "StringEquals": _equal,
    "StringNotEquals": lambda *given: not _equal(*given),
    "StringLike": _likes,
    "StringNotLike": lambda *given: not _likes(*given),
    "ArnEquals": _likes,
    "ArnLike": _likes,
    "ArnNotLike": lambda *given: not _likes(*given),
}
