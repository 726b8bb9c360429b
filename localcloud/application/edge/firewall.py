"""A web ACL's rate rules: how many requests one address may send within a window.

After "Rate-based rule statement" in the WAF developer guide. AWS estimates, and acts some seconds
late; here each request is counted, blocked ones too, and the next one after the limit is blocked.
"""

from __future__ import annotations

import posixpath
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from localcloud.application.blueprint import Document, RateRule
from localcloud.application.pace import Pace

_PLACES = {"UriPath": "path", "Method": "method"}
_POSITIONS: Mapping[str, Callable[[str, str], bool]] = {
    "EXACTLY": str.__eq__,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": str.__contains__,
}
_TRANSFORMATIONS: Mapping[str, Callable[[str], str]] = {
    "NONE": str,
    "LOWERCASE": str.lower,
    "URL_DECODE": unquote,
    "NORMALIZE_PATH": lambda path: "/" + posixpath.normpath(path).lstrip("/"),
}


@dataclass(frozen=True)
class Seen:
    """What a rule may look at."""

    address: str
    method: str
    path: str


def not_judged(statement: Document | None) -> str:
    """What of a scope-down statement can't be judged here, in a word; empty if all can."""
    if statement is None:
        return ""
    ((kind, inner),) = statement.items()
    if kind in {"AndStatement", "OrStatement"}:
        return next((word for one in inner["Statements"] if (word := not_judged(one))), "")
    if kind == "NotStatement":
        return not_judged(inner["Statement"])
    return _byte_match_not_judged(inner) if kind == "ByteMatchStatement" else str(kind)


def _byte_match_not_judged(statement: Document) -> str:
    fields = set(statement["FieldToMatch"]) - _PLACES.keys()
    positions = {statement["PositionalConstraint"]} - _POSITIONS.keys()
    kinds = {one["Type"] for one in statement["TextTransformations"]} - _TRANSFORMATIONS.keys()
    return ", ".join(sorted(fields | positions | kinds))


def holds(statement: Document | None, seen: Seen) -> bool:
    """Is the request one that a rule counts?"""
    if statement is None:
        return True
    ((kind, inner),) = statement.items()
    if kind == "AndStatement":
        return all(holds(one, seen) for one in inner["Statements"])
    if kind == "OrStatement":
        return any(holds(one, seen) for one in inner["Statements"])
    if kind == "NotStatement":
        return not holds(inner["Statement"], seen)
    return _byte_match(inner, seen)


def _byte_match(statement: Document, seen: Seen) -> bool:
    (place,) = statement["FieldToMatch"]
    text = str(getattr(seen, _PLACES[place]))
    for one in sorted(statement["TextTransformations"], key=lambda one: int(one["Priority"])):
        text = _TRANSFORMATIONS[one["Type"]](text)
    return _POSITIONS[statement["PositionalConstraint"]](text, _text(statement["SearchString"]))


def _text(wanted: Any) -> str:
    return wanted.decode() if isinstance(wanted, bytes) else str(wanted)


class Firewall:
    """Some rules and what they have counted."""

    def __init__(
        self, rules: Sequence[RateRule], pace: Pace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rules = tuple(rules)
        self._pace = pace
        self._clock = clock
        self._times: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def blocked_by(self, seen: Seen) -> RateRule | None:
        """The first rule that blocks this request; it ends there, and later ones don't count it."""
        counting = (rule for rule in self.rules if holds(rule.scope, seen))
        return next((rule for rule in counting if self._is_too_much(rule, seen)), None)

    def _is_too_much(self, rule: RateRule, seen: Seen) -> bool:
        now, times = self._clock(), self._times[rule.name, seen.address]
        while times and times[0] <= now - self._pace.real(rule.window_seconds):
            times.popleft()
        times.append(now)
        if len(times) <= rule.limit:
            return False
        times.popleft()  # as many as block are enough to remember
        return True
