"""guard at the command line: rules explained and listed, templates from anywhere judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.errors import UserError
from pipeline.policy import catalogue, explain, foreign

BUCKET = """AWSTemplateFormatVersion: 2010-09-09
Resources:
  Store:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicRead
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Store
      PolicyDocument:
        Version: 2012-10-17 # unquoted, as AWS's examples have it
        Statement:
          - {Effect: Allow, Principal: '*', Action: 's3:*', Resource: !GetAtt Store.Arn}
"""


def judge(root: Path, *words: str) -> int:
    return main(["guard", *words], root)


@pytest.mark.parametrize("rule", ["IAM_ACTIONS_ARE_SPELT_OUT", "REFERENCES_FIT_THEIR_PROPERTY"])
def test_a_rule_is_explained(root: Path, capsys: pytest.CaptureFixture[str], rule: str) -> None:
    assert judge(root, "--explain", rule) == 0

    out = capsys.readouterr().out
    assert out.startswith(f"{rule}\n")
    assert "Asked for by https://docs.aws.amazon.com/" in out
    assert "Has to pass in: every environment" in out
    assert "Written in " in out


def test_the_explanation_has_the_messages_and_the_cases(root: Path) -> None:
    told = explain.rule("IAM_ACTIONS_ARE_SPELT_OUT", root)

    assert "allows an action with a wildcard" in told  # of the rule with parameters that it calls
    assert "FAIL  'action: everything but one'" in told
    assert "PASS  roles as they should be" in told
    assert "SKIP  no role and no function" in told


def test_the_explanation_names_the_waivers(project: Path) -> None:
    (project / "rules/waivers.yaml").write_text(
        "waivers:\n  - {rule: KEYS_ROTATE, resource: AlarmKey, environment: prod,"
        ' reason: no reason, expires: "2030-01-01"}\n'
    )

    assert "AlarmKey in prod until 2030-01-01: no reason" in explain.rule("KEYS_ROTATE", project)


def test_a_rule_that_is_not_there_is_guessed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(root, "--explain", "KEYS_ROTAT") == 2

    assert "Did you mean KEYS_ROTATE?" in capsys.readouterr().err


def test_the_table_has_every_rule_and_who_asks_for_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(root, "--list") == 0

    head, *rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert head == ["practice", "rule", "has to pass in", "source"]
    assert [row[1] for row in rows] == [rule.name for rule in catalogue.rules(root)]
    assert all(len(row) == len(head) and all(row) for row in rows)


def test_a_template_from_anywhere_is_judged_at_its_own_lines(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "foreign.yaml").write_text(BUCKET)

    assert judge(project, "--template", "foreign.yaml", "--format", "json") == 1

    findings = json.loads(capsys.readouterr().out)["findings"]
    places = {one["rule"]: one["place"] for one in findings if one["level"] == "error"}
    assert places["PRIVATE_BUCKETS_BLOCK_PUBLIC_ACCESS"] == {"file": "foreign.yaml", "line": 5}
    assert places["BUCKETS_USE_NO_ACLS"]["file"] == "foreign.yaml"
    told = {one["rule"]: one["message"] for one in findings if one["level"] == "info"}
    assert sorted(told) == ["NOTHING_TO_JUDGE", "RULES_LEFT_OUT"]
    assert "rules of rules/application" in told["RULES_LEFT_OUT"]


def test_a_template_from_anywhere_is_not_asked_for_what_only_this_stack_has(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "foreign.yaml").write_text(BUCKET)

    judge(project, "--template", "foreign.yaml")

    said = "".join(capsys.readouterr())
    assert "WebsiteBucket" not in said
    assert "TEMPLATE_NAMES_ITS_TIER" not in said


@pytest.mark.parametrize("indent", [2, "\t", None])
def test_a_template_may_be_json(project: Path, indent: int | str | None) -> None:
    template = {"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}}
    (project / "foreign.json").write_text(json.dumps(template, indent=indent))

    read = foreign.read(project / "foreign.json", "foreign.json")

    assert read.value == template
    place, _ = read.places(("Resources", "Store", "Type"))
    assert place is not None
    assert place.line == (1 if indent is None else 4)


def test_what_was_rendered_is_judged_alike_as_a_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["render"], project)

    for name in ("dev", "prod"):
        for ending in ("yaml", "json"):
            assert judge(project, "--template", f"build/{name}/template.{ending}") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file holds no keys"),
        ("- a\n", "the file holds no keys"),
        ("a: 1\n", "it has no resources"),
        ("Resources: {}\n", "it has no resources"),
        ("Resources: [\n", "this is not YAML"),
        ("Resources: {A: {Type: !Python x}}\n", "isn't a known tag"),
        ("Resources:\n  A:\n  A: 1\n", "is here a second time"),
    ],
)
def test_what_is_no_template_is_refused_in_words(project: Path, text: str, says: str) -> None:
    (project / "foreign.yaml").write_text(text)

    with pytest.raises(UserError, match=says) as refused:
        foreign.read(project / "foreign.yaml", "foreign.yaml")
    assert refused.value.where.startswith("foreign.yaml")
    assert refused.value.mend


def test_a_template_that_is_not_there_is_refused_in_words(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(project, "--template", "gone.yaml") == 1

    assert "gone.yaml: it can't be read" in capsys.readouterr().err


def test_an_environment_and_a_template_are_too_much(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(root, "dev", "--template", "x.yaml") == 2

    assert "not both" in capsys.readouterr().err
