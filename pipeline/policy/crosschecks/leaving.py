"""The check of what names something outside the stack: another's resource, account or host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.crosschecks.checking import Check, Problem, Subject
from pipeline.policy.outward import may_leave
from pipeline.policy.references import as_written, prop, referred, resource, resources
from pipeline.schemas import ITEM, Path

_ACCOUNT = re.compile(r"(?<![\w$-])\d{12}(?![\w-])")
_ARN = re.compile(r"\barn:")
_HOST = re.compile(r"\b[a-z][a-z0-9+.-]*://([^/\s\"']*)", re.IGNORECASE)
# What a host of AWS's own, or of a resource of the stack, ends with.
_OUR_HOST = re.compile(r"(\$\{[^}]+\}|\.amazonaws\.com(\.cn)?|\.cloudfront\.net)(:\d+)?$")
_IN_SUB = re.compile(r"\$\{([^!}][^}]*)\}")
_PSEUDO = re.compile(r"\$\{AWS::(\w+)\}")
_OWN_ACCOUNT = re.compile(r"arn:[^:]+:iam::<AccountId>:root|<AccountId>")
_AWS_OWN = re.compile(r"arn:[^:]+:[^:]*:[^:]*:aws:|alias/aws/")
_WORDS = re.compile(r"\w*Description|Comment|Label|Sid|Tags")
_CALLERS = ("Principal", "NotPrincipal")
_SUBJECTS = ("Resource", "NotResource")
_KEYS_THAT_NAME = re.compile(r"arn|account|orgid|orgpaths|vpc", re.IGNORECASE)

_MEND = (
    "!Ref or !GetAtt of the stack's own resource. What belongs to somebody else comes from a"
    " setting that environments/schema.py marks as FOREIGN."
)


def values_stay_in_the_stack(subject: Subject) -> list[Problem] | None:
    """What may name another's resource names the stack's own, or what a setting names as foreign.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    judged = [
        (("Resources", name, "Properties", *pointer), value, names)
        for name, resource in resources(subject.template).items()
        for pointer, value, names in _values(resource)
    ]
    if not judged:
        return None
    stack = _Stack(subject.template, subject.foreign)
    return [
        Problem(pointer, value, what, _MEND)
        for pointer, value, names in judged
        if (what := _strays(value, names=names, stack=stack))
    ]


@dataclass(frozen=True)
class _Stack:
    """What belongs to it: its resources, how they are called, and what its settings name."""

    template: dict[str, Any]
    foreign: frozenset[str]

    @cached_property
    def names(self) -> list[str]:
        """The names that the template gives its resources, as they are written there."""
        values = [
            as_written(prop(resource, f"{str(resource.get('Type')).rpartition('::')[2]}Name"))
            for resource in resources(self.template).values()
        ]
        return [name for name in values if isinstance(name, str) and name]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The parameters, each with what it is if nobody passes it."""
        parameters = self.template.get("Parameters")
        every = parameters.items() if isinstance(parameters, dict) else ()
        return {key: value.get("Default") for key, value in every if isinstance(value, dict)}

    def has(self, name: str) -> bool:
        return bool(resource(self.template, name))

    def is_named(self, text: str) -> bool:
        """Is a resource of the stack named by its own name in this text?"""
        return any(re.search(rf"(^|[:/]){re.escape(name)}($|[:/.])", text) for name in self.names)


def _values(resource: dict[str, Any]) -> Iterator[tuple[Pointer, Any, bool]]:
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
    if isinstance(value, bool | float) or value is None:
        return ""
    if isinstance(value, dict):
        return _function_strays(value, names=names, stack=stack)
    return _text_strays(str(value), names=names, stack=stack)


def _function_strays(value: dict[str, Any], *, names: bool, stack: _Stack) -> str:
    if not _is_function(value):
        return ""
    [(key, inner)] = value.items()
    if key == "Fn::Sub":
        return _sub_strays(inner, names=names, stack=stack)
    if key == "Ref" and isinstance(inner, str) and inner in stack.defaults:
        return _default_strays(stack.defaults[inner], names=names, stack=stack)
    if key in ("Ref", "Fn::GetAtt"):
        return ""  # another rule asks whether it is there, and of the right type
    texts = [text for _, text in _leaves(inner, ()) if isinstance(text, str)]
    if any(_foreign_part(text, stack) for text in texts):
        return "It is put together from something outside the stack."
    if names and not any(stack.has(name) for name in referred(inner)):
        return f"{key} gives something that nobody here can see is the stack's own."
    return ""


def _sub_strays(inner: Any, *, names: bool, stack: _Stack) -> str:
    text, variables = inner if isinstance(inner, list) and len(inner) == 2 else (inner, {})
    within = list(variables.values()) if isinstance(variables, dict) else []
    for value in within:
        if what := _strays(value, names=False, stack=stack):
            return what
    return _text_strays(str(text), names=names, stack=stack, within=within)


def _default_strays(default: Any, *, names: bool, stack: _Stack) -> str:
    """A parameter without a default gets what deploying passes: the settings' own."""
    if not isinstance(default, str) or default == "":
        return ""
    said = _text_strays(default, names=names, stack=stack)
    return said and f"The parameter's default leaves the stack. {said}"


def _text_strays(text: str, *, names: bool, stack: _Stack, within: list[Any] | None = None) -> str:
    if text in stack.foreign or text in ("", "*"):
        return ""
    if part := _foreign_part(text, stack):
        return part
    if not (names or _ARN.search(text) or _HOST.search(text)):
        return ""
    inside = [*referred({"Fn::Sub": text}), *referred(within or [])]
    if any(stack.has(name) for name in inside) or stack.is_named(text):
        return ""
    plain = _PSEUDO.sub(r"<\1>", text)
    if _OWN_ACCOUNT.fullmatch(plain) or _AWS_OWN.match(plain):
        return ""
    return "It names nothing of this stack."


def _foreign_part(text: str, stack: _Stack) -> str:
    """The account or the host in a text that isn't the stack's."""
    accounts = [found for found in _ACCOUNT.findall(text) if found not in stack.foreign]
    if accounts:
        return f"The account {accounts[0]} isn't the stack's."
    found = [authority.rpartition("@")[2] for authority in _HOST.findall(text)]
    hosts = [host for host in found if not _is_ours(host)]
    return f"{hosts[0]} isn't a host of this stack." if hosts else ""


def _is_ours(host: str) -> bool:
    """Does a host end as one of AWS, and begin with something of the template's own?"""
    return bool(_OUR_HOST.search(host) and _IN_SUB.search(host))


CHECKS: tuple[Check, ...] = (values_stay_in_the_stack,)
