"""What a change set says before it is executed, and what is there afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.driving import Driver, group, queue, resources


def change(described: dict[str, Any], logical_id: str) -> dict[str, Any]:
    (found,) = [
        one["ResourceChange"]
        for one in described["Changes"]
        if one["ResourceChange"]["LogicalResourceId"] == logical_id
    ]
    fields: dict[str, Any] = found
    return fields


def test_a_first_change_set_adds_everything_and_makes_nothing(aws_here: Driver) -> None:
    described = aws_here.change_set(resources(Q=queue()))

    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert change(described, "Q")["Action"] == "Add"
    assert aws_here.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert "QueueUrls" not in aws_here("sqs").list_queues()


def test_an_empty_change_set_fails_in_the_words_of_aws(aws_here: Driver) -> None:
    template = resources(Q=queue())
    aws_here.deploy(template)

    described = aws_here.change_set(template)

    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create"
        " a change set."
    )
    with pytest.raises(ClientError) as error:
        aws_here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])
    assert error.value.response["Error"]["Code"] == "InvalidChangeSetStatus"


def test_update_stack_without_a_change_says_so(aws_here: Driver) -> None:
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    aws_here.stacks.create_stack(StackName="app", TemplateBody=body)

    with pytest.raises(ClientError) as error:
        aws_here.stacks.update_stack(StackName="app", TemplateBody=body)

    assert error.value.response["Error"]["Message"] == "No updates are to be performed."


def test_an_output_alone_is_a_change(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue()))

    stack = aws_here.deploy(resources(Q=queue()) | {"Outputs": {"Fixed": {"Value": "1"}}})

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["Outputs"] == [{"OutputKey": "Fixed", "OutputValue": "1"}]


def test_a_changed_property_is_shown_with_before_and_after(aws_here: Driver) -> None:
    aws_here.deploy(resources(Logs=group(days=7)))

    described = aws_here.change_set(resources(Logs=group(days=14)))

    found = change(described, "Logs")
    assert (found["Action"], found["Replacement"], found["Scope"]) == (
        "Modify",
        "False",
        ["Properties"],
    )
    assert found["PhysicalResourceId"] == "/g"
    assert found["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "RetentionInDays",
                "RequiresRecreation": "Never",
                "Path": "/Properties/RetentionInDays",
                "BeforeValue": "7",
                "AfterValue": "14",
                "AttributeChangeType": "Modify",
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
    ]


def test_a_changed_parameter_is_named_as_the_cause(aws_here: Driver) -> None:
    template = {
        "Parameters": {"Days": {"Type": "Number", "Default": 7}},
        **resources(Logs=group(days={"Ref": "Days"})),  # type: ignore[arg-type]
    }
    aws_here.deploy(template)

    described = aws_here.change_set(
        template, Parameters=[{"ParameterKey": "Days", "ParameterValue": "14"}]
    )

    (detail,) = change(described, "Logs")["Details"]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ParameterReference", "Days")


def test_a_replacement_is_announced_and_so_is_what_depends_on_it(aws_here: Driver) -> None:
    def template(name: str) -> dict[str, Any]:
        policy = {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {"Statement": []}},
        }
        return resources(Q=queue(name), Policy=policy)

    aws_here.deploy(template("first"))

    described = aws_here.change_set(template("second"))

    replaced, follows = change(described, "Q"), change(described, "Policy")
    assert (replaced["Replacement"], replaced["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert replaced["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    (detail,) = follows["Details"]
    assert follows["Replacement"] == "False"
    assert (detail["Evaluation"], detail["ChangeSource"], detail["CausingEntity"]) == (
        "Dynamic",
        "ResourceReference",
        "Q",
    )


def test_a_removal_says_whether_the_resource_stays(aws_here: Driver) -> None:
    kept = {**group("/kept"), "DeletionPolicy": "Retain"}
    aws_here.deploy(resources(Kept=kept, Gone=group("/gone"), Stays=queue()))

    described = aws_here.change_set(resources(Stays=queue()))

    assert change(described, "Kept")["PolicyAction"] == "Retain"
    assert change(described, "Gone")["PolicyAction"] == "Delete"


def test_values_are_shown_only_when_they_are_asked_for(aws_here: Driver) -> None:
    name = aws_here.change_set(resources(Q=queue()))["ChangeSetName"]

    described = aws_here.stacks.describe_change_set(StackName="app", ChangeSetName=name)

    assert "AfterContext" not in change(described, "Q")


def test_executing_one_change_set_voids_the_others(aws_here: Driver) -> None:
    first = aws_here.change_set(resources(Q=queue()))["ChangeSetName"]
    second = aws_here.change_set(resources(R=queue()))["ChangeSetName"]

    aws_here.stacks.execute_change_set(StackName="app", ChangeSetName=second)

    with pytest.raises(ClientError) as error:
        aws_here.stacks.describe_change_set(StackName="app", ChangeSetName=first)
    assert error.value.response["Error"]["Code"] == "ChangeSetNotFound"
    assert set(aws_here.physical_ids()) == {"R"}


def test_a_change_set_is_listed_and_can_be_deleted(aws_here: Driver) -> None:
    described = aws_here.change_set(resources(Q=queue()))
    (listed,) = aws_here.stacks.list_change_sets(StackName="app")["Summaries"]

    aws_here.stacks.delete_change_set(ChangeSetName=described["ChangeSetId"])

    assert listed["ChangeSetId"] == described["ChangeSetId"]
    assert aws_here.stacks.list_change_sets(StackName="app")["Summaries"] == []


def test_an_update_of_a_stack_that_is_not_there_is_refused(aws_here: Driver) -> None:
    with pytest.raises(ClientError) as error:
        aws_here.stacks.create_change_set(
            StackName="app", ChangeSetName="c", TemplateBody='{"Resources": {}}'
        )

    assert "Stack [app] does not exist" in str(error.value)


def test_existing_resources_can_be_imported_by_name(aws_here: Driver) -> None:
    aws_here("logs").create_log_group(logGroupName="/g")
    aws_here("logs").put_retention_policy(logGroupName="/g", retentionInDays=7)

    described = aws_here.change_set(
        resources(Logs=group("/g", days=7)), ImportExistingResources=True
    )
    aws_here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    assert change(described, "Logs")["Action"] == "Import"
    assert ("Logs", "IMPORT_COMPLETE") in aws_here.events()
    assert aws_here.read_back().differences == ()


def test_what_belongs_to_another_stack_is_not_imported(aws_here: Driver) -> None:
    """AWS's page "Import AWS resources into a CloudFormation stack automatically"."""
    aws_here.deploy(resources(Logs=group("/g")), stack="holder")

    described = aws_here.change_set(resources(Logs=group("/g")), ImportExistingResources=True)
    aws_here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    assert change(described, "Logs")["Action"] == "Add"
    assert aws_here.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws_here.stack("holder")["StackStatus"] == "CREATE_COMPLETE"
    assert aws_here.read_back("holder").differences == ()


