"""What whoever runs a station must be allowed, by name; and whether they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.deploying.target import Target

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
    "plan": _PLAN,
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
BATCH = 50  # names in one question


def denied(target: Target, actions: Iterable[str]) -> list[str]:
    """Which of these the identity's policies don't allow on everything.

    Asked of IAM without naming resources: a policy that allows an action on some resources only is
    denied here, so this is a hint and no verdict.
    """
    iam = target.aws.other("iam")
    source = _principal(iam, target.identity.arn)
    wanted = sorted(set(actions) - {"sts:GetCallerIdentity"})  # that one can't be denied
    answers = [
        answer
        for start in range(0, len(wanted), BATCH)
        for answer in _simulated(iam, source, wanted[start : start + BATCH])
    ]
    return [one["EvalActionName"] for one in answers if one["EvalDecision"] != "allowed"]


def of_types(types: Iterable[str]) -> dict[str, list[str]]:
    """Type -> what CloudFormation's handler for it may call in the type's own service.

    From the registry's schemas, which cfn-lint carries. Not all of it is called for every template.
    """
    return {kind: sorted(_handler(kind)) for kind in sorted(set(types))}


def _handler(kind: str) -> Iterator[str]:
    handlers = _schema(kind).get("handlers", {})
    called = {
        action
        for verb in ("create", "update", "delete", "read")
        for action in handlers.get(verb, {}).get("permissions", [])
    }
    own = {action.split(":")[0] for action in handlers.get("delete", {}).get("permissions", [])}
    return (action for action in called if action.split(":")[0] in own | {"iam"})


def _simulated(iam: Any, source: str, actions: Sequence[str]) -> Iterator[dict[str, Any]]:
    pages = iam.get_paginator("simulate_principal_policy")
    for page in pages.paginate(PolicySourceArn=source, ActionNames=list(actions)):
        yield from page["EvaluationResults"]


def _principal(iam: Any, arn: str) -> str:
    """The role behind a session: IAM knows policies of users and roles, not of sessions."""
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        return arn
    role: str = iam.get_role(RoleName=rest.split("/")[0])["Role"]["Arn"]
    return role


@cache
def _schema(kind: str) -> dict[str, Any]:
    folder = files("cfnlint.data.schemas")
    names = json.loads((folder / "providers" / "us-east-1.json").read_text("utf-8"))
    if kind not in names:
        return {}
    text = (folder / "resources" / f"{names[kind]}.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
