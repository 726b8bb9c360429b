"""The permissions that each station needs, by name, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LOOK = ("sts:GetCallerIdentity", "cloudformation:DescribeStacks")
_READ = ("cloudformation:GetTemplate", "cloudformation:ListStackResources")
# What DynamoDB asks of whoever restores a table: developer guide, "Using IAM with DynamoDB backup".
_RESTORED = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:BatchWriteItem",
)
_BUCKET = ("s3:ListBucket", "s3:GetObject")
_PLAN = (
    *_LOOK,
    *_BUCKET,
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DeleteChangeSet",
    "cloudformation:TagResource",  # the stack's tags; no operation of its own
    "cloudformation:DescribeStackEvents",
    "cloudformation:GetTemplate",
    "dynamodb:DescribeTable",
    "s3:GetAccountPublicAccessBlock",
)
STATIONS: Mapping[str, tuple[str, ...]] = {
    "outputs": _LOOK,
    "diff": (*_LOOK, "cloudformation:GetTemplate", "cloudformation:DescribeStackEvents"),
    "diagnose": (*_LOOK, "cloudformation:DescribeStackEvents"),
    "drift": (
        *_LOOK,
        "cloudformation:DetectStackDrift",
        "cloudformation:DetectStackResourceDrift",
        "cloudformation:ListStackResources",
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudformation:DescribeStackResourceDrifts",
    ),
    "logs": (*_LOOK, *_READ, "logs:FilterLogEvents"),
    "gc": (*_LOOK, "s3:ListBucket", "s3:ListBucketVersions", "s3:DeleteObjectVersion"),
    # a template that no request holds, where no deployment looks: never beside the functions' code
    "plan": (*_PLAN, "s3:PutObject", "s3:DeleteObjectVersion"),
    "deploy": (
        *_PLAN,
        *_READ,
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStackEvents",
        "cloudformation:UpdateTerminationProtection",
        "s3:CreateBucket",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutEncryptionConfiguration",
        "s3:PutBucketVersioning",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:PutObject",
        "s3:DeleteObject",
        "lambda:GetFunctionConfiguration",
        "lambda:UpdateFunctionCode",
        "cloudwatch:DescribeAlarms",
        "cloudfront:CreateInvalidation",
        "route53:GetHostedZone",
        "route53:ListResourceRecordSets",
        "acm:DescribeCertificate",
        "cloudfront:ListDistributions",
        "cloudfront:ListConflictingAliases",
    ),
    "rollback": (
        *_LOOK,
        *_READ,
        "cloudformation:DescribeStackEvents",
        "cloudformation:CancelUpdateStack",
        "cloudformation:ContinueUpdateRollback",
        "cloudformation:RollbackStack",
    ),
    "restore": (
        *_LOOK,
        *_READ,
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:ListBackups",
        "dynamodb:RestoreTableFromBackup",
        "dynamodb:RestoreTableToPointInTime",
        *_RESTORED,
        "dynamodb:Scan",
        "dynamodb:UpdateTable",
        "dynamodb:DeleteTable",
        "lambda:GetEventSourceMapping",
        "s3:ListBucketVersions",
        "s3:DeleteObjectVersion",
    ),
    "destroy": (
        *_LOOK,
        *_READ,
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStackEvents",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucket",
    ),
}
# Where an action applies, as a word of places.Places.of_stack; of one station, or of all.
_WHERE: Mapping[str | tuple[str, str], tuple[str, ...]] = {
    "s3:ListBucket": ("code bucket", "website bucket", "buckets"),
    "s3:GetObject": ("code",),
    "s3:CreateBucket": ("code bucket",),
    "s3:PutBucketPublicAccessBlock": ("code bucket",),
    "s3:PutEncryptionConfiguration": ("code bucket",),
    "s3:PutBucketVersioning": ("code bucket",),
    "s3:GetBucketPolicy": ("code bucket",),
    "s3:PutBucketPolicy": ("code bucket",),
    "s3:PutObject": ("code", "website"),
    ("plan", "s3:PutObject"): ("plans",),
    ("plan", "s3:DeleteObjectVersion"): ("plans",),
    "s3:DeleteObject": ("website",),
    ("destroy", "s3:DeleteObject"): ("objects", "code"),
    "s3:DeleteObjectVersion": ("objects",),
    ("destroy", "s3:DeleteObjectVersion"): ("objects", "code"),
    ("gc", "s3:ListBucket"): ("code bucket",),
    ("gc", "s3:ListBucketVersions"): ("code bucket",),
    ("gc", "s3:DeleteObjectVersion"): ("code",),
    "s3:ListBucketVersions": ("buckets",),
    ("destroy", "s3:ListBucketVersions"): ("buckets", "code bucket"),
    "s3:DeleteBucket": ("buckets", "code bucket"),
    "s3:GetAccountPublicAccessBlock": ("any",),
    "dynamodb:RestoreTableFromBackup": ("tables", "backups"),
    "dynamodb:RestoreTableToPointInTime": ("tables", "copies"),
    **{("restore", action): ("tables", "copies") for action in (*_RESTORED, "dynamodb:Scan")},
    ("restore", "dynamodb:DescribeTable"): ("tables", "copies"),
    ("restore", "dynamodb:DescribeContinuousBackups"): ("tables", "copies"),
    "lambda:GetEventSourceMapping": ("mappings",),
    "route53:GetHostedZone": ("zones",),
    "route53:ListResourceRecordSets": ("zones",),
    "acm:DescribeCertificate": ("given certificates",),
    "cloudfront:ListDistributions": ("aliases",),
    "cloudfront:ListConflictingAliases": ("aliased distributions",),
}
_BY_SERVICE = {
    "cloudformation": ("stack",),
    "cloudfront": ("distributions",),
    "cloudwatch": ("alarms",),
    "dynamodb": ("tables",),
    "lambda": ("functions",),
    "logs": ("log groups",),
}


def where(station: str, action: str) -> tuple[str, ...]:
    """The places that a station's action is about."""
    service = action.partition(":")[0]
    place = _WHERE.get((station, action)) or _WHERE.get(action)
    return place or _BY_SERVICE.get(service, ("any",))


# What the role of pull requests is denied: their code runs with it, whatever it allows. IAM's pages
# say that ChangeSetName is a change set's name, and show no value; policies in use compare its ARN.
PLAN_DENIES: tuple[Mapping[str, Any], ...] = (
    {
        "Sid": "PlanChangesNothing",
        "Effect": "Deny",
        "Action": [
            "cloudformation:CancelUpdateStack",
            "cloudformation:ContinueUpdateRollback",
            "cloudformation:CreateStack",
            "cloudformation:DeleteStack",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:RollbackStack",
            "cloudformation:SetStackPolicy",
            "cloudformation:UpdateStack",
            "cloudformation:UpdateTerminationProtection",
            "iam:PassRole",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter*",
        ],
        "Resource": "*",
    },
    {
        "Sid": "PlanHasChangeSetsOfItsOwn",
        "Effect": "Deny",
        "Action": ["cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"],
        "Resource": "*",
        "Condition": {
            "StringNotLike": {
                "cloudformation:ChangeSetName": ["plan-*", "arn:*:changeSet/plan-*"],
            }
        },
    },
)
