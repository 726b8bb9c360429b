"""doctor --policy, and doctor's judgement: what is printed suffices, and is no wider than said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.connecting import clients
from pipeline.environment import settings
from pipeline.errors import Refused, UserError
from pipeline.iam import evaluation, service_reference
from pipeline.render import Rendered, render
from pipeline.rights import permissions, places, policies
from pipeline.rights.places import Places
from pipeline.rights.policies import PURPOSES, Purpose
from pipeline.stations import doctor
from tests.conftest import ROOT
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import ACCOUNT, PROJECT, Aws

ENVIRONMENTS = settings.names(ROOT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudformation"
DATA = {f"dynamodb:{name}" for name in ("GetItem", "Query", "Scan", "PutItem", "DeleteItem")}


@cache
def rendered(name: str) -> Rendered:
    return render(settings.load(name, ROOT), ROOT)


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def of(request: pytest.FixtureRequest) -> Places:
    """Where an environment's resources will be."""
    return places.of(rendered(request.param), ACCOUNT)


def stack(*resources: str, **changes: Any) -> Places:
    """The places of a small template."""
    text = "Resources:\n" + "\n".join(f"  {one}" for one in resources) + "\nOutputs: {}\n"
    return places.of(scripted_aws.rendered(scripted_aws.loaded(**changes), text), ACCOUNT)


def statements(of: Places, purpose: Purpose) -> list[dict[str, Any]]:
    return [
        one for policy in policies.documents(of, purpose) for one in policy.document["Statement"]
    ]


def allowed(found: Iterable[dict[str, Any]]) -> set[str]:
    return {action for one in found if one["Effect"] == "Allow" for action in one["Action"]}


# What is printed


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_policy_is_small_enough_and_a_role_can_have_all(of: Places, purpose: Purpose) -> None:
    found = policies.documents(of, purpose)

    assert 0 < len(found) <= 10  # managed policies of one role
    assert all(one.size <= policies.LARGEST for one in found)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_action_is_one_that_aws_has(of: Places, purpose: Purpose) -> None:
    actions = allowed(statements(of, purpose)) - policies.NEWER

    assert actions
    assert {one for one in actions if not service_reference.is_known(one)} == set()


def test_every_action_that_is_written_out_is_one_that_aws_has() -> None:
    used = {action for one in permissions.STATIONS.values() for action in one} - policies.NEWER

    assert {one for one in used if not service_reference.is_known(one)} == set()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_only_what_aws_can_not_limit_is_allowed_on_everything(of: Places, purpose: Purpose) -> None:
    wide = policies.on_everything(policies.grants(of, purpose))

    limited = [one for one in wide if service_reference.resource_types(one)]
    assert limited == ([] if purpose in {"plan", "restore"} or not alarms(of) else [DESCRIBE])


DESCRIBE = "cloudwatch:DescribeAlarms"


