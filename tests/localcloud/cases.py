"""For each resource type a template, and the same with everything changed that can change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.localcloud.driving import CODE_BUCKET, DOMAIN, group, queue

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
SEND = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


@dataclass(frozen=True)
class Case:
    """The resource under test, its changed form, what it needs, and attributes to read."""

    type: str
    before: dict[str, Any]
    after: dict[str, Any]
    needs: dict[str, dict[str, Any]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def tags(value: str) -> list[dict[str, str]]:
    """One tag that stays and one that an update takes away."""
    return [{"Key": "team", "Value": value}, {"Key": f"only-{value}", "Value": "x"}]


def statement(action: str, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**SEND, "Action": action, **more}]}


ROLE = resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST)
TABLE: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": "a", "AttributeType": "S"},
        {"AttributeName": "b", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
STREAM = resource(
    "AWS::DynamoDB::Table",
    **{**TABLE, "AttributeDefinitions": TABLE["AttributeDefinitions"][:1]},
    StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
)
FUNCTION: dict[str, Any] = {
    "FunctionName": "f",
    "Role": att("Role", "Arn"),
    "Handler": "lambda_function.lambda_handler",
    "Runtime": "python3.11",
    "Code": {"S3Bucket": CODE_BUCKET, "S3Key": "one.zip"},
}
NEEDS_FUNCTION = {"Role": ROLE, "Function": resource("AWS::Lambda::Function", **FUNCTION)}
HTTP = resource("AWS::ApiGatewayV2::Api", Name="http", ProtocolType="HTTP")
SOCKET = resource(
    "AWS::ApiGatewayV2::Api",
    Name="ws",
    ProtocolType="WEBSOCKET",
    RouteSelectionExpression="$request.body.action",
)
INTEGRATION = resource(
    "AWS::ApiGatewayV2::Integration",
    ApiId=ref("Api"),
    IntegrationType="AWS_PROXY",
    IntegrationUri="arn:aws:lambda:us-east-1:123456789012:function:f",
    PayloadFormatVersion="2.0",
)
WEBSITE = resource("AWS::S3::Bucket", BucketName="website")


def _distribution(comment: str, root: str, policy: str) -> dict[str, Any]:
    behaviour = {
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": policy,
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "ResponseHeadersPolicyId": ref("Headers"),
        "AllowedMethods": ["GET", "HEAD"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": True,
    }
    origin = {
        "Id": "bucket",
        "DomainName": att("Bucket", "RegionalDomainName"),
        "OriginAccessControlId": ref("Access"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    error = {"ErrorCode": 404, "ResponseCode": 404, "ResponsePagePath": "/index.html"}
    return {
        "Enabled": True,
        "Comment": comment,
        "DefaultRootObject": root,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_100",
        "WebACLId": att("Acl", "Arn"),
        "Origins": [origin],
        "DefaultCacheBehavior": behaviour,
        "CustomErrorResponses": [error],
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none"}},
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    }


def _access(description: str) -> dict[str, Any]:
    return {
        "OriginAccessControlConfig": {
            "Name": "access",
            "Description": description,
            "OriginAccessControlOriginType": "s3",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
    }


def _headers(seconds: int) -> dict[str, Any]:
    transport = {
        "AccessControlMaxAgeSec": seconds,
        "IncludeSubdomains": True,
        "Override": True,
    }
    return {
        "ResponseHeadersPolicyConfig": {
            "Name": "headers",
            "SecurityHeadersConfig": {
                "StrictTransportSecurity": transport,
                "ContentTypeOptions": {"Override": True},
            },
            "CustomHeadersConfig": {
                "Items": [{"Header": "x-a", "Value": str(seconds), "Override": True}]
            },
        }
    }


def _acl(limit: int) -> dict[str, Any]:
    visible = {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": "acl",
    }
    rate = {
        "Name": "rate",
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}},
        "VisibilityConfig": visible,
    }
    return {
        "Name": "acl",
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        "Rules": [rate],
        "VisibilityConfig": visible,
        "Tags": tags(str(limit)),
    }


def _edge_function(comment: str) -> dict[str, Any]:
    return {
        "Name": "pages",
        "AutoPublish": True,
        "FunctionConfig": {"Comment": comment, "Runtime": "cloudfront-js-2.0"},
        "FunctionCode": f"function handler(event) {{ return event.request }} // {comment}",
        "Tags": tags(comment),
    }


RECORD = {"HostedZoneName": f"{DOMAIN}.", "Name": f"www.{DOMAIN}", "Type": "A"}
CERTIFICATE = {
    "DomainName": f"www.{DOMAIN}",
    "ValidationMethod": "DNS",
    "DomainValidationOptions": [{"DomainName": f"www.{DOMAIN}", "HostedZoneId": ref("Zone")}],
}
ACCESS = resource("AWS::CloudFront::OriginAccessControl", **_access("one"))
HEADERS = resource("AWS::CloudFront::ResponseHeadersPolicy", **_headers(60))
ACL = resource("AWS::WAFv2::WebACL", **_acl(100))


def _bucket(days: int, **more: Any) -> dict[str, Any]:
    block = {"BlockPublicAcls": True, "BlockPublicPolicy": days == 30, "IgnorePublicAcls": True}
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    rules = [
        {
            "Id": "old",
            "Status": "Enabled",
            "Prefix": "session-uploads/",
            "ExpirationInDays": days,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    ]
    cors = {
        "AllowedOrigins": ["https://a.example"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["content-type"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 3600,
    }
    return {
        "BucketName": "uploads-123456789012-us-east-1-an",
        "BucketNamespace": "account-regional",
        "PublicAccessBlockConfiguration": {**block, "RestrictPublicBuckets": True},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{**encryption, "BucketKeyEnabled": True}]
        },
        "LifecycleConfiguration": {"Rules": rules},
        "CorsConfiguration": {"CorsRules": [cors]},
        "Tags": tags(str(days)),
        **more,
    }


NOTIFICATION = {
    "LambdaConfigurations": [
        {
            "Event": "s3:ObjectCreated:*",
            "Function": att("Function", "Arn"),
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "session-uploads/"}]}},
        }
    ]
}
MAY_NOTIFY = resource(
    "AWS::Lambda::Permission",
    FunctionName=ref("Function"),
    Action="lambda:InvokeFunction",
    Principal="s3.amazonaws.com",
    SourceArn="arn:aws:s3:::uploads-123456789012-us-east-1-an",
    SourceAccount=ref("AWS::AccountId"),
)


def _alarm(threshold: float) -> dict[str, Any]:
    return {
        "AlarmName": "errors",
        "AlarmDescription": f"above {threshold}",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"],
        "Tags": tags(str(threshold)),
    }


MATHS = {
    "AlarmName": "sum",
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Metrics": [
        {"Id": "total", "Expression": "a + a", "Label": "both", "ReturnData": True},
        {
            "Id": "a",
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/DynamoDB",
                    "MetricName": "ReadThrottleEvents",
                    "Dimensions": [{"Name": "TableName", "Value": "t"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        },
    ],
}


def _mapping(retries: int) -> dict[str, Any]:
    pattern = '{"eventName":["MODIFY"]}'
    return {
        "FunctionName": ref("Function"),
        "EventSourceArn": att("Table", "StreamArn"),
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "MaximumRetryAttempts": retries,
        "MaximumRecordAgeInSeconds": 300,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": pattern}]},
    }


def _stage(burst: int) -> dict[str, Any]:
    return {
        "ApiId": ref("Api"),
        "StageName": "$default",
        "AutoDeploy": True,
        "DefaultRouteSettings": {"ThrottlingBurstLimit": burst, "ThrottlingRateLimit": 5.5},
        "AccessLogSettings": {
            "DestinationArn": att("Logs", "Arn"),
            "Format": '{"route":"$context.routeKey"}',
        },
        "Tags": {"team": str(burst), f"only-{burst}": "x"},
    }


CASES = [
    Case(
        "AWS::S3::Bucket",
        _bucket(
            30,
            VersioningConfiguration={"Status": "Enabled"},
            NotificationConfiguration=NOTIFICATION,
        ),
        _bucket(90, WebsiteConfiguration={"IndexDocument": "i.html", "ErrorDocument": "e.html"}),
        {**NEEDS_FUNCTION, "Permission": MAY_NOTIFY},
        ("Arn", "DomainName", "RegionalDomainName", "WebsiteURL"),
    ),
    Case(
        "AWS::S3::BucketPolicy",
        {"Bucket": ref("Bucket"), "PolicyDocument": statement("s3:GetObject")},
        {"Bucket": ref("Bucket"), "PolicyDocument": statement("s3:PutObject", Effect="Deny")},
        {"Bucket": WEBSITE},
    ),
    Case(
        "AWS::DynamoDB::Table",
        {
            **TABLE,
            "TableName": "t",
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-b",
                    "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "DeletionProtectionEnabled": True,
            "Tags": tags("a"),
        },
        {
            **TABLE,
            "TableName": "t",
            "AttributeDefinitions": TABLE["AttributeDefinitions"][:1],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": False,
            "Tags": tags("b"),
        },
        attributes=("Arn",),
    ),
    Case(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "Description": "one",
            "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "Policies": [{"PolicyName": "P", "PolicyDocument": statement("s3:GetObject")}],
            "Tags": tags("a"),
        },
        {
            "AssumeRolePolicyDocument": TRUST,
            "Description": "two",
            "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "Policies": [{"PolicyName": "Q", "PolicyDocument": statement("s3:PutObject")}],
            "MaxSessionDuration": 7200,
            "Tags": tags("b"),
        },
        attributes=("Arn", "RoleId"),
    ),
    Case(
        "AWS::Lambda::Function",
        {
            **FUNCTION,
            "Timeout": 30,
            "MemorySize": 256,
            "Architectures": ["arm64"],
            "Environment": {"Variables": {"A": "1"}},
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/f"},
            "ReservedConcurrentExecutions": 2,
            "Tags": tags("a"),
        },
        {
            **FUNCTION,
            "Code": {"S3Bucket": CODE_BUCKET, "S3Key": "two.zip"},
            "Timeout": 60,
            "MemorySize": 512,
            "Architectures": ["arm64"],
            "Environment": {"Variables": {"B": "2"}},
            "TracingConfig": {"Mode": "PassThrough"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/other"},
            "EphemeralStorage": {"Size": 1024},
            "Tags": tags("b"),
        },
        {"Role": ROLE},
        ("Arn",),
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "FunctionName": ref("Function"),
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::a",
            "SourceAccount": ref("AWS::AccountId"),
        },
        {
            "FunctionName": ref("Function"),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": "arn:aws:execute-api:us-east-1:${AWS::AccountId}:x/*"},
        },
        NEEDS_FUNCTION,
    ),
    Case(
        "AWS::Lambda::EventSourceMapping",
        _mapping(3),
        _mapping(5),
        {**NEEDS_FUNCTION, "Table": STREAM},
        ("Id", "EventSourceMappingArn"),
    ),
    Case(
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": ref("Function"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {"OnFailure": {"Destination": att("Queue", "Arn")}},
        },
        {
            "FunctionName": ref("Function"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 60,
        },
        {**NEEDS_FUNCTION, "Queue": queue()},
    ),
    Case(
        "AWS::Logs::LogGroup",
        group("/g", 7, Tags=tags("a"))["Properties"],
        group("/g", 30, Tags=tags("b"))["Properties"],
        attributes=("Arn",),
    ),
    Case(
        "AWS::ApiGatewayV2::Api",
        {
            "Name": "one",
            "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": ["https://a.example"], "MaxAge": 60},
            "Tags": {"team": "a", "only-a": "x"},
        },
        {
            "Name": "two",
            "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": ["https://b.example"], "MaxAge": 600},
            "Tags": {"team": "b"},
        },
        attributes=("ApiEndpoint", "ApiId"),
    ),
    Case(
        "AWS::ApiGatewayV2::Integration",
        INTEGRATION["Properties"],
        {**INTEGRATION["Properties"], "TimeoutInMillis": 5000},
        {"Api": HTTP},
    ),
    Case(
        "AWS::ApiGatewayV2::Route",
        {
            "ApiId": ref("Api"),
            "RouteKey": "subscribe",
            "Target": {"Fn::Sub": "integrations/${Integration}"},
            "RouteResponseSelectionExpression": "$default",
        },
        {
            "ApiId": ref("Api"),
            "RouteKey": "ping",
            "Target": {"Fn::Sub": "integrations/${Integration}"},
            "OperationName": "ping",
        },
        {"Api": SOCKET, "Integration": INTEGRATION},
        ("RouteId",),
    ),
    Case(
        "AWS::ApiGatewayV2::RouteResponse",
        {"ApiId": ref("Api"), "RouteId": ref("Route"), "RouteResponseKey": "$default"},
        {"ApiId": ref("Api"), "RouteId": ref("Other"), "RouteResponseKey": "$default"},
        {
            "Api": SOCKET,
            "Route": resource("AWS::ApiGatewayV2::Route", ApiId=ref("Api"), RouteKey="a"),
            "Other": resource("AWS::ApiGatewayV2::Route", ApiId=ref("Api"), RouteKey="b"),
        },
    ),
    Case("AWS::ApiGatewayV2::Stage", _stage(10), _stage(20), {"Api": HTTP, "Logs": group()}),
    Case(
        "AWS::CloudWatch::Alarm", _alarm(5), _alarm(2.5), attributes=("Arn",)
    ),
    Case("AWS::CloudWatch::Alarm", MATHS, {**MATHS, "Threshold": 2}),
    Case(
        "AWS::CloudWatch::Dashboard",
        {"DashboardName": "d", "DashboardBody": '{"widgets": []}', "Tags": tags("a")},
        {"DashboardName": "d", "DashboardBody": '{"widgets": [], "start": "-PT1H"}'},
    ),
    Case(
        "AWS::SQS::Queue",
        queue("q", MessageRetentionPeriod=1209600, SqsManagedSseEnabled=True, Tags=tags("a"))[
            "Properties"
        ],
        queue("q", MessageRetentionPeriod=60, VisibilityTimeout=5, Tags=tags("b"))["Properties"],
        attributes=("Arn", "QueueName", "QueueUrl"),
    ),
    Case(
        "AWS::SQS::QueuePolicy",
        {"Queues": [ref("Queue")], "PolicyDocument": statement("sqs:SendMessage")},
        {"Queues": [ref("Queue")], "PolicyDocument": statement("sqs:*", Effect="Deny")},
        {"Queue": queue()},
    ),
    Case(
        "AWS::SNS::Topic",
        {
            "TopicName": "t",
            "DisplayName": "one",
            "Subscription": [{"Protocol": "email", "Endpoint": "a@b.example"}],
            "Tags": tags("a"),
        },
        {
            "TopicName": "t",
            "DisplayName": "two",
            "Subscription": [{"Protocol": "email", "Endpoint": "c@d.example"}],
            "KmsMasterKeyId": ref("Key"),
            "Tags": tags("b"),
        },
        {"Key": resource("AWS::KMS::Key", Description="for the topic")},
        ("TopicArn", "TopicName"),
    ),
    Case(
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("Topic")], "PolicyDocument": statement("sns:Publish")},
        {"Topics": [ref("Topic")], "PolicyDocument": statement("sns:Publish", Effect="Deny")},
        {"Topic": resource("AWS::SNS::Topic", TopicName="t")},
    ),
    Case(
        "AWS::SNS::Subscription",
        {"TopicArn": ref("Topic"), "Protocol": "email", "Endpoint": "a@b.example"},
        {"TopicArn": ref("Topic"), "Protocol": "email", "Endpoint": "c@d.example"},
        {"Topic": resource("AWS::SNS::Topic", TopicName="t")},
        ("Arn",),
    ),
    Case(
        "AWS::Events::EventBus",
        {"Name": "own", "Tags": tags("a")},
        {"Name": "own", "Tags": tags("b")},
        attributes=("Arn",),
    ),
    Case(
        "AWS::Events::Rule",
        {
            "Name": "nightly",
            "Description": "one",
            "ScheduleExpression": "rate(1 day)",
            "State": "ENABLED",
            "Targets": [{"Id": "a", "Arn": att("Q", "Arn")}, {"Id": "b", "Arn": att("Q", "Arn")}],
            "Tags": tags("a"),
        },
        {
            "Name": "nightly",
            "Description": "two",
            "ScheduleExpression": "rate(2 days)",
            "State": "DISABLED",
            "Targets": [{"Id": "a", "Arn": att("Q", "Arn"), "Input": "{}"}],
            "Tags": tags("b"),
        },
        {"Q": resource("AWS::SQS::Queue", QueueName="q")},
        ("Arn",),
    ),
    Case(
        "AWS::KMS::Key",
        {
            "Description": "one",
            "EnableKeyRotation": True,
            "KeyPolicy": statement("kms:*"),
            "PendingWindowInDays": 7,
            "Tags": tags("a"),
        },
        {"Description": "two", "KeyPolicy": statement("kms:Decrypt"), "Tags": tags("b")},
        attributes=("Arn", "KeyId"),
    ),
    Case(
        "AWS::KMS::Alias",
        {"AliasName": "alias/a", "TargetKeyId": ref("Key")},
        {"AliasName": "alias/a", "TargetKeyId": ref("Other")},
        {
            "Key": resource("AWS::KMS::Key", Description="one"),
            "Other": resource("AWS::KMS::Key", Description="other"),
        },
    ),
    Case("AWS::WAFv2::WebACL", _acl(100), _acl(200), attributes=("Arn", "Id")),
    Case(
        "AWS::CloudFront::Function",
        _edge_function("one"),
        _edge_function("two"),
        attributes=("FunctionARN", "FunctionMetadata.FunctionARN", "Stage"),
    ),
    Case(
        "AWS::SecretsManager::Secret",
        {"GenerateSecretString": {"PasswordLength": 48}, "Description": "one", "Tags": tags("1")},
        {"SecretString": "given", "Description": "two", "Tags": tags("2")},
        attributes=("Id",),
    ),
    Case(
        "AWS::Route53::RecordSet",
        {**RECORD, "TTL": "60", "ResourceRecords": ["192.0.2.1"]},
        {**RECORD, "TTL": "300", "ResourceRecords": ["192.0.2.2", "192.0.2.3"]},
    ),
    Case(
        "AWS::CertificateManager::Certificate",
        {**CERTIFICATE, "Tags": tags("1")},
        {**CERTIFICATE, "Tags": tags("2")},
        attributes=("CertificateArn",),
    ),
    Case("AWS::CloudFront::OriginAccessControl", _access("one"), _access("two")),
    Case("AWS::CloudFront::ResponseHeadersPolicy", _headers(60), _headers(600)),
    Case(
        "AWS::CloudFront::Distribution",
        {"DistributionConfig": _distribution("one", "", "https-only"), "Tags": tags("a")},
        {
            "DistributionConfig": _distribution("two", "index.html", "redirect-to-https"),
            "Tags": tags("b"),
        },
        {"Bucket": WEBSITE, "Access": ACCESS, "Headers": HEADERS, "Acl": ACL},
        ("DomainName", "Id"),
    ),
]  # fmt: skip
