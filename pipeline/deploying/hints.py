"""Known reasons of a failed resource -> what to do. Pure; the reasons are AWS's own words."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Hint(NamedTuple):
    pattern: str
    advice: str
    type: str = ""
    """Of resources of this type alone; empty: of every type."""


# The first that matches wins, so the narrow ones stand first.
_HINTS = (
    _Hint(
        r"custom-named resource requires replacing",
        "CloudFormation can't replace a resource with a name of its own. Give it another name, or"
        " take back the change of the property.",
    ),
    _Hint(
        r"CloudWatch Logs role ARN must be set",
        "API Gateway's account-wide role for logs is missing: set it once in the account, or turn"
        " the access logs off.",
    ),
    _Hint(
        r"Unable to validate the following destination configurations",
        "S3 may not invoke the notification's target yet: the permission must exist before the"
        " bucket, and its SourceArn must be this bucket.",
    ),
    _Hint(
        r"(S3 Error Code: NoSuchKey|specified key does not exist|S3 Error Code: NoSuchBucket)",
        "The function's code is not in the deployment bucket. `deploy` uploads it: run it again.",
    ),
    _Hint(
        r"UnreservedConcurrentExecution",
        "The account has too few concurrent executions to reserve any. Write null for the reserved"
        " concurrency, or ask for a higher Lambda quota.",
    ),
    _Hint(
        r"account must be verified before you can add.*CloudFront",
        "New accounts can't use CloudFront until AWS Support has verified them: open a case, or"
        " deliver the website without it for now.",
    ),
    _Hint(
        r"(BucketAlreadyExists|BucketAlreadyOwnedByYou|bucket name is not available)",
        "The bucket's name is taken: by an earlier stack that kept its bucket, or by somebody else"
        " in the world. Choose account-regional names or another project name.",
    ),
    _Hint(
        r"CNAMEs you provided are already associated|CNAMEAlreadyExists",
        "Another distribution, of this account or another, has that name as an alias. Take it from"
        " there first, or choose another name.",
    ),
    _Hint(
        r"create resource record set .*already exists",
        "The hosted zone has that record already. Delete it if nothing uses it, or choose another"
        " name; `doctor` looks at it beforehand.",
    ),
    _Hint(
        r"NotIncludedInPricingPlan|not supported by the .*pricing plan",
        "The distribution is under a flat-rate plan of CloudFront that doesn't include this. Take"
        " it out of the plan, or leave the feature out.",
    ),
    _Hint(
        r"already exists",
        "Something of that name is there, perhaps kept by an earlier stack. Delete it if nobody"
        " needs it, import it into the stack, or choose another project name.",
    ),
    _Hint(
        r"BlockPublicPolicy|(?i:block public access)",
        "The account or its organization blocks public bucket policies (S3 Block Public Access):"
        " deliver the bucket's objects through CloudFront, or let whoever manages it allow them.",
    ),
    _Hint(
        r"PutBucketPolicy|AccessDenied|Access Denied",
        "Either whoever deploys lacks s3:PutBucketPolicy, or the policy is a public one and the"
        " account or its organization blocks those (S3 Block Public Access).",
        type="AWS::S3::BucketPolicy",
    ),
    _Hint(
        r"not authorized to perform: ([\w-]+:\w+)",
        r"Whoever deploys lacks \1: let whoever manages the account allow it.",
    ),
    _Hint(
        r"AccessDenied|Access Denied",
        "Whoever deploys lacks a permission on that resource.",
    ),
    _Hint(
        r"(security token|credentials).*expired|ExpiredToken",
        "The credentials expired while CloudFormation worked. Sign in again and deploy again.",
    ),
    _Hint(
        r"[Dd]eletion protection",
        "The resource is protected against deletion: switch that off in the environment file and"
        " deploy, then repeat.",
    ),
    _Hint(
        r"bucket you tried to delete is not empty|BucketNotEmpty",
        "Empty the bucket first: every version and every delete marker too.",
    ),
    _Hint(
        r"Export .* (cannot be|is in use)",
        "Another stack imports that output. Change the other stack first.",
    ),
    _Hint(
        r"(TooManyBuckets|LimitExceeded|limit .*exceeded|quota)",
        "A quota of the account is used up. Delete what nobody needs, or ask for more in the"
        " Service Quotas console.",
    ),
    _Hint(
        r"(Rate exceeded|Throttling|Internal Failure|InternalFailure|ServiceUnavailable"
        r"|did not stabilize|Exceeded attempts to wait)",
        "AWS was busy or slow. Deploy again.",
    ),
)


def hint(reason: str, resource_type: str = "") -> str:
    """What to do about a failed resource; empty if its reason isn't a known one."""
    for known in _HINTS:
        match = re.search(known.pattern, reason)
        if match and known.type in {"", resource_type}:
            return match.expand(known.advice)
    return ""
