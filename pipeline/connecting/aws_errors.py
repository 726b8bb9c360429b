"""AWS's answers that say no -> what a person can do about them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import Refused, UserError

if TYPE_CHECKING:
    from pipeline.environment.fields import Aws

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
UNKNOWN_KEY = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "IncompleteSignature",
}
CLOCK = {"RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}
OPT_IN = {"OptInRequired", "IllegalLocationConstraintException"}
BUSY = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "RequestThrottled",
}
ABSENT = {"NotImplemented"}  # what a stand-in for AWS says of an operation that it lacks

# What is not CloudFormation's; S3's permissions are called differently from its operations (Service
# Authorization Reference).
PERMISSIONS = {
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "DescribeTable": "dynamodb:DescribeTable",
    "Scan": "dynamodb:Scan",
    "UpdateTable": "dynamodb:UpdateTable",
    "DeleteTable": "dynamodb:DeleteTable",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "UpdateFunctionCode": "lambda:UpdateFunctionCode",
    "DescribeContinuousBackups": "dynamodb:DescribeContinuousBackups",
    "ListBackups": "dynamodb:ListBackups",
    "RestoreTableFromBackup": "dynamodb:RestoreTableFromBackup",
    "RestoreTableToPointInTime": "dynamodb:RestoreTableToPointInTime",
    "GetEventSourceMapping": "lambda:GetEventSourceMapping",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "CreateInvalidation": "cloudfront:CreateInvalidation",
    "GetHostedZone": "route53:GetHostedZone",
    "ListResourceRecordSets": "route53:ListResourceRecordSets",
    "DescribeCertificate": "acm:DescribeCertificate",
    "ListDistributions": "cloudfront:ListDistributions",
    "ListConflictingAliases": "cloudfront:ListConflictingAliases",
    "SimulatePrincipalPolicy": "iam:SimulatePrincipalPolicy",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "DeleteObjects": "s3:DeleteObjectVersion",
    "DeleteBucket": "s3:DeleteBucket",
    "HeadBucket": "s3:ListBucket",
    "CreateBucket": "s3:CreateBucket",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketVersioning": "s3:PutBucketVersioning",
    "PutBucketPolicy": "s3:PutBucketPolicy",
    "GetBucketPolicy": "s3:GetBucketPolicy",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObjectVersion",
}
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_RESOURCE = re.compile(r"on resource: (\S+)")


@dataclass(frozen=True)
class Details:
    """One error answer of AWS."""

    operation: str
    code: str
    message: str
    status: int = 0


def refusal(details: Details, aws: Aws, sign_in: str) -> UserError:
    """An answer of AWS that says no; `sign_in` tells how one gets other credentials."""
    if details.code in EXPIRED or "token included in the request is expired" in details.message:
        return UserError("your AWS credentials have expired.", mend=sign_in)
    if details.code in CLOCK or "Signature expired" in details.message:
        return UserError(
            f"AWS finds the request's time wrong: {details.message}",
            mend="Set this machine's clock.",
        )
    if details.code in UNKNOWN_KEY:
        return _unknown_key(details, aws, sign_in)
    if details.code in DENIED:
        return _denied(details)
    if details.code in ABSENT:
        return UserError(
            f"this endpoint has no {details.operation}: {details.message} ({details.code})",
            mend="AWS itself has it. Unset AWS_ENDPOINT_URL to ask there.",
        )
    if passes(details):
        return UserError(
            f"AWS is too busy for {details.operation} ({details.code}).",
            mend="Wait a minute and run it again; nothing is left half-done.",
        )
    return UserError(
        f"AWS refuses {details.operation}: {details.message or 'no reason given'} ({details.code})",
        mend=_hint(details, aws),
    )


def passes(details: Details) -> bool:
    """Would the same request work later?"""
    return details.code in BUSY or (details.status >= 500 and details.code not in ABSENT)


def _unknown_key(details: Details, aws: Aws, sign_in: str) -> UserError:
    return UserError(
        f"AWS does not accept these credentials: {details.message} ({details.code})",
        mend=f"{sign_in} A region that the account has not enabled ({aws.region}) says this too.",
    )


def _denied(details: Details) -> UserError:
    permission, resource = _ACTION.search(details.message), _RESOURCE.search(details.message)
    action = permission.group(1) if permission else PERMISSIONS.get(details.operation)
    action = action or f"cloudformation:{details.operation}"
    on = f" on {resource.group(1)}" if resource else ""
    return Refused(
        f"you may not {details.operation}: the permission {action} is missing{on}.",
        mend=f"Let whoever manages the account allow {action}."
        + (f" AWS says: {details.message}" if details.message not in {"", "Forbidden"} else ""),
    )


def _hint(details: Details, aws: Aws) -> str:
    if details.code in OPT_IN:
        return f"Enable {aws.region} in the account's settings, or write another aws.region."
    if details.code in {"TooManyBuckets", "LimitExceededException"}:
        return "Delete what nobody needs, or ask for a higher quota in the Service Quotas console."
    return "Mend what AWS names here, and run it again."
