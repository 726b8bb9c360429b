"""Who may do what: roles, bucket and queue policies, permissions, public access, encryption."""

from __future__ import annotations

from typing import Any

from tests.templates.shapes import of_type, policies, properties

KEY = "arn:aws:kms:us-east-1:123456789012:key/0b1f7a3e"
TLS_ONLY = {"Bool": {"aws:SecureTransport": False}}
CONNECTIONS = (
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
    ":${WebSocketApi}/${Environment}/POST/@connections/*"
)
UPLOADS = (
    "arn:${AWS::Partition}:s3:::${ProjectName}-uploads-${Environment}"
    "-${AWS::AccountId}-${AWS::Region}-an/session-uploads/*"
)
TABLE = {"Fn::GetAtt": ["SessionsTable", "Arn"]}
TRACES = (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
WRITES = ["logs:CreateLogStream", "logs:PutLogEvents"]

HTTP_ROLE = {
    "DynamoDBAccess": [
        (["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], TABLE),
    ],
    "S3PresignedUrlAccess": [
        (["s3:PutObject", "s3:GetObject"], {"Fn::Sub": "${UploadBucket.Arn}/session-uploads/*"}),
    ],
    "LogAccess": [(WRITES, {"Fn::GetAtt": ["HttpApiLogGroup", "Arn"]})],
    "TracingAccess": [TRACES],
}
EVENT_ROLE = {
    "DynamoDBAccess": [
        (["dynamodb:UpdateItem"], TABLE),
        (["dynamodb:Query"], {"Fn::Sub": "${SessionsTable.Arn}/index/wsConnectionId-index"}),
    ],
    "WebSocketAccess": [(["execute-api:ManageConnections"], {"Fn::Sub": CONNECTIONS})],
    "S3ReadAccess": [(["s3:GetObject"], {"Fn::Sub": UPLOADS})],
    "StreamAccess": [
        (
            [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            {"Fn::GetAtt": ["SessionsTable", "StreamArn"]},
        )
    ],
    "FailureQueueAccess": [(["sqs:SendMessage"], {"Fn::GetAtt": ["FailureQueue", "Arn"]})],
    "LogAccess": [(WRITES, {"Fn::GetAtt": ["WebSocketEventLogGroup", "Arn"]})],
    "TracingAccess": [TRACES],
}


def granted(template: dict[str, Any], role: str) -> dict[str, list[tuple[list[str], Any]]]:
    return {
        policy["PolicyName"]: [
            (one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]
        ]
        for policy in properties(template, role)["Policies"]
    }


def test_the_http_apis_role_may_do_what_the_contract_says(template: dict[str, Any]) -> None:
    assert granted(template, "HttpApiLambdaRole") == HTTP_ROLE


def test_the_event_functions_role_may_do_what_the_contract_says(template: dict[str, Any]) -> None:
    assert granted(template, "WebSocketEventLambdaRole") == EVENT_ROLE


def test_a_kms_key_grants_each_role_its_half(changed: Any) -> None:
    template = changed("dev", {"uploads.kms_key_arn": KEY}).value

    http, event = (granted(template, f"{one}LambdaRole") for one in ("HttpApi", "WebSocketEvent"))
    assert http["KmsAccess"] == [(["kms:GenerateDataKey", "kms:Decrypt"], KEY)]
    assert event["KmsAccess"] == [(["kms:Decrypt"], KEY)]


def test_without_stream_and_tracing_their_rights_are_gone(changed: Any) -> None:
    template = changed("dev", {"live_status": False, "lambda.tracing": False}).value

    gone = {"StreamAccess", "TracingAccess"}
    for role in ("HttpApiLambdaRole", "WebSocketEventLambdaRole"):
        assert gone.isdisjoint(granted(template, role))


def test_only_lambda_assumes_the_roles(template: dict[str, Any]) -> None:
    for role in of_type(template, "AWS::IAM::Role").values():
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert trust["Action"] == "sts:AssumeRole"
        assert "ManagedPolicyArns" not in role


def test_every_statement_is_in_a_list_and_has_its_own_name(template: dict[str, Any]) -> None:
    found = list(policies(template["Resources"]))

    assert len(found) >= 14
    for document in found:
        assert document["Version"] == "2012-10-17"
        assert isinstance(document["Statement"], list)
        names = [one["Sid"] for one in document["Statement"]]
        assert len(set(names)) == len(names)


def test_uploads_are_private(template: dict[str, Any]) -> None:
    bucket = properties(template, "UploadBucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_upload_buckets_policy_only_denies(template: dict[str, Any]) -> None:
    tls, write_once = properties(template, "UploadBucketPolicy")["PolicyDocument"]["Statement"]

    assert (tls["Effect"], tls["Action"], tls["Condition"]) == ("Deny", "s3:*", TLS_ONLY)
    assert len(tls["Resource"]) == 2
    assert write_once == {
        "Sid": "WriteOnce",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": {"Fn::Sub": "${UploadBucket.Arn}/*"},
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }


def test_an_s3_website_is_public_for_reading_objects_only(dev: dict[str, Any]) -> None:
    [only] = properties(dev, "WebsiteBucketPolicy")["PolicyDocument"]["Statement"]

    assert (only["Effect"], only["Principal"], only["Action"]) == ("Allow", "*", "s3:GetObject")
    assert only["Resource"] == {"Fn::Sub": "${WebsiteBucket.Arn}/*"}
    assert properties(dev, "WebsiteBucket")["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }


def test_a_cloudfront_website_is_private_for_its_distribution(prod: dict[str, Any]) -> None:
    bucket = properties(prod, "WebsiteBucket")
    reads, lists, tls = properties(prod, "WebsiteBucketPolicy")["PolicyDocument"]["Statement"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "WebsiteConfiguration" not in bucket
    assert (reads["Action"], lists["Action"]) == ("s3:GetObject", "s3:ListBucket")
    for one in (reads, lists):
        assert one["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = one["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        assert source.endswith(":distribution/${Distribution}")
    assert (tls["Effect"], tls["Condition"]) == ("Deny", TLS_ONLY)


def test_everything_that_keeps_data_is_encrypted(template: dict[str, Any]) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
    for topic in of_type(template, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmKey", "Arn"]}


def test_your_own_key_encrypts_the_uploads(changed: Any) -> None:
    template = changed("dev", {"uploads.kms_key_arn": KEY}).value

    [rule] = properties(template, "UploadBucket")["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
    }


def test_every_permission_names_its_source(template: dict[str, Any]) -> None:
    permissions = of_type(template, "AWS::Lambda::Permission")

    assert set(permissions) == {
        "UploadBucketPermission",
        "WebSocketApiPermission",
        "HttpApiPermission",
    }
    assert all("SourceArn" in one for one in permissions.values())
    with_account = {name for name, one in permissions.items() if "SourceAccount" in one}
    assert with_account == {"UploadBucketPermission"}


def test_the_queue_takes_tls_only(template: dict[str, Any]) -> None:
    [tls] = properties(template, "FailureQueuePolicy")["PolicyDocument"]["Statement"]

    assert (tls["Effect"], tls["Condition"]) == ("Deny", TLS_ONLY)


def test_only_this_accounts_alarms_reach_the_topic(prod: dict[str, Any]) -> None:
    publish, tls = properties(prod, "AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    _, encrypt = properties(prod, "AlarmKey")["KeyPolicy"]["Statement"]

    ours = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert publish["Principal"] == encrypt["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == encrypt["Condition"] == ours
    assert tls["Condition"] == TLS_ONLY


def test_only_the_website_may_call_from_a_browser(
    dev: dict[str, Any], prod: dict[str, Any]
) -> None:
    website = {
        "dev": (dev, {"Fn::GetAtt": ["WebsiteBucket", "WebsiteURL"]}),
        "prod": (prod, {"Fn::Sub": "https://${Distribution.DomainName}"}),
    }

    assert properties(dev, "HttpApi")["CorsConfiguration"]["AllowOrigins"] == [website["dev"][1]]
    assert "CorsConfiguration" not in properties(prod, "HttpApi")  # the pages share its host
    for template, origin in website.values():
        [uploads] = properties(template, "UploadBucket")["CorsConfiguration"]["CorsRules"]
        function = properties(template, "WebSocketEventLambda")["Environment"]["Variables"]
        assert uploads["AllowedOrigins"] == [origin]
        assert function["ALLOWED_ORIGINS"] == origin
