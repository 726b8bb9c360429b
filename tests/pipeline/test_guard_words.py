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


TOPIC = "  A:\n    Type: AWS::SQS::Queue\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("Transform: AWS::Serverless-2016-10-31\nResources:\n" + TOPIC, 1, "AWS::Serverless-2016"),
        ("Transform:\n- AWS::LanguageExtensions\n- Mine\nResources:\n" + TOPIC, 3, "Mine makes"),
        ("Transform: {Name: AWS::Include}\nResources:\n" + TOPIC, 1, "AWS::Include makes"),
        ("Resources:\n" + TOPIC + "  Fn::ForEach::Q: [N, [a], {B: {}}]\n", 4, "is a loop"),
        ("Resources:\n" + TOPIC + "  Fn::Transform: {Name: AWS::Include}\n", 4, "is replaced"),
        (
            "Resources:\n" + TOPIC + "    Properties:\n      X: !Transform {Name: AWS::Include}\n",
            5,
            "is replaced",
        ),
        (
            "Resources:\n" + TOPIC + "    Properties:\n      Fn::ForEach::Tag: [N, [a], {B: {}}]\n",
            5,
            "is a loop",
        ),
        ("Resources:\n  M:\n    Type: My::S3::Bucket::MODULE\n", 3, "is a module"),
    ],
)
def test_what_is_made_only_when_it_is_deployed_is_not_passed_over(
    project: Path, text: str, line: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "foreign.yaml").write_text(text)

    assert judge(project, "--template", "foreign.yaml", "--format", "json") == 1

    (told,) = (
        one
        for one in json.loads(capsys.readouterr().out)["findings"]
        if one["rule"] == "NOT_JUDGED"
    )
    assert told["place"] == {"file": "foreign.yaml", "line": line}
    assert says in told["message"]
    assert "--template-stage Processed" in told["mend"]


def test_a_property_called_transform_is_a_property(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Transform: AWS::LanguageExtensions\nResources:\n" + TOPIC
    (project / "foreign.yaml").write_text(text + "    Properties: {Transform: {Type: gzip}}\n")

    judge(project, "--template", "foreign.yaml")

    assert "NOT_JUDGED" not in capsys.readouterr().out


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
        ("Resources:\n  A: AWS::SNS::Topic\n", r":2: Resources\.A is not a resource"),
        ("Resources:\n  A: [{Type: AWS::SNS::Topic}]\n", r":2: Resources\.A is not a resource"),
        ("Resources:\n  A:\n    Properties: {}\n", r":2: Resources\.A has no type"),
        ("Resources:\n  A:\n    Type: 12\n", r":3: Resources\.A has no type"),
        ("Resources:\n  A:\n    Type: [AWS::SNS::Topic]\n", r":3: Resources\.A has no type"),
        (
            "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties: [a]\n",
            r":4: Resources\.A\.Properties is not a mapping",
        ),
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
