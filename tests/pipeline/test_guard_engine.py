from __future__ import annotations

import json
from typing import Any

import pytest
from cfn_guard_rs.cfn_guard_rs import run_checks_rs

from pipeline.policy.engine import answer, verdicts

TEMPLATE = {"A": {"B": [], "C": "x", "L": ["a", "b"], "S": [{"K": 1, "M": 2}, {"K": 3, "M": 4}]}}


def failures(clauses: str, template: dict[str, Any] = TEMPLATE) -> list[tuple[str, str, str]]:
    """(path, missing, message) of each clause of one rule that doesn't hold."""
    tree = json.loads(
        run_checks_rs(json.dumps(template), f"rule R {{\n{clauses}\n}}", verbose=True)
    )
    ((_, _, found),) = verdicts(tree)
    return [(one["path"], one["missing"], one["message"]) for one in found]


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ("A.C == 'y' <<m>>", [("/A/C", "", "m")]),
        ("A.C in ['y'] <<m>>", [("/A/C", "", "m")]),
        ("A.Z == 'y' <<m>>", [("/A", "Z", "m")]),
        ("A.Z in ['y'] <<m>>", [("/A", "Z", "m")]),
        ("A.Z exists <<m>>", [("/A", "Z", "m")]),
        ("A.C not exists <<m>>", [("/A/C", "", "m")]),
        ("A.B !empty <<m>>", [("/A/B", "", "m")]),
        ("A.L[*] == 'a' <<m>>", [("/A/L/1", "", "m")]),
        ("A.C == 'y'", [("/A/C", "", "")]),
        ("A.Z { Q exists <<m>> }", [("/A", "Z", "")]),
    ],
)
def test_a_clause_that_fails_says_where_and_why(
    clauses: str, found: list[tuple[str, str, str]]
) -> None:
    assert failures(clauses) == found


def test_a_clause_that_passes_beside_one_that_fails_is_no_failure() -> None:
    assert failures("A.C == 'x' <<m>>\nA.C == 'y' <<n>>") == [("/A/C", "", "n")]


def test_a_condition_that_does_not_hold_is_no_failure() -> None:
    assert failures("when A.C == 'y' { A.Z exists <<m>> }\nA.C == 'z' <<n>>") == [("/A/C", "", "n")]


def test_what_a_filter_leaves_out_is_no_failure() -> None:
    assert failures("A.S[ K == 1 ].M == 3 <<m>>") == [("/A/S/0/M", "", "m")]


@pytest.mark.parametrize(
    "clauses",
    ["%telling empty <<m>>", "%telling { this not exists <<m>> }", "%telling == 'z' <<m>>"],
)
def test_what_a_filter_on_keys_compares_is_never_blamed(clauses: str) -> None:
    template = {"P": {"Env": "a", "MyToken": "b", "Size": "c", "YourToken": "d"}}
    rules = f"let telling = P[ keys == /Token/ ]\nrule R {{\n{clauses}\n}}"

    ((_, status, found),) = verdicts(
        json.loads(run_checks_rs(json.dumps(template), rules, verbose=True))
    )

    assert status == "FAIL"
    assert [one["path"] for one in found] == ["/P/MyToken", "/P/YourToken"]
    assert {one["message"] for one in found} == {"m"}


def test_the_message_of_an_alternative_speaks_for_all_of_them() -> None:
    assert failures("A.C == 'y' or A.C == 'z' <<m>>") == [("/A/C", "", "m")]


def test_alternatives_without_a_message_are_all_named() -> None:
    assert failures("A.C == 'y' or A.Z exists") == [("/A/C", "", ""), ("/A", "Z", "")]


def test_one_that_is_good_among_some_is_enough() -> None:
    assert failures("some A.L[*] == 'a' <<m>>\nA.C == 'y' <<n>>") == [("/A/C", "", "n")]


def test_a_filter_that_finds_nothing_says_where_it_looked() -> None:
    assert failures("A.S[ K == 9 ] !empty <<m>>") == [("/A/S", "", "m")]


def test_a_filter_that_finds_nothing_in_one_item_names_the_item() -> None:
    template = {"A": {"S": [{"K": 1, "M": 2}]}}

    found = failures("A.S[ K == 9\nM == 9 ] !empty <<m>>", template)

    assert found == [("/A/S/0", "", "m")]


def test_a_rule_that_another_needs_brings_its_failures() -> None:
    rules = "rule Q {\nA.C == 'y' <<m>>\n}\nrule R {\nQ <<n>>\n}"

    said = verdicts(json.loads(run_checks_rs(json.dumps(TEMPLATE), rules, verbose=True)))

    assert [(rule, status, [f["path"] for f in found]) for rule, status, found in said] == [
        ("Q", "FAIL", ["/A/C"]),
        ("R", "FAIL", ["/A/C"]),
    ]


def test_a_rule_that_another_must_not_pass_has_no_place() -> None:
    rules = "rule Q {\nA.C == 'x'\n}\nrule R {\nnot Q <<n>>\n}"

    said = verdicts(json.loads(run_checks_rs(json.dumps(TEMPLATE), rules, verbose=True)))

    assert [(f["path"], f["message"]) for f in said[1][2]] == [("", "n")]


def test_a_hundred_failures_are_all_there() -> None:
    template = {"A": {"L": ["x" * 1000] * 100}}

    assert len(failures("A.L[*] == 'a' <<m>>", template)) == 100


def test_a_rule_with_parameters_is_part_of_the_rule_that_calls_it() -> None:
    rules = "rule check(items) {\n%items.C == 'y' <<m>>\n}\nrule R {\ncheck(A)\n}"

    said = verdicts(json.loads(run_checks_rs(json.dumps(TEMPLATE), rules, verbose=True)))

    assert [(rule, [f["path"] for f in found]) for rule, _, found in said] == [("R", ["/A/C"])]


def test_a_file_without_rules_has_no_verdicts() -> None:
    assert answer(run_checks_rs, "# nothing\n", "{}") == {"verdicts": []}


def test_an_error_is_an_answer() -> None:
    said = answer(run_checks_rs, "rule R {\n  %x exists\n}", "{}")

    assert "CfnGuardMissingValue: " in said["error"]
