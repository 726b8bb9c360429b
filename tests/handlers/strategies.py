"""Bad input for hypothesis to make."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

quick = settings(max_examples=50)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=40)
    | st.sampled_from(["", "\ud800", "\x00", "x" * 9000, "../..", "{}", "[]"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, event: Any) -> Any:
    """An event with some of its fields missing, or with a value of another type in their place."""
    made = copy.deepcopy(event)
    for _ in range(draw(st.integers(1, 3))):
        _damage(draw, made)
    return made


def _damage(draw: st.DrawFn, value: Any) -> None:
    key: Any = draw(st.sampled_from(_keys(value)))
    inner = value[key]
    if _keys(inner) and draw(st.integers(0, 3)) > 0:
        _damage(draw, inner)
    elif isinstance(value, dict) and draw(st.booleans()):
        value[draw(JSON_KEYS)] = value.pop(key)
        if not value or draw(st.booleans()):
            value[key] = draw(JSON)
    else:
        value[key] = draw(JSON)


JSON_KEYS = st.text(max_size=8)


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []
