"""Positions of YAML, and the traps of YAML 1.1 that are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import DocumentError, parse_settings, parse_template
from pipeline.rendering.scope import to_json


def test_every_key_and_item_knows_its_line() -> None:
    text = "a:\n  b: 1\n  c:\n    - x\n    - y: 2\n"

    document = parse_settings(text, "f.yaml")

    assert document.value == {"a": {"b": 1, "c": ["x", {"y": 2}]}}
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 0)) == 4
    assert document.line(("a", "c", 1, "y")) == 5


def test_what_is_not_there_is_at_its_nearest_ancestor() -> None:
    document = parse_settings("a:\n  b: 1\n", "f.yaml")

    assert document.line(("a", "c", "d")) == 1
    assert document.line(("z",)) == 1


def test_short_intrinsics_become_long_ones() -> None:
    text = "A: !Ref X\nB: !GetAtt Y.Arn\nC: !Join ['-', [a, !Sub '${Z}']]\nD: !GetAtt [Y, A.B]\n"

    value = parse_template(text, "t.yaml").value

    assert value == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": ["Y", "Arn"]},
        "C": {"Fn::Join": ["-", ["a", {"Fn::Sub": "${Z}"}]]},
        "D": {"Fn::GetAtt": ["Y", "A.B"]},
    }


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: 012345670123\n", 2, "octal"),
        ("a: 1\nb: 089345670123\n", 2, "begins with 0"),
        ("a: 0x1F\n", 1, "hexadecimal"),
        ("a: 1_000\n", 1, "octal, hexadecimal, binary or base-60"),
        ("a: 12:30\n", 1, "base-60"),
        ("a: 2012-10-17\n", 1, "a date"),
        ("a: yes\n", 1, "true or false"),
        ("a: off\n", 1, "true or false"),
        ("a: .inf\n", 1, "unusual form"),
        ("a: 1\nb: 2\na: 3\n", 3, "a second time, first in line 1"),
        ("a: &x {b: 1}\nc: *x\n", 1, "alias"),
        ("a: {<<: {b: 1}}\n", 1, "merges"),
        ("a: !Ref x\n", 1, "no tag"),
        ("a: !!binary aGk=\n", 1, "binary"),
        ("a:\n\tb: 1\n", 2, "a tab"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 'open\n", 2, "not YAML"),
        ("true: 1\n", 1, "the key true"),
        ("? [a]\n: 1\n", 1, "list or a mapping"),
        ("- a\n", 1, "holds no keys"),
        ("", 1, "holds no keys"),
        ("a: é\nb: \x01\n", 2, "U+0001"),
        ("a: " + "[" * 2000 + "]" * 2000, 1, "too deep"),
    ],
)
def test_a_trap_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(DocumentError) as raised:
        parse_settings(text, "f.yaml")

    assert raised.value.line == line
    assert says in raised.value.what
    assert raised.value.where == f"f.yaml:{line}"
    assert raised.value.mend


def test_a_template_may_not_hold_null() -> None:
    with pytest.raises(DocumentError, match=r"t.yaml:3: Resources\.A\.Properties is empty"):
        parse_template("Resources:\n  A:\n    Properties:\n", "t.yaml")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_any_value_comes_back_from_tojson(value: object) -> None:
    text = f"a: {to_json(value)}\n"

    assert parse_settings(text, "f.yaml").value == {"a": value}


@given(st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=4))
def test_json_is_read_as_json_reads_it(value: dict[str, object]) -> None:
    text = to_json(value)

    assert parse_settings(text, "f.yaml").value == json.loads(text)
