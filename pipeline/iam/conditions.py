"""The Condition element: does it hold for what is known of a request?

After "IAM JSON policy elements: Condition operators" in the IAM user guide. What isn't known here,
be it an operator or the value of a key, is an error and never an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.errors import brief
from pipeline.iam.patterns import arn_matches, is_arn, matches

Context = Mapping[str, str | None]
"""Condition keys, in any case, and their values; None: it is known that the request has none."""

IF_EXISTS = "IfExists"


class NotUnderstood(Exception):
    """A policy says something that can't be judged here; the text names it."""


def holds(condition: Mapping[str, Any], context: Context) -> bool:
    """Whether all of it holds: operators and keys are joined by AND, a key's values by OR."""
    known = {key.lower(): value for key, value in context.items()}
    answers = [
        _key_holds(operator, key, texts(wanted), known)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    ]  # all of them, so that nothing unknown hides behind a false one
    return all(answers)


def check(condition: Any) -> None:
    """An error for an operator that isn't known here, or for values that are none."""
    if not isinstance(condition, Mapping):
        raise NotUnderstood("a Condition that isn't a mapping")
    for operator, keys in condition.items():
        if operator != "Null" and operator.removesuffix(IF_EXISTS) not in OPERATORS:
            raise NotUnderstood(f"the condition operator {operator}")
        if not isinstance(keys, Mapping) or not keys:
            raise NotUnderstood(f"a condition {operator} without keys")
        for wanted in keys.values():
            _refuse_variables(operator, texts(wanted))


def texts(values: Any) -> list[str]:
    """One value or several, as the texts that IAM compares."""
    several = values if isinstance(values, list) else [values]
    if not several or not all(isinstance(one, str | bool | int | float) for one in several):
        raise NotUnderstood(f"{brief(repr(values))} as a value")
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in several]


def _refuse_variables(operator: str, values: list[str]) -> None:
    for value in values:
        if "${" in value:
            raise NotUnderstood(f"the policy variable in {value} ({operator})")


def _key_holds(operator: str, key: str, wanted: list[str], known: Mapping[str, str | None]) -> bool:
    if key.lower() not in known:
        raise NotUnderstood(f"the condition key {key}: nothing is known of it")
    value = known[key.lower()]
    if operator == "Null":
        return str(value is None).lower() in [one.lower() for one in wanted]
    base = operator.removesuffix(IF_EXISTS)
    is_positive, compare = OPERATORS[base]
    if value is None:
        return base != operator or not is_positive
    return any(compare(one, value) for one in wanted) is is_positive


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise NotUnderstood(f"{text} as a number") from None


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, found: compare(_number(found), _number(wanted))


def _arns_match(wanted: str, given: str) -> bool:
    for text in (wanted, given):
        if not is_arn(text):
            raise NotUnderstood(f"{text} as an ARN")
    return arn_matches(wanted, given)


def _same(wanted: str, text: str) -> bool:
    return wanted == text


def _same_in_any_case(wanted: str, text: str) -> bool:
    return wanted.lower() == text.lower()


Comparison = Callable[[str, str], bool]
_EQUAL = _numeric(lambda found, wanted: found == wanted)

# Each operator: whether a match is what it wants, and what a match is. A negated one with several
# values wants that none of them matches, and holds where the request lacks the key.
OPERATORS: dict[str, tuple[bool, Comparison]] = {
    "StringEquals": (True, _same),
    "StringNotEquals": (False, _same),
    "StringEqualsIgnoreCase": (True, _same_in_any_case),
    "StringNotEqualsIgnoreCase": (False, _same_in_any_case),
    "StringLike": (True, matches),
    "StringNotLike": (False, matches),
    "ArnEquals": (True, _arns_match),
    "ArnLike": (True, _arns_match),
    "ArnNotEquals": (False, _arns_match),
    "ArnNotLike": (False, _arns_match),
    "Bool": (True, _same_in_any_case),
    "NumericEquals": (True, _EQUAL),
    "NumericNotEquals": (False, _EQUAL),
    "NumericLessThan": (True, _numeric(lambda found, wanted: found < wanted)),
    "NumericLessThanEquals": (True, _numeric(lambda found, wanted: found <= wanted)),
    "NumericGreaterThan": (True, _numeric(lambda found, wanted: found > wanted)),
    "NumericGreaterThanEquals": (True, _numeric(lambda found, wanted: found >= wanted)),
}
