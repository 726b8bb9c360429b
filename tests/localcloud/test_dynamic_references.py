"""`{{resolve:secretsmanager:…}}`: resolved with its resource, and shown to nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.cloudformation.dynamic_references import places
from tests.localcloud.driving import Driver, resources

GENERATED = {
    "GenerateSecretString": {
        "PasswordLength": 48,
        "ExcludePunctuation": True,
        "IncludeSpace": False,
    }
}


def secret(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties or GENERATED}


def group(value: Any, days: int = 7) -> dict[str, Any]:
    """Whatever keeps a text that can be read back."""
    tags = [{"Key": "key", "Value": value}]
    properties = {"LogGroupName": "/g", "RetentionInDays": days, "Tags": tags}
    return {"Type": "AWS::Logs::LogGroup", "Properties": properties}


WHOLE = {"Fn::Sub": "{{resolve:secretsmanager:${Key}}}"}


def kept(aws_here: Driver) -> str:
    """What the resource's own service has."""
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/g"
    return str(aws_here("logs").list_tags_for_resource(resourceArn=arn)["tags"]["key"])


def value(aws_here: Driver, name: str) -> str:
    return str(aws_here("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def test_a_service_gets_the_secret_s_value(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE)))

    made = value(aws_here, aws_here.physical_ids()["Key"])
    assert kept(aws_here) == made
    assert len(made) == 48
    assert made.isalnum()
    assert aws_here.read_back().differences == ()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("secretsmanager:plain", '{"a": "1"}'),
        ("secretsmanager:plain:SecretString", '{"a": "1"}'),
        ("secretsmanager:plain:SecretString:a", "1"),
        ("secretsmanager:plain:SecretString:a:AWSCURRENT", "1"),
        ("secretsmanager:plain:SecretString:::", '{"a": "1"}'),
    ],
)
def test_each_form_of_a_reference_is_read(aws_here: Driver, reference: str, expected: str) -> None:
    aws_here("secretsmanager").create_secret(Name="plain", SecretString='{"a": "1"}')

    stack = aws_here.deploy(resources(It=group(f"{{{{resolve:{reference}}}}}")))

    assert stack["StackStatus"] == "CREATE_COMPLETE", aws_here.history()
    assert kept(aws_here) == expected


def test_a_secret_that_changes_alone_changes_nothing(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE)))
    first, name = kept(aws_here), aws_here.physical_ids()["Key"]

    aws_here("secretsmanager").put_secret_value(SecretId=name, SecretString="another")

    change_set = aws_here.change_set(resources(Key=secret(), It=group(WHOLE)))
    assert change_set["Status"] == "FAILED"
    assert kept(aws_here) == first
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE, days=14)))
    assert kept(aws_here) == "another"


def test_an_update_that_fails_brings_the_value_back(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE)))
    before = kept(aws_here)
    bad = {"Type": "AWS::SQS::Queue", "DependsOn": "It", "Properties": {"QueueNam": "q"}}

    stack = aws_here.deploy(resources(Key=secret(), It=group("no secret"), Bad=bad))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert kept(aws_here) == before


def test_cloudformation_shows_the_reference_and_never_the_value(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE)))
    made = kept(aws_here)

    change_set = aws_here.change_set(resources(Key=secret(), It=group(WHOLE, days=14)))
    reverting = aws_here.change_set(
        resources(Key=secret(), It=group(WHOLE, days=14)), DeploymentMode="REVERT_DRIFT"
    )
    aws_here.stacks.detect_stack_drift(StackName="app")
    shown = [
        change_set,
        reverting,
        aws_here.stacks.describe_stacks(),
        aws_here.stacks.get_template(StackName="app"),
        aws_here.history(),
        aws_here.stacks.describe_stack_resources(StackName="app"),
        aws_here.stacks.describe_stack_resource_drifts(StackName="app"),
    ]

    assert "resolve:secretsmanager" in json.dumps(change_set, default=str)
    assert made not in json.dumps(shown, default=str)


def test_a_reference_never_drifts_and_what_stands_beside_it_does(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(), It=group(WHOLE)))
    aws_here("secretsmanager").put_secret_value(
        SecretId=aws_here.physical_ids()["Key"], SecretString="another"
    )

    def status() -> dict[str, str]:
        aws_here.stacks.detect_stack_drift(StackName="app")
        drifts = aws_here.stacks.describe_stack_resource_drifts(StackName="app")
        return {
            one["LogicalResourceId"]: one["StackResourceDriftStatus"]
            for one in drifts["StackResourceDrifts"]
        }

    assert set(status().values()) == {"IN_SYNC"}
    aws_here("logs").put_retention_policy(logGroupName="/g", retentionInDays=90)
    assert status()["It"] == "MODIFIED"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("ssm:name", "secretsmanager only"),
        ("ssm-secure:name:1", "secretsmanager only"),
        ("secretsmanager:nobody", "ResourceNotFoundException"),
        ("secretsmanager:nobody:SecretBinary", "there is SecretString"),
    ],
)
def test_what_can_t_be_resolved_fails_the_resource(
    aws_here: Driver, reference: str, words: str
) -> None:
    aws_here.deploy(resources(It=group(f"{{{{resolve:{reference}}}}}")))

    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "CREATE_FAILED")
    assert words in failed["ResourceStatusReason"]


def test_every_reference_of_a_value_has_its_place() -> None:
    value = {"a": [{"b": "x {{resolve:secretsmanager:s}}"}, 1], "c": "{{no}}", "d": None}

    assert list(places(value)) == [("a", 0, "b")]


def test_a_secret_is_gone_with_its_stack(aws_here: Driver) -> None:
    aws_here.deploy(resources(Key=secret(Name="mine", SecretString="x")))
    aws_here.stacks.delete_stack(StackName="app")

    listed = aws_here("secretsmanager").list_secrets(IncludePlannedDeletion=True)

    assert listed["SecretList"] == []


def test_a_random_value_can_be_a_key_of_a_document(aws_here: Driver) -> None:
    wanted = {"SecretStringTemplate": '{"user": "me"}', "GenerateStringKey": "password"}
    aws_here.deploy(resources(Key=secret(Name="mine", GenerateSecretString=wanted)))

    made = json.loads(value(aws_here, "mine"))

    assert made["user"] == "me"
    assert len(made["password"]) == 32
