"""Event filtering of a mapping: does a record match a pattern of Lambda's?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPERATORS = frozenset({"exists", "prefix", "anything-but"})


def check(pattern: Any) -> str:
    """What of the pattern can't be judged here; empty if nothing."""
    if isinstance(pattern, dict):
        return next(filter(None, (check(one) for one in pattern.values())), "")
    if not isinstance(pattern, list):
        return f"{pattern!r} outside a list"
    for item in pattern:
        if isinstance(item, dict) and (unknown := sorted(set(item) - OPERATORS)):
            return f"the operator {unknown[0]}"
    return ""


def matches(pattern: Mapping[str, Any], record: Any) -> bool:
    """Every key of the pattern has to match; a list matches if one of its items does."""
    if not isinstance(record, Mapping):
        return False
    return all(
        matches(wanted, record.get(key)) if isinstance(wanted, dict) else _any(wanted, record, key)
        for key, wanted in pattern.items()
    )


def _any(wanted: list[Any], record: Mapping[str, Any], key: str) -> bool:
    return any(_one(item, record, key) for item in wanted)


def _one(item: Any, record: Mapping[str, Any], key: str) -> bool:
    value = record.get(key)
    if not isinstance(item, dict):
        return key in record and value == item
    if "exists" in item:
        return (key in record) is bool(item["exists"])
    if "prefix" in item:
        return isinstance(value, str) and value.startswith(item["prefix"])
    excluded = item["anything-but"]
    return key in record and value not in (excluded if isinstance(excluded, list) else [excluded])