def test_what_was_deleted_by_hand_is_named_where_others_refer_to_it(aws_here: Driver) -> None:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "t",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    }

    def template(days: int) -> dict[str, Any]:
        arn = {"Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}}}
        named = group({"Fn::Sub": "/g/${Table.Arn}"}, days=days)  # type: ignore[arg-type]
        return {**resources(Table=table, Logs=named), "Outputs": arn}

    aws_here.deploy(template(7))
    aws_here("dynamodb").delete_table(TableName="t")

    described = aws_here.change_set(template(14))

    assert described["Status"] == "FAILED"
    assert "Unable to retrieve Arn attribute for Table" in described["StatusReason"]


# Drift-aware change sets: AWS's page "Using drift-aware change sets", botocore's model

REVERT = {"DeploymentMode": "REVERT_DRIFT"}


def box(origin: str, **more: Any) -> dict[str, Any]:
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": [origin]}
    return {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": "box", "CorsConfiguration": {"CorsRules": [rule]}, **more},
    }


def put_cors(aws: Driver, origin: str) -> None:
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": [origin]}
    aws("s3").put_bucket_cors(Bucket="box", CORSConfiguration={"CORSRules": [rule]})


def cors(aws: Driver) -> list[str]:
    (rule,) = aws("s3").get_bucket_cors(Bucket="box")["CORSRules"]
    origins: list[str] = rule["AllowedOrigins"]
    return origins


def test_what_was_changed_by_hand_is_shown_with_three_values_and_brought_back(
    aws_here: Driver,
) -> None:
    aws_here.deploy(resources(Box=box("https://deployed")))
    put_cors(aws_here, "https://by-hand")

    described = aws_here.change_set(resources(Box=box("https://new")), **REVERT)
    aws_here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    found = change(described, "Box")
    assert (described["DeploymentMode"], described["StackDriftStatus"]) == (
        "REVERT_DRIFT",
        "DRIFTED",
    )
    assert (found["Action"], found["ResourceDriftStatus"]) == ("Modify", "MODIFIED")
    (target,) = [one["Target"] for one in found["Details"]]
    assert target["Path"] == "/Properties/CorsConfiguration/CorsRules/0/AllowedOrigins/0"
    assert (target["BeforeValue"], target["BeforeValueFrom"]) == ("https://by-hand", "ACTUAL_STATE")
    assert (target["AfterValue"], target["AfterValueFrom"]) == ("https://new", "TEMPLATE")
    assert target["Drift"]["PreviousValue"] == "https://deployed"
    assert target["Drift"]["ActualValue"] == "https://by-hand"
    assert cors(aws_here) == ["https://new"]


def test_without_the_mode_what_was_changed_by_hand_is_not_seen(aws_here: Driver) -> None:
    aws_here.deploy(resources(Box=box("https://deployed")))
    put_cors(aws_here, "https://by-hand")

    described = aws_here.change_set(resources(Box=box("https://deployed")))

    assert described["Status"] == "FAILED"
    assert "DeploymentMode" not in described


def test_what_can_not_change_in_place_is_no_matter_of_the_record_alone(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue("first")))

    described = aws_here.change_set(resources(Q=queue("second")), **REVERT)

    found = change(described, "Q")
    assert (found["Action"], found["Replacement"]) == ("Modify", "True")


