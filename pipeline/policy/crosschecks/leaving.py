"""The check of what names something outside the stack: another's resource, account or host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.crosschecks.checking import Check, Problem, Subject
from pipeline.policy.outward import may_leave
from pipeline.policy.references import resources
from pipeline.policy.spelling import OURS, PASSED, Speller
from pipeline.schemas import ITEM, Path

_ACCOUNT = re.compile(r"(?<![\w$-])\d{12}(?![\w-])")
_ARN = re.compile(r"\barn:")
_HOST = re.compile(r"\b[a-z][a-z0-9+.-]*://([^/\s\"']*)", re.IGNORECASE)
# A resource's own address, or AWS's for one: id, service, maybe region.
_OUR_HOST = re.compile(
    rf"{OURS}(\.(?:[a-z0-9-]|<Region>)+(\.(<Region>|[a-z0-9-]+))?"
    r"\.(<URLSuffix>|amazonaws\.com(\.cn)?)|\.cloudfront\.net)?(:\d+)?"
)
# A part of an ARN that stands for the account: none, the own one, AWS's, a service's in its place.
_OUR_ACCOUNTS = {"", "<AccountId>", "aws"}
_SERVICES_FOR_ACCOUNTS = {("apigateway", "lambda")}
_WORDS = re.compile(r"\w*Description|Comment|Label|Sid|Tags")
_CALLERS = ("Principal", "NotPrincipal")
_SUBJECTS = ("Resource", "NotResource")
_KEYS_THAT_NAME = re.compile(r"arn|account|orgid|orgpaths|vpc", re.IGNORECASE)

_NOTHING_OF_OURS = "It names nothing of this stack."
_MEND = (
    "!Ref or !GetAtt of the stack's own resource. What belongs to somebody else comes from a"
    " setting that environments/schema.py marks as FOREIGN."
)


def values_stay_in_the_stack(subject: Subject) -> list[Problem] | None:
    """What may name another's resource names the stack's own, or what a setting names as foreign.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    judged = [
        *_defaults(subject.template),
        *(
            (("Resources", name, "Properties", *pointer), value, names)
            for name, resource in resources(subject.template).items()
            for pointer, value, names in _values(resource)
        ),
    ]
    if not judged:
        return None
    stack = _Stack(Speller(subject.template), subject.foreign)
    return [
        Problem(pointer, value, what, _MEND)
        for pointer, value, names in judged
        if (what := _strays(value, names=names, stack=stack))
    ]


@dataclass(frozen=True)
class _Stack:
    """How its values are spelt, and what its settings name as foreign."""

    speller: Speller
    foreign: frozenset[str]


_Judged = tuple[Pointer, Any, bool]


def _defaults(template: dict[str, Any]) -> Iterator[_Judged]:
    """What a parameter is unless somebody passes another; it may stand within any text."""
    for name, default in _parameters(template).items():
        if default is not None:
            yield ("Parameters", name, "Default"), default, False


def _parameters(template: dict[str, Any]) -> dict[str, Any]:
    found = template.get("Parameters")
    every = found.items() if isinstance(found, dict) else ()
    return {name: value.get("Default") for name, value in every if isinstance(value, dict)}


def _values(resource: dict[str, Any]) -> Iterator[_Judged]:
    """Each value of a resource, and whether its place is to name a resource or an account."""
    kind = str(resource.get("Type"))
    for pointer, value in _leaves(resource.get("Properties"), ()):
        path = tuple(ITEM if isinstance(key, int) else key for key in pointer)
        if pointer and not any(isinstance(key, str) and _WORDS.fullmatch(key) for key in path):
            yield pointer, value, _names(kind, path)


def _leaves(value: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict) and not _is_function(value):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*at, number))
    else:
        yield at, value


def _is_function(value: dict[str, Any]) -> bool:
    return len(value) == 1 and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::"))


def _names(kind: str, path: Path) -> bool:
    """Does this place name a resource, an account or a host?"""
    if "Statement" in path:
        return _names_in_policy(path[path.index("Statement") + 1 :])
    return may_leave(kind, path)


def _names_in_policy(path: Path) -> bool:
    keys = [key for key in path if key != ITEM]
    if not keys:
        return False
    if keys[0] in _CALLERS:
        return "Service" not in keys
    if keys[0] == "Condition":
        return len(keys) > 2 and bool(_KEYS_THAT_NAME.search(keys[2]))
    return keys[0] in _SUBJECTS


def _strays(value: Any, *, names: bool, stack: _Stack) -> str:
    """What is wrong with a value; nothing if it stays in the stack."""
    if isinstance(value, bool | float) or value is None or value in ("", "*"):
        return ""
    if isinstance(value, int) and not names:
        return ""  # twelve digits may be a size
    if isinstance(value, str) and value in stack.foreign:
        return ""
    text = stack.speller.spelt(value)
    if text is None:
        return _unseen(value, names=names, stack=stack)
    if text == PASSED:
        return _passed(value, names=names, stack=stack)
    return _text_strays(text, names=names, stack=stack)


def _unseen(value: dict[str, Any], *, names: bool, stack: _Stack) -> str:
    """What comes out can't be seen: the texts that go in are judged by themselves."""
    if names:
        return f"Nobody can see here that what {next(iter(value))} gives is the stack's own."
    within = [text for _, text in _leaves(list(value.values()), ()) if isinstance(text, str)]
    found = (_text_strays(text, names=False, stack=stack) for text in within)
    return next(filter(None, found), "")


def _passed(value: Any, *, names: bool, stack: _Stack) -> str:
    """A parameter's value: without a default it is what deploying passes, the settings' own."""
    name = value.get("Ref") if isinstance(value, dict) else None
    default = _parameters(stack.speller.template).get(str(name))
    said = names and default is not None and _strays(default, names=True, stack=stack)
    return f"The parameter has a default. {said}" if said else ""


def _text_strays(text: str, *, names: bool, stack: _Stack) -> str:
    accounts = [found for found in _ACCOUNT.findall(text) if found not in stack.foreign]
    if accounts:
        return f"The account {accounts[0]} isn't the stack's."
    hosts = [authority.rpartition("@")[2] for authority in _HOST.findall(text)]
    foreign = [one for one in hosts if not _OUR_HOST.fullmatch(one) and one not in stack.foreign]
    if foreign:
        return f"{_shown(foreign[0])} isn't a host of this stack."
    arns = _ARN.split(text)[1:]
    if arns:
        return "" if all(map(_is_our_arn, arns)) else _NOTHING_OF_OURS
    return "" if hosts or not names or _is_our_name(text) else _NOTHING_OF_OURS


def _is_our_arn(arn: str) -> bool:
    """Is an ARN, without its first word, about a resource of the stack, or about what is AWS's?"""
    parts = arn.split(":", 4)
    if len(parts) < 5:
        return arn == OURS
    _, service, _, account, resource = parts
    if account not in _OUR_ACCOUNTS and (service, account) not in _SERVICES_FOR_ACCOUNTS:
        return False
    if account == "aws" or (service, resource) == ("iam", "root"):
        return True
    # a bucket's name comes first and is the same in all accounts; anything may follow it
    return resource.startswith(OURS) if service == "s3" else OURS in resource


def _is_our_name(text: str) -> bool:
    before, ours, _ = text.partition(OURS)
    own = ours and (not before or before.endswith(("/", ":")))
    return bool(own) or text == "<AccountId>" or text.startswith("alias/aws/")


def _shown(host: str) -> str:
    return host.replace(OURS, "…").replace(PASSED, "…")


CHECKS: tuple[Check, ...] = (values_stay_in_the_stack,)
