"""What the outside world knows of a stack: parameters, names, logical ids, outputs, exports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.templates.shapes import properties

SPECIFIED = {
    "WebsiteBucket": "AWS::S3::Bucket",
    "UploadBucket": "AWS::S3::Bucket",
    "SessionsTable": "AWS::DynamoDB::Table",
    "HttpApiLambda": "AWS::Lambda::Function",
    "WebSocketEventLambda": "AWS::Lambda::Function",
    "WebSocketApi": "AWS::ApiGatewayV2::Api",
}
SPECIFIED_OUTPUTS = {
    "WebsiteBucketName": "WebsiteBucket",
    "WebsiteURL": "WebsiteURL",
    "UploadBucketName": "UploadBucket",
    "SessionsTableName": "SessionsTable",
    "HttpApiLambdaArn": "HttpApiLambdaArn",
    "WebSocketEventLambdaArn": "WebSocketEventLambdaArn",
    "WebSocketApiId": "WebSocketApiId",
}
OURS = {"HttpApiUrl", "WebSocketUrl", "UploadBucketHost", "FailureQueueUrl"}


def test_the_specifications_resources_are_there(template: dict[str, Any]) -> None:
    kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}

    assert kinds.items() >= SPECIFIED.items()


@pytest.mark.parametrize(
    ("logical_id", "key", "name"),
    [
        ("SessionsTable", "TableName", "${ProjectName}-sessions-${Environment}"),
        ("HttpApiLambda", "FunctionName", "${ProjectName}-http-api-${Environment}"),
        ("WebSocketEventLambda", "FunctionName", "${ProjectName}-websocket-event-${Environment}"),
        ("WebSocketApi", "Name", "${ProjectName}-websocket-${Environment}"),
        ("HttpApiLogGroup", "LogGroupName", "/aws/lambda/${ProjectName}-http-api-${Environment}"),
        (
            "WebSocketEventLogGroup",
            "LogGroupName",
            "/aws/lambda/${ProjectName}-websocket-event-${Environment}",
        ),
    ],
)
def test_names_are_the_specifications(
    template: dict[str, Any], logical_id: str, key: str, name: str
) -> None:
    assert properties(template, logical_id)[key] == {"Fn::Sub": name}


@pytest.mark.parametrize(
    ("bucket_names", "suffix"),
    [("account_regional", "-${AWS::AccountId}-${AWS::Region}-an"), ("plain", "")],
)
def test_bucket_names_are_the_specifications_with_the_namespaces_suffix(
    changed: Any, bucket_names: str, suffix: str
) -> None:
    template = changed("dev", {"bucket_names": bucket_names}).value

    website, uploads = (properties(template, f"{one}Bucket") for one in ("Website", "Upload"))
    assert website["BucketName"] == {"Fn::Sub": "${ProjectName}-website-${Environment}" + suffix}
    assert uploads["BucketName"] == {"Fn::Sub": "${ProjectName}-uploads-${Environment}" + suffix}
    namespace = "account-regional" if suffix else None
    assert website.get("BucketNamespace") == uploads.get("BucketNamespace") == namespace


@pytest.mark.parametrize("bucket_names", ["account_regional", "plain"])
def test_the_upload_buckets_name_is_spelt_alike_wherever_it_stands(
    changed: Any, bucket_names: str
) -> None:
    template = changed("dev", {"bucket_names": bucket_names}).value

    name = properties(template, "UploadBucket")["BucketName"]["Fn::Sub"]
    function = properties(template, "WebSocketEventLambda")["Environment"]["Variables"]
    permission = properties(template, "UploadBucketPermission")
    read = statement(template, "WebSocketEventLambdaRole", "S3ReadAccess")
    assert function["UPLOAD_BUCKET_NAME"] == {"Fn::Sub": name}
    assert permission["SourceArn"] == {"Fn::Sub": "arn:${AWS::Partition}:s3:::" + name}
    assert read["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::" + name + "/session-uploads/*"
    }


def statement(template: dict[str, Any], role: str, policy: str) -> dict[str, Any]:
    policies = properties(template, role)["Policies"]
    [found] = [one for one in policies if one["PolicyName"] == policy]
    [only] = found["PolicyDocument"]["Statement"]
    result: dict[str, Any] = only
    return result


def test_outputs_and_exports_are_the_specifications(template: dict[str, Any]) -> None:
    exports = {
        name: output["Export"]["Name"]["Fn::Sub"]
        for name, output in template["Outputs"].items()
        if "Export" in output
    }

    assert exports == {
        name: "${AWS::StackName}-" + export for name, export in SPECIFIED_OUTPUTS.items()
    }


def test_other_outputs_are_what_publishing_and_people_need(template: dict[str, Any]) -> None:
    others = set(template["Outputs"]) - set(SPECIFIED_OUTPUTS)

    by_cloudfront = {"DistributionId"} if "Distribution" in template["Resources"] else set()
    assert others == OURS | by_cloudfront


def test_the_website_url_is_where_the_website_is_delivered(
    dev: dict[str, Any], prod: dict[str, Any]
) -> None:
    assert dev["Outputs"]["WebsiteURL"]["Value"] == {"Fn::GetAtt": ["WebsiteBucket", "WebsiteURL"]}
    assert prod["Outputs"]["WebsiteURL"]["Value"] == {
        "Fn::Sub": "https://${Distribution.DomainName}"
    }


def test_parameters_are_the_specifications_and_the_codes_keys(template: dict[str, Any]) -> None:
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}

    assert defaults == {
        "Environment": template["Metadata"]["Environment"],
        "ProjectName": "qr-upload",
        "LambdaDeploymentBucket": None,
        "HttpApiCodeKey": "http_api_handler.zip",
        "WebSocketEventCodeKey": "websocket_event_handler.zip",
    }


def test_a_template_takes_no_other_environments_name(template: dict[str, Any]) -> None:
    environment = template["Parameters"]["Environment"]

    assert environment["AllowedValues"] == [environment["Default"]]


def test_functions_take_their_code_from_the_parameters(template: dict[str, Any]) -> None:
    keys = {
        name: properties(template, name)["Code"]["S3Key"]["Ref"]
        for name in ("HttpApiLambda", "WebSocketEventLambda")
    }

    assert keys == {
        "HttpApiLambda": "HttpApiCodeKey",
        "WebSocketEventLambda": "WebSocketEventCodeKey",
    }


def test_account_wide_names_end_in_the_region(prod: dict[str, Any]) -> None:
    names = [
        properties(prod, "WebsiteAccessControl")["OriginAccessControlConfig"]["Name"],
        properties(prod, "WebsiteHeaders")["ResponseHeadersPolicyConfig"]["Name"],
        properties(prod, "WebsiteWebAcl")["Name"],
        properties(prod, "Dashboard")["DashboardName"],
    ]

    assert all(name["Fn::Sub"].endswith("-${AWS::Region}") for name in names)


def test_no_role_has_a_name(template: dict[str, Any]) -> None:
    roles = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]

    assert len(roles) == 2
    assert not any("RoleName" in role["Properties"] for role in roles)
