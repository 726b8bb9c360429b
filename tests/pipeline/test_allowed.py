"""The list of allowed properties: what it closes, how it is read, and how it grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import __main__ as command
from pipeline.errors import UserError
from pipeline.policy import allowed, allowed_guard, allowing, judging
from pipeline.policy.allowed import FILE, PLAIN, RULE, TYPES, Allowed
from pipeline.policy.rulebook import RulesFile
from tests.pipeline.templates import edit, holding, resource

BUCKET = "AWS::S3::Bucket"
QUEUE = "AWS::SQS::Queue"
LISTED = Allowed(
    {
        BUCKET: {
            ("BucketName",): PLAIN,
            ("CorsConfiguration", "CorsRules", "*", "AllowedMethods"): PLAIN,
        },
        QUEUE: {("QueueName",): PLAIN, ("RedrivePolicy", "maxReceiveCount"): PLAIN},
    }
)


def run(*argv: str, root: Path) -> int:
    return command.main(argv, root)


def verdicts(template: dict[str, Any]) -> dict[str, list[str]]:
    """Each rule that fails, and the paths that it fails on."""
    file = RulesFile("allowed.guard", allowed_guard.rules(LISTED), ())
    judgement = judging.judge({"t": template}, [file])
    assert judgement.broken == ()
    return {
        one.rule: [failure.path for failure in one.failures]
        for one in judgement.verdicts
        if one.status == "FAIL"
    }


def bucket(**properties: Any) -> dict[str, Any]:
    return bucket_called("B", **properties)


def bucket_called(logical_id: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {logical_id: {"Type": BUCKET, "Properties": properties}}}


CORS = {"CorsRules": [{"AllowedMethods": ["GET"]}]}


def test_what_is_listed_passes_with_what_is_on_the_way_to_it() -> None:
    assert verdicts(bucket(BucketName="b", CorsConfiguration=CORS)) == {}


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"LoggingConfiguration": {}}, "LoggingConfiguration"),
        ({"CorsConfiguration": {**CORS, "Other": 1}}, "CorsConfiguration/Other"),
        (
            {"CorsConfiguration": {"CorsRules": [{"AllowedMethods": [], "MaxAge": 1}]}},
            "CorsConfiguration/CorsRules/0/MaxAge",
        ),
        (
            {"CorsConfiguration": {"CorsRules": {"MaxAge": 1}}},
            "CorsConfiguration/CorsRules/MaxAge",
        ),
        ({"CorsConfiguration": [{"Other": 1}]}, "CorsConfiguration/0/Other"),
        ({"CorsConfiguration": {"Fn::If": []}}, "CorsConfiguration/Fn::If"),
    ],
)
def test_what_is_not_listed_fails_where_it_stands(properties: Any, path: str) -> None:
    assert verdicts(bucket(**properties)) == {RULE: [f"/Resources/B/Properties/{path}"]}


def test_a_mapping_that_the_schema_leaves_open_is_closed_once_a_key_of_it_is_listed() -> None:
    policy = {"maxReceiveCount": 3, "deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:theirs"}
    template = {
        "Resources": {"Q": {"Type": QUEUE, "Properties": {"RedrivePolicy": policy}}},
    }

    assert verdicts(template) == {
        RULE: ["/Resources/Q/Properties/RedrivePolicy/deadLetterTargetArn"]
    }


def test_a_type_that_is_not_listed_fails() -> None:
    template = {"Resources": {"U": {"Type": "AWS::Lambda::Url"}}}

    assert verdicts(template) == {TYPES: ["/Resources/U/Type"]}


def test_a_property_with_properties_of_its_own_is_closed_when_it_alone_is_listed() -> None:
    listed = Allowed({"AWS::WAFv2::WebACL": {("DefaultAction", "Allow"): PLAIN}})

    assert listed.allows("AWS::WAFv2::WebACL", ("DefaultAction", "Allow"))
    assert not listed.allows(
        "AWS::WAFv2::WebACL", ("DefaultAction", "Allow", "CustomRequestHandling")
    )


def test_a_property_may_be_listed_beside_one_below_it() -> None:
    paths = {("CorsConfiguration",): PLAIN, ("CorsConfiguration", "CorsRules", "*", "Id"): PLAIN}

    cases = yaml.safe_load(allowed_guard.cases(Allowed({BUCKET: paths})))

    (whole,) = [case for case in cases if case["name"] == f"{BUCKET}: all that is allowed"]
    assert whole["input"] == bucket_called("One", CorsConfiguration={"CorsRules": [{"Id": "x"}]})


def test_the_rules_and_the_cases_are_those_of_the_list(root: Path) -> None:
    expected = allowed_guard.contents(root)

    written = {path: path.read_bytes() for path in expected}

    assert written == expected, "run `nox -s refresh`"


def test_each_property_that_names_a_resource_or_lets_somebody_in_has_a_reason(root: Path) -> None:
    listed = allowed.read(root)
    assert listed is not None

    bare = [
        (kind, path)
        for kind, paths in listed.types.items()
        for path in allowing.need_reasons(kind, paths)
        if paths[path] == PLAIN
    ]

    assert bare == []


def test_each_listed_property_stands_in_a_template(root: Path) -> None:
    """A line that nothing sets would let something in one day, whatever the settings are."""
    text = "".join(path.read_text() for path in (root / "templates").rglob("*.j2"))
    listed = allowed.read(root)
    assert listed is not None

    idle = [
        (kind, path)
        for kind, paths in listed.types.items()
        for path in paths
        if kind not in text or f"{path[-1]}:" not in text
    ]

    assert idle == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  BuckeName: plain", "has no BuckeName"),
        ("  BucketName:", "BucketName has no reason"),
        ("  CorsConfiguration.CorsRules.*.MaxAges: plain", "has no CorsConfiguration.CorsRules.*"),
    ],
)
def test_a_line_that_can_mean_nothing_is_refused_with_its_place(
    project: Path, line: str, said: str
) -> None:
    (project / FILE).write_text(f"{BUCKET}:\n{line}\n")

    with pytest.raises(UserError) as raised:
        allowed.read(project)

    assert said in str(raised.value)
    assert f"{FILE}:2" in str(raised.value)


def test_all_variables_of_a_function_are_never_allowed_at_once(project: Path) -> None:
    (project / FILE).write_text("AWS::Lambda::Function:\n  Environment.Variables: plain\n")

    with pytest.raises(UserError, match="takes any key"):
        allowed.read(project)


def with_more(project: Path, more: str) -> None:
    edit(project, "      BillingMode:", f"{more}      BillingMode:")


INSIGHTS = "      ContributorInsightsSpecification:\n        Enabled: true\n"


def test_an_added_property_is_found_at_its_line_with_what_it_does_and_how_to_allow_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_more(project, INSIGHTS)

    assert run("guard", "dev", "--no-cache", root=project) == 1

    said = capsys.readouterr().out
    assert RULE in said
    assert "Nobody allowed ContributorInsightsSpecification of AWS::DynamoDB::Table." in said
    assert "CloudWatch Contributor Insights" in said
    assert "nox -s allow -- AWS::DynamoDB::Table ContributorInsightsSpecification" in said
    assert ">" in said
    assert f"{holding(project, 'BillingMode:')}:" in said


def test_a_new_type_is_allowed_as_a_whole_by_the_command_that_its_finding_names(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = "AWS::SSM::Parameter"
    properties = ("Type: String", "Value: tea", "Tier: Standard", "Tags: {owner: me}")
    lines = "".join(f"      {line}\n" for line in properties)
    added = f"  Added:\n    Type: {kind}\n    Properties:\n{lines}\n"
    edit(project, f"  {resource(project)}:\n", f"{added}  {resource(project)}:\n")

    assert run("guard", "dev", "--no-cache", root=project) == 1
    said = capsys.readouterr().out
    assert f"Nobody allowed resources of the type {kind}." in said
    assert f"`nox -s allow -- {kind}`" in said
    assert run("allow", root=project) == 1
    assert f"all that they set of it: nox -s allow -- {kind}" in capsys.readouterr().out

    assert run("allow", kind, root=project) == 0
    assert run("guard", "dev", "--no-cache", root=project) == 0


def test_allow_writes_the_list_and_its_rules_and_the_finding_is_gone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_more(project, INSIGHTS)
    before = (project / FILE).read_text().splitlines()

    assert run("allow", root=project) == 1
    assert (
        run("allow", "AWS::DynamoDB::Table", "ContributorInsightsSpecification", root=project) == 0
    )

    after = (project / FILE).read_text().splitlines()
    added = "  ContributorInsightsSpecification.Enabled: plain"
    assert [line for line in after if line not in before] == [added]
    assert [line for line in after if line != added] == before
    assert run("guard", "dev", "--no-cache", root=project) == 0
    capsys.readouterr()
    assert run("allow", root=project) == 0


def test_a_line_by_hand_is_told_until_the_rules_are_made_of_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.stations import refresh

    text = (project / FILE).read_text()
    (project / FILE).write_text(text.replace("  BillingMode: plain\n", ""))

    assert run("guard", "dev", "--no-cache", root=project) == 1
    assert "isn't made of the list" in capsys.readouterr().out

    refresh.refresh(project)
    assert run("guard", "dev", "--no-cache", root=project) == 1
    said = capsys.readouterr().out
    assert "isn't made of the list" not in said
    assert "Nobody allowed BillingMode" in said


def test_a_reason_may_change_without_the_rules(project: Path) -> None:
    text = (project / FILE).read_text()
    (project / FILE).write_text(text.replace("  BillingMode: plain\n", "  BillingMode: why not\n"))

    assert not allowed_guard.is_stale(project)


def test_an_added_variable_is_found_by_its_name(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "        Variables:\n"
    edit(project, line, f"{line}          AWS_LAMBDA_EXEC_WRAPPER: /opt/x\n")

    assert run("guard", "dev", "--no-cache", root=project) == 1

    said = capsys.readouterr().out
    assert (
        "Nobody allowed Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER of AWS::Lambda::Function."
        in said
    )
    assert "/opt/x" not in said


def test_refresh_never_adds_a_path(project: Path) -> None:
    from pipeline.stations import refresh

    with_more(project, INSIGHTS)
    before = (project / FILE).read_text()

    refresh.refresh(project)

    assert (project / FILE).read_text() == before
    assert run("guard", "dev", "--no-cache", root=project) == 1


def test_what_names_another_resource_is_allowed_with_a_reason_only(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "ReplicationConfiguration.Rules.*.Destination.Bucket"
    before = (project / FILE).read_text()

    assert run("allow", BUCKET, path, root=project) == 2
    assert "may name another resource" in capsys.readouterr().err
    assert (project / FILE).read_text() == before

    assert run("allow", BUCKET, path, "--reason", "a copy: ours too", root=project) == 0
    assert f'  {path}: "a copy: ours too"\n' in (project / FILE).read_text()


def test_allow_knows_the_schema(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("allow", BUCKET, "Buckets", root=project) == 1

    assert "Did you mean BucketName?" in capsys.readouterr().err


def test_a_type_that_there_is_not_is_not_allowed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / FILE).read_bytes()

    assert run("allow", "AWS::S3::Buckett", "BucketName", "--reason", "ours", root=project) == 1

    assert "Did you mean AWS::S3::Bucket?" in capsys.readouterr().err
    assert (project / FILE).read_bytes() == before


def test_a_new_type_gets_its_place_among_the_others() -> None:
    text = f"# head\n\n# about buckets\n{BUCKET}:\n  BucketName: plain\n"

    more = allowing.added(text, "AWS::Athena::WorkGroup", {("Name",): PLAIN})
    most = allowing.added(more, QUEUE, {("QueueName",): PLAIN})

    assert most == (
        "# head\n\nAWS::Athena::WorkGroup:\n  Name: plain\n\n# about buckets\n"
        f"{BUCKET}:\n  BucketName: plain\n\n{QUEUE}:\n  QueueName: plain\n"
    )


def test_a_project_without_a_list_gets_one_with_its_first_line(project: Path) -> None:
    (project / FILE).unlink()

    assert run("allow", QUEUE, "QueueName", root=project) == 0

    assert (project / FILE).read_text().endswith(f"\n{QUEUE}:\n  QueueName: plain\n")
