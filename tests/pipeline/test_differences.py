"""diff: what is rendered now against what is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.keys import Endpoint
from pipeline.deploying import comparing
from pipeline.deploying.comparing import Difference
from pipeline.deploying.consent import Consent
from pipeline.errors import UserError
from pipeline.stations import deploy, diff
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, PROJECT, TEMPLATE, Aws, deployment


@pytest.fixture(scope="module")
def connection(endpoint: Endpoint) -> Aws:
    """A stack as TEMPLATE says."""
    scripted_aws.empty(endpoint)
    aws = scripted_aws.connected(endpoint)
    deploy.bring_up_to_date(deployment(aws), Consent())
    return aws


@pytest.fixture
def aws(connection: Aws) -> Aws:
    connection.reset()
    return connection


def shown(aws: Aws, capsys: pytest.CaptureFixture[str], text: str = TEMPLATE) -> list[str]:
    capsys.readouterr()
    diff.show(deployment(aws, text=text))
    return capsys.readouterr().out.splitlines()


def test_a_stack_that_is_deployed_as_rendered_has_none(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    diff.show(deployment(aws))

    assert "is deployed as it is rendered" in capsys.readouterr().err


def test_each_difference_has_its_template_line(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = TEMPLATE.replace("PAY_PER_REQUEST", "PROVISIONED")

    [line] = shown(aws, capsys, changed)

    assert "~ Resources.Table.Properties.BillingMode  PAY_PER_REQUEST → PROVISIONED" in line
    assert line.endswith("  templates/main.yaml.j2:10")


def test_a_resource_that_comes_or_goes_is_named_with_its_type(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = TEMPLATE.replace("  Queue:\n", "  Line:\n")

    assert shown(aws, capsys, changed) == [
        "+ Resources.Line  AWS::SQS::Queue  templates/main.yaml.j2:13",
        "- Resources.Queue  AWS::SQS::Queue",
    ]


def test_a_parameter_that_would_have_another_value_is_shown(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(aws, capsys, TEMPLATE.replace("'1'", "'2'"))

    assert "~ parameter Size  1 → 2" in lines


def test_only_reads_are_made(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    shown(aws, capsys, TEMPLATE.replace("'1'", "'2'"))

    assert set(aws.operations) == {"DescribeStacks", "DescribeStackEvents", "GetTemplate"}


def test_without_a_stack_there_is_nothing_to_compare(aws: Aws) -> None:
    absent = scripted_aws.Refusal("ValidationError", "Stack with id x does not exist")
    aws.says("DescribeStacks", absent)

    with pytest.raises(UserError, match=f"there is no stack {PROJECT}-dev"):
        diff.show(deployment(aws))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": True}, {"a": "true"}),
        ({"a": 7}, {"a": "7"}),
        ([{"x": 1, "y": 2}], [{"y": 2, "x": 1}]),
    ],
)
def test_what_means_the_same_is_no_difference(before: Any, after: Any) -> None:
    assert list(comparing.differences(before, after)) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([1, 2, 3], [1, 9, 2, 3], [Difference("+", (1,), after=9)]),
        ([1, 2, 3], [1, 3], [Difference("-", (1,), before=2)]),
        ([{"k": 1}], [{"k": 2}], [Difference("~", (0, "k"), 1, 2)]),
        ({"a": 1}, {}, [Difference("-", ("a",), before=1)]),
        ({"a": {"b": 1}}, {"a": 1}, [Difference("~", ("a",), {"b": 1}, 1)]),
        ([], [1, 2], [Difference("+", (0,), after=1), Difference("+", (1,), after=2)]),
    ],
)
def test_a_difference_is_as_small_as_it_can_be(
    before: Any, after: Any, found: list[Difference]
) -> None:
    assert list(comparing.differences(before, after)) == found


def test_a_functions_variables_are_never_printed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = TEMPLATE.replace(
        "      Handler:", "      Environment: {Variables: {KEY: secret-word}}\n      Handler:"
    )

    lines = shown(aws, capsys, changed)

    assert any("Environment" in line for line in lines)
    assert not any("secret-word" in line for line in lines)
    assert ACCOUNT not in "".join(lines)
