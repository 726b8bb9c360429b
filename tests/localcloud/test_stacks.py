"""A stack's life: made, changed, rolled back, protected, deleted."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.driving import Driver, group, queue, resources

TAKEN = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {}}
BROKEN = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {"Bucket": "no-such-bucket", "PolicyDocument": {"Statement": []}},
}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Message"])


def test_a_created_stack_has_outputs_parameters_tags_and_exports(aws_here: Driver) -> None:
    template = {
        "Description": "two words",
        "Parameters": {"Days": {"Type": "Number", "Default": 7}},
        "Resources": {"Logs": group(days={"Ref": "Days"})},  # type: ignore[arg-type]
        "Outputs": {
            "Arn": {
                "Value": {"Fn::GetAtt": ["Logs", "Arn"]},
                "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-Arn"}},
            }
        },
    }

    stack = aws_here.deploy(template, Tags=[{"Key": "team", "Value": "a"}])

    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/g:*"
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Description"] == "two words"
    assert stack["Outputs"] == [
        {"OutputKey": "Arn", "OutputValue": arn, "ExportName": "app-Arn"}
    ]  # fmt: skip
    assert stack["Parameters"] == [{"ParameterKey": "Days", "ParameterValue": "7"}]
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    exports = aws_here.stacks.list_exports()["Exports"]
    assert exports == [{"ExportingStackId": stack["StackId"], "Name": "app-Arn", "Value": arn}]


def test_events_tell_each_resource_and_then_the_stack(aws_here: Driver) -> None:
    later = {**queue("later"), "DependsOn": ["Sooner"]}

    aws_here.deploy(resources(Later=later, Sooner=queue("sooner")))

    assert aws_here.events() == [
        ("app", "REVIEW_IN_PROGRESS"),
        ("app", "CREATE_IN_PROGRESS"),
        ("Sooner", "CREATE_IN_PROGRESS"),
        ("Sooner", "CREATE_IN_PROGRESS"),
        ("Sooner", "CREATE_COMPLETE"),
        ("Later", "CREATE_IN_PROGRESS"),
        ("Later", "CREATE_IN_PROGRESS"),
        ("Later", "CREATE_COMPLETE"),
        ("app", "CREATE_COMPLETE"),
    ]


def test_the_tags_of_a_stack_reach_its_resources(aws_here: Driver) -> None:
    own = [{"Key": "team", "Value": "own"}]
    template = resources(Plain=group("/plain"), Own=group("/own", Tags=own))

    aws_here.deploy(template, Tags=[{"Key": "team", "Value": "a"}])

    def tags(name: str) -> Any:
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
        return aws_here("logs").list_tags_for_resource(resourceArn=arn)["tags"]

    assert (tags("/plain"), tags("/own")) == ({"team": "a"}, {"team": "own"})


def test_create_stack_makes_it_at_once(aws_here: Driver) -> None:
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'

    aws_here.stacks.create_stack(StackName="app", TemplateBody=body)

    assert aws_here.stack()["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError) as error:
        aws_here.stacks.create_stack(StackName="app", TemplateBody=body)
    assert error.value.response["Error"]["Code"] == "AlreadyExistsException"


def test_yaml_with_short_functions_is_read_as_cloudformation_reads_it(aws_here: Driver) -> None:
    text = """
Parameters:
  Name: {Type: String, Default: q}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub
        - "${Name}-${Region}-${!kept}"
        - Region: !Select [0, !Split ["-", !Ref AWS::Region]]
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: "*", Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}
Outputs:
  Joined: {Value: !Join ["/", [!GetAtt Queue.QueueName, !Ref AWS::Partition]]}