def alarms(of: Places) -> bool:
    return bool(of.of_type("AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("purpose", ["plan", "deploy", "destroy"])
def test_nobody_who_deploys_reads_or_writes_sessions(of: Places, purpose: Purpose) -> None:
    assert allowed(statements(of, purpose)) & DATA == set()


LOGGED = (
    "Stage: {Type: 'AWS::ApiGatewayV2::Stage', Properties: {ApiId: a, StageName: b,"
    " AccessLogSettings: {DestinationArn: c, Format: d}}}"
)


def test_access_logs_bring_the_rights_of_log_delivery() -> None:
    of = stack(LOGGED)
    names = ("Create", "Get", "Update", "Delete")
    delivery = {f"logs:{name}LogDelivery" for name in names} | {
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    }

    assert delivery <= allowed(statements(of, "deploy"))


def test_a_stage_without_access_logs_needs_none_of_them() -> None:
    of = stack("Stage: {Type: 'AWS::ApiGatewayV2::Stage', Properties: {ApiId: a, StageName: b}}")

    assert not {one for one in allowed(statements(of, "deploy")) if one.startswith("logs:")}


def test_drift_and_its_reversal_may_read_every_resource() -> None:
    policy = "{Policies: [{PolicyName: p, PolicyDocument: {}}]}"
    permission = (
        "{Action: 'lambda:InvokeFunction', FunctionName: !Ref F, Principal: s3.amazonaws.com}"
    )
    of = stack(
        "B: {Type: 'AWS::S3::Bucket', Properties: {CorsConfiguration: {CorsRules: []}}}",
        "T: {Type: 'AWS::DynamoDB::Table', Properties: {KeySchema: []}}",
        f"R: {{Type: 'AWS::IAM::Role', Properties: {policy}}}",
        "F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: f}}",
        f"P: {{Type: 'AWS::Lambda::Permission', Properties: {permission}}}",
    )

    found = allowed(statements(of, "deploy"))

    assert {"s3:GetBucketCORS", "dynamodb:DescribeTimeToLive", "iam:GetRolePolicy"} <= found
    assert {"cloudformation:DetectStackResourceDrift", "lambda:GetPolicy"} <= found


def test_a_policy_is_about_this_stack_alone(of: Places) -> None:
    own = of.rendered.settings.stack_name
    named = [
        arn
        for one in statements(of, "deploy")
        for arn in ([one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"])
        if any(f":{kind}" in arn for kind in ("dynamodb:", "s3:", "iam:", "cloudformation:"))
    ]

    project, name = of.rendered.settings.project_name, of.rendered.settings.name
    assert named
    assert all(own in arn or (project in arn and name in arn) for arn in named)


def test_the_plans_policy_begins_with_its_denial_and_changes_nothing(of: Places) -> None:
    found = statements(of, "plan")

    assert found[:2] == list(permissions.PLAN_DENIES)
    actions = allowed(found)
    assert "cloudformation:CreateChangeSet" in actions
    assert not {one for one in actions if "Execute" in one or ":DeleteStack" in one}
    assert not {one for one in actions if one.partition(":")[0] in {"iam", "lambda", "kms"}}


def test_a_plan_writes_where_no_deployment_looks(of: Places) -> None:
    writing = [
        one["Resource"]
        for one in statements(of, "plan")
        if one["Effect"] == "Allow"
        and {"s3:PutObject", "s3:DeleteObjectVersion"} & {*one["Action"]}
    ]

    assert writing
    assert all(str(arn).endswith("/plan/*") for arn in writing)


def test_who_destroys_makes_nothing(of: Places) -> None:
    assert not {one for one in allowed(statements(of, "destroy")) if ":Create" in one}


def test_roles_are_only_handed_to_lambda(of: Places) -> None:
    (passing,) = [one for one in statements(of, "deploy") if "iam:PassRole" in one["Action"]]

    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    own = of.rendered.settings.stack_name
    assert passing["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/{own}-*"


def test_a_boundary_is_demanded_where_all_roles_have_it() -> None:
    bounds = f"arn:aws:iam::{ACCOUNT}:policy/Bounds"
    of = stack(f"Role: {{Type: 'AWS::IAM::Role', Properties: {{PermissionsBoundary: '{bounds}'}}}}")

    (making,) = [one for one in statements(of, "deploy") if "iam:CreateRole" in one["Action"]]

    assert making["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": bounds}}
    assert "iam:PutRolePolicy" not in making["Action"]  # the role has none


def test_what_has_no_name_is_limited_by_its_tags_once_it_has_them() -> None:
    given = [{"Key": key, "Value": PROJECT} for key in ("Project", "Environment")]
    of = stack(
        f"K: {{Type: 'AWS::KMS::Key', Properties: {{KeyPolicy: {{}}, Tags: {given}}}}}",
        f"D: {{Type: 'AWS::CloudFront::Distribution', Properties: {{Tags: {given}}}}}",
        tags={"Project": PROJECT, "Environment": "dev"},
    )
    conditions = {
        action: sorted(one.get("Condition", {}).get("StringEquals", {}))
        for one in statements(of, "deploy")
        for action in one["Action"]
    }

    tags = ["aws:ResourceTag/Environment", "aws:ResourceTag/Project"]
    assert conditions["kms:ScheduleKeyDeletion"] == tags
    assert conditions["cloudfront:DeleteDistribution"] == tags
    assert conditions["cloudfront:CreateInvalidation"] == tags
    assert conditions["kms:CreateKey"] == [one.replace("Resource", "Request") for one in tags]
    assert conditions["cloudfront:CreateDistribution"] == []
    assert conditions["kms:TagResource"] == []


def test_with_a_service_role_the_deployer_only_hands_it_over() -> None:
    aws = {**scripted_aws.loaded().settings.aws.model_dump(), "service_role_arn": ROLE}
    of = stack("Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q}}", aws=aws)

    deployer, role = statements(of, "deploy"), policies.service_role(of)

    assert not {one for one in allowed(deployer) if one.startswith("sqs:")}
    (passing,) = [one for one in deployer if "iam:PassRole" in one["Action"]]
    assert passing["Resource"] == ROLE
    assert [one.name for one in role] == [f"{PROJECT}-dev-service-role-1"]
    assert "sqs:CreateQueue" in allowed(role[0].document["Statement"])


def test_names_in_a_zone_and_a_certificate_bring_route53() -> None:
    of = stack(
        "Name: {Type: 'AWS::Route53::RecordSet', Properties: {Name: a, Type: A}}",
        "Proof: {Type: 'AWS::CertificateManager::Certificate',"
        " Properties: {DomainName: a, DomainValidationOptions: []}}",
    )

    found = allowed(statements(of, "deploy"))

    assert {"route53:ChangeResourceRecordSets", "acm:RequestCertificate"} <= found


KEY = "Key: {Type: 'AWS::SecretsManager::Secret', Properties: {Name: box/key}}"
RESOLVED = "'{{resolve:secretsmanager:%s}}'"


def reader(value: str) -> str:
    """A function that is told a value."""
    told = f"Environment: {{Variables: {{KEYS: {value}}}}}"
    return f"Work: {{Type: 'AWS::Lambda::Function', Properties: {{{told}}}}}"


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("!Sub " + RESOLVED % "${Key}", "box/key-*"),
        (f"!Join [',', [{RESOLVED % 'a'}, !Sub {RESOLVED % '${Key}'}]]", "box/key-*"),
        (RESOLVED % "of/others:SecretString:password", "of/others-*"),
        ("!Sub " + RESOLVED % "${Elsewhere.Name}", "*"),
    ],
)
def test_a_dynamic_reference_lets_the_deployer_read_just_that_secret(
    value: str, secret: str
) -> None:
    of = stack(KEY, reader(value))

    reading = [
        one["Resource"]
        for one in policies.statements(policies.of_template(of, "deploy"))
        if "secretsmanager:GetSecretValue" in one["Action"]
    ]

    arn = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{secret}"
    assert any(arn == where or arn in where for where in reading)


def test_a_dynamic_reference_to_an_arn_is_about_that_secret() -> None:
    arn = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:box/key-Ab12Cd"

    of = stack(reader(RESOLVED % f"{arn}:SecretString:password"))

    assert of.resolved(of.resources["Work"]) == (arn,)


def test_a_secret_without_a_name_is_called_by_its_logical_id() -> None:
    of = stack("Key: {Type: 'AWS::SecretsManager::Secret'}")

    assert of.of("Key") == (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:Key-*",)


@pytest.mark.parametrize("purpose", ["plan", "restore"])
def test_only_who_deploys_reads_a_secret(purpose: Purpose) -> None:
    of = stack(KEY, reader("!Sub " + RESOLVED % "${Key}"))

    assert "secretsmanager:GetSecretValue" not in allowed(statements(of, purpose))


def test_a_function_at_the_edge_is_published_where_the_template_says_so() -> None:
    of = stack(
        "F: {Type: 'AWS::CloudFront::Function', Properties: {Name: pages, AutoPublish: true}}"
    )

    (making,) = [
        one for one in statements(of, "deploy") if "cloudfront:PublishFunction" in one["Action"]
    ]

    assert making["Resource"] == f"arn:aws:cloudfront::{ACCOUNT}:function/pages"


def test_a_type_that_nobody_wrote_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    of = stack("Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: b}}")

    assert policies.by_schema_alone(of) == ["AWS::Events::EventBus"]
    assert "events:CreateEventBus" in allowed(statements(of, "deploy"))


def test_every_type_of_this_application_is_written_out(of: Places) -> None:
    assert policies.by_schema_alone(of) == []


def test_a_name_that_cloudformation_makes_up_may_be_cut() -> None:
    of = stack("Q: {Type: 'AWS::SQS::Queue'}", project_name="a-very-long-name-indeed", tags={})

    assert of.of("Q") == (f"arn:aws:sqs:us-east-1:{ACCOUNT}:a-very-long-name-indeed-*",)


def test_an_action_that_aws_has_not_is_a_mistake_of_ours() -> None:
    of = stack("Q: {Type: 'AWS::SQS::Queue'}")

    with pytest.raises(UserError, match="no s3:NoSuchThing"):
        policies._grant(of, "s3:NoSuchThing", ("*",), "a test")


def test_policies_of_an_unknown_account_are_refused() -> None:
    with pytest.raises(Refused, match="which account"):
        places.of(scripted_aws.rendered(scripted_aws.loaded()), None)


def test_what_is_larger_than_a_policy_is_parted() -> None:
    actions = [f"service:Action{number:04}" for number in range(600)]

    found = policies._split("p", [policies._statement(actions, ["*"], "{}")])

    assert len(found) > 1
    assert all(one.size <= policies.LARGEST for one in found)
    assert [action for one in found for action in one.document["Statement"][0]["Action"]] == actions


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_command_prints_json_and_says_the_rest_beside(
    project: Path, capsys: pytest.CaptureFixture[str], purpose: Purpose
) -> None:
    file = project / "environments/prod.yaml"
    file.write_text(file.read_text().replace("account: null", f'account: "{ACCOUNT}"', 1))

    assert doctor.print_policies(purpose, "prod", project) == 0

    shown = capsys.readouterr()
    assert next(iter(json.loads(shown.out))) == f"{PROJECT}-prod-{purpose}-1"
    assert "of 6,144 characters" in shown.err
    assert ("can give itself any right" in shown.err) is (purpose == "deploy")


# What doctor says of somebody who has just that


@pytest.fixture
def account(scripted: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    scripted.says(
        "GetCallerIdentity", {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/me"}
    )
    monkeypatch.setattr(clients, "connect", lambda _: scripted.clients)
    return scripted


def simulator(documents: list[dict[str, Any]]) -> Any:
    """IAM, whose policies are these documents."""

    def answer(sent: dict[str, Any]) -> dict[str, Any]:
        context = {
            entry["ContextKeyName"]: entry["ContextKeyValues"][0]
            for entry in sent["ContextEntries"]
        }
        context.setdefault("cloudformation:ChangeSetName", "deploy-x")
        found = [
            (action, arn, evaluation.allowed(documents, action, arn, context))
            for action in sent["ActionNames"]
            for arn in sent["ResourceArns"]
        ]
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalResourceName": arn,
                    "EvalDecision": "allowed" if decision else "implicitDeny",
                }
                for action, arn, decision in found
            ]
        }

    return answer


def printed(name: str, *purposes: Purpose) -> list[dict[str, Any]]:
    of = places.of(rendered(name), ACCOUNT)
    return [one.document for purpose in purposes for one in policies.documents(of, purpose)]


def said(answers: Any) -> str:
    return "\n".join(line for answer in answers for line in doctor.lines(answer))


def test_a_role_limited_to_names_passes(account: Aws, project: Path) -> None:
    account.says(
        "SimulatePrincipalPolicy", simulator(printed("dev", "deploy", "restore", "destroy"))
    )

    answers = list(doctor.of_environment("dev", project))

    assert [one.thing for one in answers if one.is_missing] == []


def test_a_role_for_plans_passes_for_plans_alone(account: Aws, project: Path) -> None:
    account.says("SimulatePrincipalPolicy", simulator(printed("dev", "plan")))

    text = said(doctor.of_environment("dev", project))

    assert "ok  permissions of plan" in text
    assert "no  permissions of deploy" in text
    assert "cloudformation:ExecuteChangeSet" in text


def test_a_role_of_another_environment_does_not_pass(account: Aws, project: Path) -> None:
    documents = json.loads(json.dumps(printed("dev", "deploy")).replace("dev", "other"))
    account.says("SimulatePrincipalPolicy", simulator(documents))

    text = said(doctor.of_environment("dev", project))

    assert "no  permissions of deploy" in text
    assert "`doctor --policy` prints what to ask for" in text


def test_a_missing_right_is_found_before_the_resource_fails_that_needs_it(
    account: Aws, project: Path
) -> None:
    text = json.dumps(printed("dev", "deploy", "restore", "destroy"))
    documents = json.loads(text.replace("logs:PutRetentionPolicy", "logs:PutNothing"))
    account.says("SimulatePrincipalPolicy", simulator(documents))

    text = said(doctor.of_environment("dev", project))

    assert "--  AWS::Logs::LogGroup" in text
    assert "logs:PutRetentionPolicy" in text


def test_with_a_service_role_its_rights_are_asked_about(account: Aws, project: Path) -> None:
    file = project / "environments/dev.yaml"
    file.write_text(file.read_text().replace("role_arn: null", f"role_arn: {ROLE}", 1))
    account.says("SimulatePrincipalPolicy", simulator([]))

    text = said(doctor.of_environment("dev", project))

    sources = [
        sent["PolicySourceArn"] for name, sent in account.calls if name == "SimulatePrincipalPolicy"
    ]
    assert set(sources) == {ROLE, f"arn:aws:iam::{ACCOUNT}:user/me"}
    assert f"The role {ROLE} may need" in text


def test_of_a_machine_that_deploys_no_browser_is_demanded(
    account: Aws, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("CHROMIUM", raising=False)
    account.says(
        "SimulatePrincipalPolicy", simulator(printed("dev", "deploy", "restore", "destroy"))
    )

    missing = [one for one in doctor._all("dev", project) if one.is_missing and not one.optional]

    assert missing == []
