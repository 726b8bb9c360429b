"""Positions of YAML, and the traps of YAML 1.1 that are refused."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import DocumentError, parse_outside, parse_settings, parse_template
from pipeline.documents.lines import Lines, split
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
        ("a: !Ref x\n", 1, "isn't a known tag"),
        ("a: !!binary aGk=\n", 1, "binary"),
        ("a:\n\tb: 1\n", 2, "a tab"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 'open\n", 1, "not YAML"),
        ("true: 1\n", 1, "the key true"),
        ("? [a]\n: 1\n", 1, "list or a mapping"),
        ("- a\n", 1, "holds no keys"),
        ("", 1, "holds no keys"),
        ("a: é\nb: \x01\n", 2, "U+0001"),
        ("a: 1\nb: " + "[" * 101 + "]" * 101, 2, "too deep"),
        ("a: 1\nb: " + "[" * 300_000, 2, "too deep"),
        ("a: 1\n" + "- " * 50_000, 2, "not YAML"),
        ("a:\n  " + "- " * 50_000 + "b", 2, "too deep"),
        ('{"a": ' + "[" * 300_000 + "]" * 300_000 + "}", 1, "too deep"),
        ("a: 1\nb: 61.0e+9540\n", 2, "61.0e+9540 is beyond the range"),
        ("a: 1\nb: -9223372036854775809\n", 2, "beyond the range"),
        ("a: " + "9" * 5000, 1, "beyond the range"),
        ('{"a": 1,\n "b": 1e999}', 2, "beyond the range"),
        ('{"a": 1,\n "b": ' + "9" * 5000 + "}", 2, "beyond the range"),
        ('{"a": 1,\n "b": "\\ud83d"}', 2, "half of a character"),
        ('{"a": 1,\n "b": 2,\n "a": 3}', 3, "a second time, first in line 1"),
        ("a: x\n \tb: 1\n", 2, "a tab"),
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
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
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


@given(st.dictionaries(st.text(min_size=1), values, min_size=1, max_size=4))
def test_json_of_any_library_is_read(value: dict[str, object]) -> None:
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value, indent=1)):
        assert parse_settings(text, "f.json").value == value


def test_json_knows_its_lines() -> None:
    long = "k" * 2000
    text = f'{{\n"a": [1,\n{{"b": null}}],\n"{long}"\n:\n{{"c\\u00e9": 2.50}}}}'

    document = parse_settings(text, "f.json")

    assert document.value == {"a": [1, {"b": None}], long: {"cé": 2.5}}
    assert document.line(("a", 1, "b")) == 3
    assert document.line((long, "cé")) == 6
    assert document.texts[(long, "cé")] == "2.50"


@pytest.mark.parametrize(
    "text", ["{a: 1}", "{'a': 1}", '{"a": 1,}', '{"a": 1} # end', '{"a": !A 1}']
)
def test_a_flow_mapping_that_is_no_json_is_read_as_yaml(text: str) -> None:
    if "!A" in text:
        with pytest.raises(DocumentError, match="isn't a known tag"):
            parse_settings(text, "f.yaml")
    else:
        assert parse_settings(text, "f.yaml").value == {"a": 1}


def test_two_escapes_are_one_character_in_yaml_too() -> None:
    text = "a: 1\nb: \"\\ud83d\\ude00 \\uD83D\\uDE00\"\nc: '\\ud83d\\ude00'\n"

    document = parse_template(text, "t.yaml")

    assert document.value == {"a": 1, "b": "\U0001f600 \U0001f600", "c": "\\ud83d\\ude00"}
    assert document.line(("c",)) == 3


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_what_no_editor_counts_as_a_line_moves_no_line(character: str) -> None:
    text = f'a: "x{character}y{character}{character}"\r\nb:\r\n  - 1\r\n  - c: [\r\n'

    document = parse_template(text + "]", "t.yaml")

    assert document.line(("b",)) == 2
    assert document.line(("b", 1, "c")) == 4
    with pytest.raises(DocumentError) as raised:
        parse_template(text + "}", "t.yaml")
    assert raised.value.line == 5
    assert Lines(text).from_yaml(6) == 3
    assert len(split(text)) == 4


def test_a_tab_that_indents_nothing_is_read() -> None:
    text = "a: |\n  b:\n  \tc\nd: [1,\n\t2]\ne:\tf\n"

    value = parse_template(text, "t.yaml").value

    assert value == {"a": "b:\n\tc\n", "d": [1, 2], "e": "f"}


def test_a_template_reads_dates_and_times_as_texts() -> None:
    text = "A: 2012-10-17\nB: 2012-10-17T10:00:00Z\n2012-10-17: =\n"

    value = parse_template(text, "t.yaml").value

    assert value == {"A": "2012-10-17", "B": "2012-10-17T10:00:00Z", "2012-10-17": "="}


def test_a_template_from_outside_is_read_as_cloudformation_reads_it() -> None:
    text = (
        "A: [Yes, off, on, NO]\nB: [000644, 0x1F, 1_000, 12:30, +5, .5, 089]\n"
        "123456789012: {007: a, on: b, ~: c, 1.50: d}\nC: 2012-10-17\nD: !Sub 0644\n"
    )

    document = parse_outside(text, "t.yaml")

    assert document.value == {
        "A": [True, False, True, False],
        "B": [420, 31, 1000, 750, 5, 0.5, "089"],
        "123456789012": {"007": "a", "on": "b", "~": "c", "1.50": "d"},
        "C": "2012-10-17",
        "D": {"Fn::Sub": "0644"},
    }
    assert document.line(("123456789012", "on")) == 3


def test_the_functions_of_a_templates_rules_have_short_forms() -> None:
    text = "A: !Not [!Contains [[a], !ValueOf [P, X]]]\nB: !EachMemberIn [!RefAll T, [a]]\n"

    assert parse_outside(text, "t.yaml").value == {
        "A": {"Fn::Not": [{"Fn::Contains": [["a"], {"Fn::ValueOf": ["P", "X"]}]}]},
        "B": {"Fn::EachMemberIn": [{"Fn::RefAll": "T"}, ["a"]]},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: {{ c }}\n", r"f.yaml:2: braces stand here .*\n.*Quote the text"),
        ("a: 1\nb: {{resolve:ssm:/x}}\n", r"f.yaml:2: braces stand here"),
        ("a: off\n", r"f.yaml:1: off is read as true or false.\n.*Write false\. Quote"),
        ("a: Yes\n", r"Write true\. Quote"),
        ("a: 15_728_640\n", r"Write 15728640\. Quote"),
        ("a: 010\n", r"number.\n.*Quote it if"),
        ('a: "open\nb: 1\nc: 2\n', r"f.yaml:1: this is not YAML"),
        ("a: 1\nb: 'open\nc: 2\n", r"f.yaml:2: this is not YAML"),
        ("a: !!python/name:os.system\n", r"f.yaml:1: !!python/name:os.system isn't a known tag"),
        ("a: !!python/object/apply:os.system [ls]\n", r"f.yaml:1: !!python/.*isn't a known tag"),
    ],
)
def test_a_mistake_is_told_where_it_is_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as raised:
        parse_settings(text, "f.yaml")

    assert re.search(says, str(raised.value))


@pytest.mark.parametrize("number", [".inf", "-.INF", ".nan", "1.0e+999"])
def test_a_number_beyond_range_from_outside_is_an_error_of_its_line(number: str) -> None:
    with pytest.raises(DocumentError, match=r"t.yaml:2: .* is beyond the range"):
        parse_outside(f"A: 1\nB: {number}\n", "t.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "a: !" + "t" * 5000 + " 1",
        "a: *" + "n" * 5000,
        "k" * 5000 + ": 1\n" + "k" * 5000 + ": 2",
        "a: 0" + "7" * 5000,
        "? " + "k" * 5000 + "\n: {b: 1, b: 2}",
        "a: 0b" + "1" * 5000,
    ],
)
def test_no_message_holds_kilobytes(text: str) -> None:
    with pytest.raises(DocumentError) as raised:
        parse_settings(text, "f.yaml")

    assert len(str(raised.value)) < 400
