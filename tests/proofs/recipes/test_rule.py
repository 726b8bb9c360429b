"""The recipe for a rule, and what is said to whoever forgets its cases."""

from __future__ import annotations

from tests.proofs.recipes.carrying_out import RECIPES, assert_judged_well, carry_out
from tests.proofs.recipes.workshop import Workshop

RULES = "rules/application/logs.guard"
CASES = "rules/application/tests/logs_tests.yaml"
RULE = """
# Each log group has a name that people can search for.
# docs/operations.md
rule LOG_GROUPS_HAVE_NAMES when %groups !empty {
    %groups.Properties.LogGroupName exists
    <<
        The log group has no name.
        Mend: LogGroupName: /aws/lambda/ and the name of the function.
    >>
}
"""
CASE = """
- name: 'names: {outcome}'
  input: {{Resources: {{Group: {group}}}}}
  expectations:
    rules:
      LOG_GROUPS_HAVE_NAMES: {outcome}
"""
GROUPS = {
    "PASS": "{Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: a}}",
    "FAIL": "{Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: 7}}",
    "SKIP": "{Type: 'Custom::Nothing'}",
}


def rule(workshop: Workshop) -> None:
    cases = [CASE.format(outcome=outcome, group=group) for outcome, group in GROUPS.items()]
    workshop.write(RULES, workshop.read(RULES) + RULE)
    workshop.write(CASES, workshop.read(CASES) + "".join(cases))


def test_a_new_rule_takes_the_files_that_the_page_names(workshop: Workshop) -> None:
    recipe = RECIPES["A rule"]

    carry_out(recipe, workshop, rule)

    assert_judged_well(recipe, workshop)


def test_whoever_forgets_the_cases_of_a_rule_is_told_where_they_belong(workshop: Workshop) -> None:
    rule(workshop)
    workshop.restore(CASES)

    done = workshop.run("nox -s guard")

    assert done.returncode != 0
    assert "LOG_GROUPS_HAVE_NAMES has no case that ends in PASS or FAIL or SKIP" in done.stderr
    assert f"Add it to {CASES}" in done.stderr