"""
    text = text.replace("-${!kept}", "")

    stack = aws_here.deploy(text)

    assert stack["Outputs"][0]["OutputValue"] == "q-us/aws"
    assert aws_here.read_back().differences == ()


# ---- failure


def test_a_failing_resource_rolls_the_creation_back(aws_here: Driver) -> None:
    template = resources(Good=queue(), Bad={**BROKEN, "DependsOn": "Good"})

    stack = aws_here.deploy(template)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws_here.events()[-6:] == [
        ("Bad", "CREATE_IN_PROGRESS"),
        ("Bad", "CREATE_FAILED"),
        ("app", "ROLLBACK_IN_PROGRESS"),
        ("Good", "DELETE_IN_PROGRESS"),
        ("Good", "DELETE_COMPLETE"),
        ("app", "ROLLBACK_COMPLETE"),
    ]
    failed, rollback = aws_here.history()[-5:-3]
    assert "NoSuchBucket" in failed["ResourceStatusReason"]
    assert rollback["ResourceStatusReason"] == (
        "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    )
    assert "QueueUrls" not in aws_here("sqs").list_queues()


def test_a_stack_that_rolled_back_can_only_be_deleted(aws_here: Driver) -> None:
    aws_here.deploy(resources(Bad=BROKEN))

    with pytest.raises(ClientError) as error:
        aws_here.change_set(resources(Good=queue()))

    assert "is in ROLLBACK_COMPLETE state and can not be updated" in refusal(error)
    aws_here.stacks.delete_stack(StackName="app")
    assert aws_here.deploy(resources(Good=queue()))["StackStatus"] == "CREATE_COMPLETE"


def test_rollback_keeps_what_says_retain_and_not_what_says_except_on_create(
    aws_here: Driver,
) -> None:
    kept = {**group("/kept"), "DeletionPolicy": "Retain"}
    gone = {**group("/gone"), "DeletionPolicy": "RetainExceptOnCreate"}
    bad = {**BROKEN, "DependsOn": ["Kept", "Gone"]}

    aws_here.deploy(resources(Kept=kept, Gone=gone, Bad=bad))

    groups = aws_here("logs").describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/kept"]
    assert ("Kept", "DELETE_SKIPPED") in aws_here.events()


def test_a_rollback_that_fails_says_what_is_left(aws_here: Driver) -> None:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "t",
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": True,
        },
    }

    stack = aws_here.deploy(resources(Table=table, Bad={**BROKEN, "DependsOn": "Table"}))

    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert "[Table]" in stack["StackStatusReason"]


def test_a_failing_update_goes_back_to_what_there_was(aws_here: Driver) -> None:
    first = resources(Logs=group(days=7), Old=queue("old"))
    bad = {**BROKEN, "DependsOn": ["Logs", "New"]}
    aws_here.deploy(first)

    stack = aws_here.deploy(resources(Logs=group(days=30), New=queue("new"), Bad=bad))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    statuses = [status for name, status in aws_here.events() if name == "app"]
    assert statuses[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert set(aws_here.physical_ids()) == {"Logs", "Old"}
    assert aws_here.read_back().differences == ()
    (url,) = aws_here("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/old")


def test_a_name_that_is_taken_is_no_success(aws_here: Driver) -> None:
    aws_here("logs").create_log_group(logGroupName="/g")

    aws_here.deploy(resources(Logs=group("/g")))

    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "CREATE_FAILED")
    assert "/g already exists" in failed["ResourceStatusReason"]
    assert aws_here("logs").describe_log_groups()["logGroups"], "it isn't ours to delete"


def test_what_is_half_made_when_it_fails_goes_too(aws_here: Driver) -> None:
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "half",
            "NotificationConfiguration": {
                "LambdaConfigurations": [
                    {
                        "Event": "s3:ObjectCreated:*",
                        "Function": "arn:aws:lambda:us-east-1:123456789012:function:f",
                    }
                ]
            },
        },
    }

    aws_here.deploy(resources(Bucket=bucket))

    reasons = [one.get("ResourceStatusReason", "") for one in aws_here.history()]
    assert any("Unable to validate the following destination" in one for one in reasons)
    assert aws_here("s3").list_buckets()["Buckets"] == []


def test_an_export_belongs_to_one_stack(aws_here: Driver) -> None:
    template = {
        **resources(Q={"Type": "AWS::SQS::Queue"}),
        "Outputs": {"Name": {"Value": "x", "Export": {"Name": "shared"}}},
    }
    aws_here.deploy(template, stack="one")

    two = aws_here.deploy(template, stack="two")

    assert two["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exported by stack one" in str(aws_here.history("two"))


# ---- updates


def test_a_replaced_resource_gets_a_new_id_and_the_old_one_goes(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue("first")))
    before = aws_here.physical_ids()

    aws_here.deploy(resources(Q=queue("second")))

    assert aws_here.physical_ids() != before
    (url,) = aws_here("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/second")
    last = aws_here.events()[-4:]
    assert last[0] == ("app", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert last[1:] == [
        ("Q", "DELETE_IN_PROGRESS"),
        ("Q", "DELETE_COMPLETE"),
        ("app", "UPDATE_COMPLETE"),
    ]


def test_a_custom_named_resource_cannot_be_replaced(aws_here: Driver) -> None:
    def table(key: str) -> dict[str, Any]:
        return {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "t",
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        }

    aws_here.deploy(resources(T=table("a")))

    stack = aws_here.deploy(resources(T=table("b")))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "UPDATE_FAILED")
    assert "custom-named resource requires replacing" in failed["ResourceStatusReason"]


def test_what_leaves_the_template_goes_unless_it_is_retained(aws_here: Driver) -> None:
    kept = {**group("/kept"), "DeletionPolicy": "RetainExceptOnCreate"}
    aws_here.deploy(resources(Kept=kept, Gone=group("/gone"), Stays=queue()))

    aws_here.deploy(resources(Stays=queue()))

    groups = aws_here("logs").describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/kept"]
    assert set(aws_here.physical_ids()) == {"Stays"}


# ---- deletion


def test_a_deleted_stack_is_found_by_its_id_only(aws_here: Driver) -> None:
    stack = aws_here.deploy(resources(Q=queue()))

    aws_here.stacks.delete_stack(StackName="app")

    assert aws_here.stack(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError) as error:
        aws_here.stack("app")
    assert refusal(error) == "Stack with id app does not exist"
    assert "QueueUrls" not in aws_here("sqs").list_queues()


def test_termination_protection_is_honoured(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue()))
    protect = aws_here.stacks.update_termination_protection
    protect(StackName="app", EnableTerminationProtection=True)

    with pytest.raises(ClientError) as error:
        aws_here.stacks.delete_stack(StackName="app")

    assert "TerminationProtection is enabled" in refusal(error)
    assert aws_here.stack()["EnableTerminationProtection"] is True
    protect(StackName="app", EnableTerminationProtection=False)
    aws_here.stacks.delete_stack(StackName="app")


def test_a_bucket_that_is_not_empty_stops_the_deletion(aws_here: Driver) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}
    aws_here.deploy(resources(Bucket=bucket, Q=queue()))
    aws_here("s3").put_object(Bucket="full", Key="k", Body=b"")

    aws_here.stacks.delete_stack(StackName="app")

    stack = aws_here.stack()
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert any("BucketNotEmpty" in str(one) for one in aws_here.history())
    aws_here("s3").delete_object(Bucket="full", Key="k")
    aws_here.stacks.delete_stack(StackName="app")
    assert aws_here.stack(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


# ---- templates that are refused


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (resources(Odd={"Type": "AWS::EC2::Instance"}), "AWS::EC2::Instance] of resource Odd"),
        (resources(Odd={"Type": "AWS::No::Such"}), "AWS::No::Such] of resource Odd"),
        (resources(Q={**queue(), "Colour": {}}), "Colour"),
        (resources(Q={**queue(), "DependsOn": "Nobody"}), "Nobody"),
        (resources(Q=queue(DelaySeconds={"Ref": "Nobody"})), "Nobody"),
        (resources(Q=queue(), R=queue(KmsMasterKeyId={"Fn::GetAtt": ["Q", "Size"]})), "Size"),
        (resources(Q={**queue(), "DependsOn": "Q"}), "Circular dependency"),
        ({**resources(Q=queue()), "Transform": "AWS::Serverless-2016-10-31"}, "Transform"),
        ({"Resources": {}}, "At least one Resources member"),
        ("Resources: [", "Template format error"),
    ],
)
def test_a_wrong_template_is_refused_before_anything_is_made(
    aws_here: Driver, template: dict[str, Any] | str, words: str
) -> None:
    with pytest.raises(ClientError) as error:
        aws_here.change_set(template)

    assert error.value.response["Error"]["Code"] == "ValidationError"
    assert words in refusal(error)
    assert aws_here.stacks.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"QueueNam": "q"}, "Encountered unsupported property QueueNam"),
        ({"QueueName": "{{resolve:ssm:name}}"}, "dynamic references"),
        ({"DeduplicationScope": "queue"}, "DeduplicationScope isn't supported by this endpoint"),
    ],
)
def test_a_property_that_would_be_dropped_fails_the_resource(
    aws_here: Driver, properties: dict[str, str], words: str
) -> None:
    aws_here.deploy(resources(Q={"Type": "AWS::SQS::Queue", "Properties": properties}))

    failed = next(one for one in aws_here.history() if one["ResourceStatus"] == "CREATE_FAILED")
    assert failed["LogicalResourceId"] == "Q"
    assert words in failed["ResourceStatusReason"]


def test_a_role_wants_its_capability(aws_here: Driver) -> None:
    body = '{"Resources": {"R": {"Type": "AWS::IAM::Role"}}}'

    with pytest.raises(ClientError) as error:
        aws_here.stacks.create_stack(StackName="app", TemplateBody=body)

    assert error.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    assert refusal(error) == "Requires capabilities : [CAPABILITY_IAM]"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Parameters: [Size] must have values"),
        ({"Size": "s", "Colour": "red"}, "Parameters: [Colour] do not exist in the template"),
        ({"Size": "xxl"}, "Parameter 'Size' must be one of AllowedValues"),
    ],
)
def test_parameters_are_checked(aws_here: Driver, given: dict[str, str], words: str) -> None:
    template = {
        "Parameters": {"Size": {"Type": "String", "AllowedValues": ["s", "m"]}},
        **resources(Q=queue()),
    }
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]

    with pytest.raises(ClientError) as error:
        aws_here.change_set(template, Parameters=values)

    assert words in refusal(error)


def test_a_template_above_the_limit_goes_by_a_bucket(aws_here: Driver) -> None:
    template = resources(Q=queue()) | {"Description": "x" * 60_000}
    with pytest.raises(ClientError) as error:
        aws_here.change_set(template)
    assert "51200" in refusal(error)
    body = str(template).replace("'", '"').encode()
    aws_here("s3").create_bucket(Bucket="templates")
    aws_here("s3").put_object(Bucket="templates", Key="a/b.json", Body=body)

    aws_here.stacks.create_stack(
        StackName="app", TemplateURL="https://templates.s3.us-east-1.amazonaws.com/a/b.json"
    )

    assert aws_here.stack()["StackStatus"] == "CREATE_COMPLETE"


ALARM = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmName": "errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    },
}


def trigger(name: str) -> dict[str, Any]:
    arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
    return {"RollbackTriggers": [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"}]}


@pytest.mark.parametrize(
    ("name", "state", "status"),
    [
        ("errors", "OK", "UPDATE_COMPLETE"),
        ("errors", "ALARM", "UPDATE_ROLLBACK_COMPLETE"),
        ("missing", "OK", "UPDATE_ROLLBACK_COMPLETE"),
    ],
)
def test_an_alarm_that_rings_or_is_missing_takes_an_update_back(
    aws_here: Driver, name: str, state: str, status: str
) -> None:
    aws_here.deploy(resources(Alarm=ALARM, Logs=group(days=7)))
    aws_here("cloudwatch").set_alarm_state(AlarmName="errors", StateValue=state, StateReason="x")

    stack = aws_here.deploy(
        resources(Alarm=ALARM, Logs=group(days=14)), RollbackConfiguration=trigger(name)
    )

    assert stack["StackStatus"] == status
    days = aws_here("logs").describe_log_groups()["logGroups"][0]["retentionInDays"]
    assert days == (14 if status == "UPDATE_COMPLETE" else 7)
