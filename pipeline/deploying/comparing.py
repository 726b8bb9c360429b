"""Two templates in long form -> where they differ. Order of keys and way of writing don't count."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.findings import Pointer

Kind = Literal["+", "-", "~"]


@dataclass(frozen=True)
class Difference:
    """One place: + is new, - is gone, ~ has another value. `place` counts in the newer one."""

    kind: Kind
    place: Pointer
    before: Any = None
    after: Any = None


def differences(before: Any, after: Any, place: Pointer = ()) -> Iterator[Difference]:
    """Every difference, each at the smallest part that differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(before, after, place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, place)
    elif _text(before) != _text(after):
        yield Difference("~", place, before, after)


def _of_mappings(
    before: dict[str, Any], after: dict[str, Any], place: Pointer
) -> Iterator[Difference]:
    for key in dict.fromkeys([*after, *before]):
        here = (*place, key)
        if key not in before:
            yield Difference("+", here, after=after[key])
        elif key not in after:
            yield Difference("-", here, before=before[key])
        else:
            yield from differences(before[key], after[key], here)


def _of_lists(before: Sequence[Any], after: Sequence[Any], place: Pointer) -> Iterator[Difference]:
    """What stayed is matched wherever it is now, so that one item more is one difference."""
    lines = [_text(one) for one in before], [_text(one) for one in after]
    for what, i, j, m, n in difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        pairs = min(j - i, n - m)
        for step in range(pairs):
            yield from differences(before[i + step], after[m + step], (*place, m + step))
        yield from (Difference("-", (*place, m), before=one) for one in before[i + pairs : j])
        for step, item in enumerate(after[m + pairs : n], m + pairs):
            yield Difference("+", (*place, step), after=item)


def _text(value: Any) -> str:
    """CloudFormation takes true for "true" and 7 for "7"; so it is here."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)