def test_a_template_that_came_to_what_is_there_changes_no_resource(aws_here: Driver) -> None:
    aws_here.deploy(resources(Box=box("https://deployed")))
    put_cors(aws_here, "https://by-hand")

    described = aws_here.change_set(resources(Box=box("https://by-hand")), **REVERT)

    found = change(described, "Box")
    assert (found["Action"], found["ResourceDriftStatus"]) == ("SyncWithActual", "IN_SYNC")
    assert {one["Target"]["AttributeChangeType"] for one in found["Details"]} == {"SyncWithActual"}


def test_what_is_as_deployed_is_nothing_to_revert(aws_here: Driver) -> None:
    aws_here.deploy(resources(Box=box("https://deployed"), Logs=group()))

    described = aws_here.change_set(resources(Box=box("https://deployed"), Logs=group()), **REVERT)

    assert (described["Status"], described["StackDriftStatus"]) == ("FAILED", "IN_SYNC")


def test_a_resource_that_is_gone_is_told_and_made_again(aws_here: Driver) -> None:
    aws_here.deploy(resources(Logs=group(), Q=queue()))
    aws_here("logs").delete_log_group(logGroupName="/g")

    described = aws_here.change_set(resources(Logs=group(), Q=queue()), **REVERT)
    aws_here.stacks.execute_change_set(ChangeSetName=described["ChangeSetId"])

    found = change(described, "Logs")
    assert (found["Action"], found["ResourceDriftStatus"]) == ("Add", "DELETED")
    assert len(aws_here("logs").describe_log_groups()["logGroups"]) == 1
    assert aws_here.stack()["StackStatus"] == "UPDATE_COMPLETE"


def test_what_no_service_gives_back_is_named_as_ignored(aws_here: Driver) -> None:
    named = {"BucketNamespace": "global"}
    aws_here.deploy(resources(Box=box("https://deployed", **named)))
    put_cors(aws_here, "https://by-hand")

    described = aws_here.change_set(resources(Box=box("https://deployed", **named)), **REVERT)

    ignored = change(described, "Box")["ResourceDriftIgnoredAttributes"]
    assert ignored == [{"Path": "/Properties/BucketNamespace", "Reason": "WRITE_ONLY_PROPERTY"}]


def test_what_fails_goes_back_to_what_was_really_there(aws_here: Driver) -> None:
    aws_here.deploy(resources(Box=box("https://deployed")))
    put_cors(aws_here, "https://by-hand")
    wrong = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no good"}, "DependsOn": "Box"}

    stack = aws_here.deploy(resources(Box=box("https://deployed"), Q=wrong), **REVERT)

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cors(aws_here) == ["https://by-hand"]


def test_a_stack_that_is_new_has_nothing_to_revert(aws_here: Driver) -> None:
    with pytest.raises(ClientError, match="UPDATE"):
        aws_here.change_set(resources(Q=queue()), **REVERT)
