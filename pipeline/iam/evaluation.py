"""Policies + one request -> a decision, as IAM takes it for a role in its own account.

After "Policy evaluation logic" in the IAM user guide: an explicit deny wins, then one allow is
enough, else the request is denied. Only as large as it needs to be: policy variables, Date,
IpAddress, Binary and the set operators are refused as `NotUnderstood`, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.errors import brief
from pipeline.iam import conditions
from pipeline.iam.conditions import Context, NotUnderstood, texts
from pipeline.iam.patterns import matches

Document = Mapping[str, Any]
Outcome = Literal["allowed", "explicitly denied", "implicitly denied"]

_ONE_OF = (("Action", "NotAction"), ("Resource", "NotResource"))
_ELEMENTS = {"Sid", "Effect", "Condition", *(name for pair in _ONE_OF for name in pair)}
_NO_CONDITION: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Statement:
    """One statement. `where` is what its owner calls it, and its number within the document."""

    effect: str
    actions: tuple[str, ...]
    is_not_action: bool
    resources: tuple[str, ...]
    is_not_resource: bool
    condition: Mapping[str, Any] = field(repr=False)
    where: tuple[Any, int] = ("", 0)

    def covers_action(self, action: str) -> bool:
        """Actions know no case."""
        matched = any(matches(one.lower(), action.lower()) for one in self.actions)
        return matched is not self.is_not_action

    def covers_resource(self, resource: str) -> bool:
        """Resources are ARNs, and theirs is the case that they are written in."""
        matched = any(matches(one, resource) for one in self.resources)
        return matched is not self.is_not_resource

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether the statement is about this request."""
        return (
            self.covers_action(action)
            and self.covers_resource(resource)
            and conditions.holds(self.condition, context)
        )


@dataclass(frozen=True)
class Decision:
    """`because` is the statement that decided; None where no statement was about the request."""

    outcome: Outcome
    because: Statement | None = None

    def __bool__(self) -> bool:
        return self.outcome == "allowed"


def allowed(
    policies: Document | Sequence[Document], action: str, resource: str, context: Context
) -> Decision:
    """Whether these policies of a role let it do `action` to the ARN `resource`."""
    documents = [policies] if isinstance(policies, Mapping) else policies
    return decide([one for at, doc in enumerate(documents) for one in read(doc, at)],
                  action, resource, context)  # fmt: skip


def decide(
    statements: Sequence[Statement], action: str, resource: str, context: Context
) -> Decision:
    """The same for statements that are already read."""
    applying = [one for one in statements if one.applies(action, resource, context)]
    for statement in applying:
        if statement.effect == "Deny":
            return Decision("explicitly denied", statement)
    if applying:
        return Decision("allowed", applying[0])
    return Decision("implicitly denied")


def read(document: Document, where: Any = "", *, extra: frozenset[str] = frozenset()
         ) -> Iterator[Statement]:  # fmt: skip
    """A document's statements; what can't be judged is an error. `extra` elements are the
    caller's to judge (a resource policy's Principal)."""
    if not isinstance(document, Mapping):
        raise NotUnderstood("a policy document that isn't a mapping")
    for name in document:
        if name not in {"Version", "Id", "Statement"}:
            raise NotUnderstood(f"the policy element {name}")
    statements = document.get("Statement")
    several = statements if isinstance(statements, list) else [statements]
    for number, statement in enumerate(several):
        yield _statement(statement, (where, number), extra)


def _statement(statement: Any, where: tuple[Any, int], extra: frozenset[str]) -> Statement:
    if not isinstance(statement, Mapping):
        raise NotUnderstood("a statement that isn't a mapping")
    if unknown := set(statement) - _ELEMENTS - extra:
        raise NotUnderstood(f"the statement element {min(unknown)}")
    effect = statement.get("Effect")
    if not isinstance(effect, str) or effect not in {"Allow", "Deny"}:
        raise NotUnderstood(f"the Effect {brief(repr(effect))}")
    condition = statement.get("Condition", _NO_CONDITION)
    conditions.check(condition)
    (actions, no_action), (resources, no_resource) = (_one_of(statement, pair) for pair in _ONE_OF)
    return Statement(effect, actions, no_action, resources, no_resource, condition, where)


def _one_of(statement: Document, names: tuple[str, str]) -> tuple[tuple[str, ...], bool]:
    present = [name for name in names if name in statement]
    if len(present) != 1:
        raise NotUnderstood(f"a statement with {' and '.join(present) or f'no {names[0]}'}")
    values = tuple(texts(statement[present[0]]))
    for value in values:
        if "${" in value:
            raise NotUnderstood(f"the policy variable in {value}")
    return values, present[0] == names[1]
