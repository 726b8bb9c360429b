"""How plain words of YAML are read: strictly in what we write, as CloudFormation does elsewhere.

CloudFormation takes YAML 1.1 without its timestamps, aliases and merges (user guide, "Template
format"), so dates are texts, `Yes` is true and 0644 is octal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

_INTRINSICS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            "And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals",
            "FindInMap", "GetAZs", "GetAtt", "GetStackOutput", "If", "ImportValue", "Join",
            "Length", "Not", "Or", "RefAll", "Select", "Split", "Sub", "ToJsonString",
            "Transform", "ValueOf", "ValueOfAll",
        )
    },
}  # fmt: skip
_PLAIN_INT = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_PLAIN_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")


@dataclass(frozen=True)
class Dialect:
    """`tags`: the short forms that are known. `scalars`: how a word is read, by the kind that YAML
    1.1 gives it; a kind that isn't there is refused. `lenient`: any word may be a key."""

    tags: dict[str, str]
    scalars: dict[str, Callable[[str], Any]]
    lenient: bool = False


def _integer(text: str) -> int:
    if not _PLAIN_INT.match(text):
        raise ValueError("is read as an octal, hexadecimal, binary or base-60 number.")
    return int(text)


def _number(text: str) -> float:
    if not _PLAIN_FLOAT.match(text):
        raise ValueError("is read as a number in an unusual form.")
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("is read as true or false.")
    return text.lower() == "true"


def _as_yaml(kind: str, text: str) -> Any:
    """YAML 1.1's own reading of a number or a boolean."""
    constructor = yaml.constructor.SafeConstructor()
    node = yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", text)
    return getattr(constructor, f"construct_yaml_{kind}")(node)


_STRICT: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": _integer,
    "float": _number,
    "bool": _boolean,
    "null": lambda _: None,
}
_TEXTS: dict[str, Callable[[str], Any]] = {"timestamp": str, "value": str, "merge": str}

SETTINGS = Dialect({}, _STRICT)
TEMPLATE = Dialect(_INTRINSICS, {**_STRICT, **_TEXTS})
OUTSIDE = Dialect(
    _INTRINSICS,
    {
        **_STRICT,
        **_TEXTS,
        **{kind: partial(_as_yaml, kind) for kind in ("int", "float", "bool")},
    },
    lenient=True,
)
