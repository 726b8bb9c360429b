"""Values beside each other on one line: short, and where they differ is in sight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.deploying.changeset import LONGEST_VALUE, Cause, Drift, beside

RULE = '[{"AllowedMethods":["GET","HEAD"],"AllowedOrigins":["https://%s.example"]}]'


def test_long_values_show_where_they_differ() -> None:
    cause = Cause(("Rules",), "Never", RULE % "a", RULE % "b")

    assert "a.example" in str(cause)
    assert "b.example" in str(cause)


def test_three_long_values_show_where_they_differ() -> None:
    cause = Cause(("Rules",), "Never", "", RULE % "a", Drift(RULE % "b", RULE % "c"))

    assert all(f"{name}.example" in str(cause) for name in "abc")


def test_short_values_are_whole() -> None:
    assert beside(["128", "256"]) == ["128", "256"]


def test_a_value_alone_begins_at_its_beginning() -> None:
    (shown,) = beside([RULE % "a"])

    assert shown.startswith('[{"AllowedMethods"')


@given(st.text("ab ", max_size=120), st.text("ab ", max_size=120), st.text("ab ", max_size=120))
def test_values_are_short_and_differ_where_they_did(begin: str, one: str, other: str) -> None:
    values = [f"{begin}1{one}", f"{begin}2{other}"]

    shown = beside(values)

    assert all(len(text) <= LONGEST_VALUE for text in shown)
    if len(begin) > LONGEST_VALUE // 2:
        assert len(set(shown)) == 2
