"""What CloudFormation calls to make and change each resource of a template, by its properties.

The registry's schemas aren't a policy: a table's list holds reading every item, a bucket's names
that no IAM action has. So what writes is written out here, from the services' authorization
reference and their guides; what reads and what deletes comes from the schema's handlers, less what
is another service's or no action at all. A type that isn't here has all from its schema, and that
is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline import schemas
from pipeline.iam import service_reference

# API Gateway developer guide, "Configure logging for HTTP APIs": what whoever enables it needs.
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_API = (
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:POST",
    "apigateway:PUT",
    "apigateway:DELETE",
)


@dataclass(frozen=True)
class Writes:
    """What a type's creation and changes call: always, and where a property is set."""

    always: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _tags(service: str, tag: str = "TagResource", untag: str = "UntagResource") -> Any:
    return {"Tags": (f"{service}:{tag}", f"{service}:{untag}")}


WRITES: Mapping[str, Writes] = {
    "AWS::ApiGatewayV2::Api": Writes(_API),
    "AWS::ApiGatewayV2::Integration": Writes(_API),
    "AWS::ApiGatewayV2::Route": Writes(_API),
    "AWS::ApiGatewayV2::RouteResponse": Writes(_API),
    "AWS::ApiGatewayV2::Stage": Writes(_API, {"AccessLogSettings": LOG_DELIVERY}),
    "AWS::CertificateManager::Certificate": Writes(
        ("acm:RequestCertificate", "acm:DescribeCertificate", "acm:AddTagsToCertificate"),
        {"DomainValidationOptions": ("route53:ChangeResourceRecordSets",)},
    ),
    "AWS::CloudFront::Distribution": Writes(
        ("cloudfront:CreateDistribution", "cloudfront:UpdateDistribution"),
        {**_tags("cloudfront"), "WebACLId": ("wafv2:GetWebACL",)},
    ),
    "AWS::CloudFront::Function": Writes(
        (
            "cloudfront:CreateFunction",
            "cloudfront:DescribeFunction",
            "cloudfront:GetFunction",
            "cloudfront:UpdateFunction",
        ),
        {**_tags("cloudfront"), "AutoPublish": ("cloudfront:PublishFunction",)},
    ),
    "AWS::CloudFront::OriginAccessControl": Writes(
        ("cloudfront:CreateOriginAccessControl", "cloudfront:UpdateOriginAccessControl")
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": Writes(
        ("cloudfront:CreateResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy")
    ),
    "AWS::CloudWatch::Alarm": Writes(
        ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"), _tags("cloudwatch")
    ),
    "AWS::CloudWatch::Dashboard": Writes(("cloudwatch:PutDashboard",), _tags("cloudwatch")),
    "AWS::DynamoDB::Table": Writes(
        ("dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTable"),
        {
            **_tags("dynamodb"),
            "TimeToLiveSpecification": ("dynamodb:UpdateTimeToLive",),
            "PointInTimeRecoverySpecification": ("dynamodb:UpdateContinuousBackups",),
        },
    ),
    "AWS::IAM::Role": Writes(
        (
            "iam:CreateRole",
            "iam:GetRole",
            "iam:UpdateRole",
            "iam:UpdateRoleDescription",
            "iam:UpdateAssumeRolePolicy",
        ),
        {
            **_tags("iam", "TagRole", "UntagRole"),
            "Policies": ("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy"),
            "ManagedPolicyArns": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
        },
    ),
    "AWS::KMS::Key": Writes(
        ("kms:CreateKey", "kms:DescribeKey", "kms:PutKeyPolicy", "kms:UpdateKeyDescription"),
        {
            **_tags("kms"),
            "EnableKeyRotation": ("kms:EnableKeyRotation", "kms:DisableKeyRotation"),
            "Enabled": ("kms:EnableKey", "kms:DisableKey"),
        },
    ),
    "AWS::Lambda::EventInvokeConfig": Writes(
        ("lambda:PutFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig")
    ),
    "AWS::Lambda::EventSourceMapping": Writes(
        ("lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"), _tags("lambda")
    ),
    "AWS::Lambda::Function": Writes(
        (
            "lambda:CreateFunction",
            "lambda:GetFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ),
        {
            **_tags("lambda"),
            "Role": ("iam:PassRole",),
            "Code": ("s3:GetObject",),
            "Layers": ("lambda:GetLayerVersion",),
            "ReservedConcurrentExecutions": (
                "lambda:PutFunctionConcurrency",
                "lambda:DeleteFunctionConcurrency",
            ),
        },
    ),
    "AWS::Lambda::Permission": Writes(("lambda:AddPermission",)),
    "AWS::Logs::LogGroup": Writes(
        ("logs:CreateLogGroup", "logs:DescribeLogGroups"),
        {
            **_tags("logs"),
            "RetentionInDays": ("logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy"),
            "KmsKeyId": ("logs:AssociateKmsKey", "logs:DisassociateKmsKey"),
        },
    ),
    "AWS::Route53::RecordSet": Writes(
        (
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
        )
    ),
    "AWS::S3::Bucket": Writes(
        ("s3:CreateBucket", "s3:ListBucket"),
        {
            "BucketEncryption": ("s3:PutEncryptionConfiguration",),
            "CorsConfiguration": ("s3:PutBucketCORS",),
            "LifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
            "NotificationConfiguration": ("s3:PutBucketNotification",),
            "OwnershipControls": ("s3:PutBucketOwnershipControls",),
            "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock",),
            "Tags": ("s3:PutBucketTagging", "s3:TagResource", "s3:UntagResource"),
            "VersioningConfiguration": ("s3:PutBucketVersioning",),
            "WebsiteConfiguration": ("s3:PutBucketWebsite", "s3:DeleteBucketWebsite"),
        },
    ),
    "AWS::S3::BucketPolicy": Writes(("s3:PutBucketPolicy", "s3:GetBucketPolicy")),
    # What a key is, the deployer reads where a dynamic reference resolves it: policies.of_template.
    "AWS::SecretsManager::Secret": Writes(
        (
            "secretsmanager:CreateSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:UpdateSecret",
        ),
        {
            **_tags("secretsmanager"),
            "GenerateSecretString": ("secretsmanager:GetRandomPassword",),
            "ReplicaRegions": (
                "secretsmanager:ReplicateSecretToRegions",
                "secretsmanager:RemoveRegionsFromReplication",
            ),
        },
    ),
    "AWS::SNS::Subscription": Writes(
        ("sns:Subscribe", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes")
    ),
    "AWS::SNS::Topic": Writes(("sns:CreateTopic", "sns:SetTopicAttributes"), _tags("sns")),
    "AWS::SNS::TopicPolicy": Writes(("sns:SetTopicAttributes", "sns:GetTopicAttributes")),
    "AWS::SQS::Queue": Writes(
        ("sqs:CreateQueue", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
        _tags("sqs", "TagQueue", "UntagQueue"),
    ),
    "AWS::SQS::QueuePolicy": Writes(("sqs:SetQueueAttributes", "sqs:GetQueueAttributes")),
    "AWS::WAFv2::WebACL": Writes(("wafv2:CreateWebACL", "wafv2:UpdateWebACL"), _tags("wafv2")),
}


def of(resource: Mapping[str, Any], *, destroys: bool = False) -> list[str]:
    """The actions that this resource needs; with `destroys` only those of its deletion."""
    kind, own = resource["Type"], resource.get("Properties", {})
    actions = {*_handler(kind, "read"), *_handler(kind, "delete")}
    if not destroys:
        actions |= set(_writes(kind, own))
    return sorted(actions)


def is_curated(kind: str) -> bool:
    """Is it written out here what such a resource needs?"""
    return kind in WRITES


def _writes(kind: str, own: Mapping[str, Any]) -> Iterator[str]:
    if kind not in WRITES:
        yield from _handler(kind, "create")
        yield from _handler(kind, "update")
        return
    writes = WRITES[kind]
    yield from writes.always
    text = json.dumps(own)
    for name, actions in writes.properties.items():
        if f'"{name}"' in text:
            yield from actions


def _handler(kind: str, verb: str) -> Iterator[str]:
    """What the schema's handler may call in the type's own service, and IAM knows."""
    if kind not in schemas.names():
        return
    handlers = schemas.schema(kind).get("handlers", {})
    main = (WRITES[kind].always if kind in WRITES else _all(handlers, "create"))[:1]
    services = {action.partition(":")[0] for action in main}
    for action in _all(handlers, verb):
        if action.partition(":")[0] in services and service_reference.is_known(action):
            yield action


def _all(handlers: Mapping[str, Any], verb: str) -> tuple[str, ...]:
    return tuple(handlers.get(verb, {}).get("permissions", []))
