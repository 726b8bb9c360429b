"""The wildcards of policies: `*` for any characters, `?` for one; nothing else is special."""

from __future__ import annotations

import re
from functools import cache

ARN_PARTS = 6


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(one) or re.escape(one) for one in pattern), re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is what the pattern describes; letters keep their case."""
    return _expression(pattern).fullmatch(text) is not None


def arn_matches(pattern: str, text: str) -> bool:
    """The same, part by part: in a condition's ARN no wildcard reaches beyond a colon but the
    last part's."""
    wanted, parts = pattern.split(":", ARN_PARTS - 1), text.split(":", ARN_PARTS - 1)
    return len(wanted) == len(parts) == ARN_PARTS and all(map(matches, wanted, parts))


def is_arn(text: str) -> bool:
    """Has it an ARN's six parts, or wildcards in their place?"""
    return text.count(":") >= ARN_PARTS - 1


def is_exact(pattern: str) -> bool:
    """Does it describe one text only?"""
    return "*" not in pattern and "?" not in pattern


def literal(pattern: str) -> str:
    """What stands before the first wildcard."""
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


def common(texts: list[str], separator: str = "/") -> str:
    """The one text that all are, or the segments that all begin with and a `*`."""
    first, *others = sorted(set(texts))
    if not others:
        return first
    columns = zip(*(text.split(separator) for text in (first, *others)), strict=False)
    same: list[str] = []
    for column in columns:
        if len(set(column)) > 1 or not is_exact(column[0]):
            break
        same.append(column[0])
    return separator.join([*same, "*"])
