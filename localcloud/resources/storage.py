"""Buckets and their policies."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from localcloud.resources.base import Account, Handler, Properties, Unsupported, as_json, from_json

Convert = Callable[[Any], Any]


class Part(NamedTuple):
    """One property of a bucket: the operations that keep it and both directions of its shape."""

    operation: str
    argument: str
    to_api: Convert
    from_api: Convert
    remove: str = ""


# ---- from CloudFormation's shape to S3's and back


def _renamed(value: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(key, key): item for key, item in value.items()}


def _back(names: dict[str, str]) -> dict[str, str]:
    return {api: ours for ours, api in names.items()}


CORS_NAMES = {"ExposedHeaders": "ExposeHeaders", "Id": "ID", "MaxAge": "MaxAgeSeconds"}
ENCRYPTION_NAMES = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}


def _cors_to_api(value: Any) -> Any:
    rules = [_renamed(rule, CORS_NAMES) for rule in value["CorsRules"]]
    return {"CORSRules": [_whole(rule, "MaxAgeSeconds") for rule in rules]}


def _cors_from_api(answer: Any) -> Any:
    return {"CorsRules": [_renamed(rule, _back(CORS_NAMES)) for rule in answer["CORSRules"]]}


def _whole(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return value | {name: int(value[name]) for name in names if name in value}


def _encryption_to_api(value: Any) -> Any:
    rules = value["ServerSideEncryptionConfiguration"]
    return {"Rules": [_renamed(rule, ENCRYPTION_NAMES) for rule in rules]}


def _encryption_from_api(answer: Any) -> Any:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return {
        "ServerSideEncryptionConfiguration": [
            _renamed(rule, _back(ENCRYPTION_NAMES)) for rule in rules
        ]
    }


def _lifecycle_to_api(value: Any) -> Any:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


LIFECYCLE_RULE = {
    "Id", "Status", "Prefix", "ExpirationInDays", "ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload",
}  # fmt: skip


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(rule) - LIFECYCLE_RULE):
        raise Unsupported(f"LifecycleConfiguration.Rules.{unknown[0]} isn't supported here")
    shaped: dict[str, Any] = {
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "Id" in rule:
        shaped["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        shaped["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        shaped["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            shaped[name] = {key: int(days) for key, days in rule[name].items()}
    return shaped


def _lifecycle_from_api(answer: Any) -> Any:
    return {"Rules": [_lifecycle_rule_from_api(rule) for rule in answer["Rules"]]}


def _lifecycle_rule_from_api(rule: dict[str, Any]) -> dict[str, Any]:
    kept = {"Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"}
    shaped = {key: value for key, value in rule.items() if key in kept}
    expiration = rule.get("Expiration", {})
    if "ID" in rule:
        shaped["Id"] = rule["ID"]
    if prefix := rule.get("Prefix", rule.get("Filter", {}).get("Prefix")):
        shaped["Prefix"] = prefix
    if "Days" in expiration:
        shaped["ExpirationInDays"] = expiration["Days"]
    if "ExpiredObjectDeleteMarker" in expiration:
        shaped["ExpiredObjectDeleteMarker"] = expiration["ExpiredObjectDeleteMarker"]
    return shaped


TARGETS = {
    "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
    "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
    "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
}


def _notification_to_api(value: Any) -> Any:
    if unknown := sorted(set(value) - set(TARGETS)):
        raise Unsupported(f"NotificationConfiguration.{unknown[0]} isn't supported here")
    shaped: dict[str, Any] = {}
    for ours, (api, target, arn) in TARGETS.items():
        if ours in value:
            shaped[api] = [_target_to_api(one, target, arn) for one in value[ours]]
    return shaped


def _target_to_api(configuration: dict[str, Any], target: str, arn: str) -> dict[str, Any]:
    shaped: dict[str, Any] = {arn: configuration[target], "Events": [configuration["Event"]]}
    if "Filter" in configuration:
        shaped["Filter"] = {"Key": {"FilterRules": configuration["Filter"]["S3Key"]["Rules"]}}
    return shaped


def _notification_from_api(answer: Any) -> Any:
    shaped = {}
    for ours, (api, target, arn) in TARGETS.items():
        if answer.get(api):
            shaped[ours] = [_target_from_api(one, target, arn) for one in answer[api]]
    return shaped


def _target_from_api(configuration: dict[str, Any], target: str, arn: str) -> dict[str, Any]:
    shaped: dict[str, Any] = {target: configuration[arn], "Event": configuration["Events"][0]}
    if rules := configuration.get("Filter", {}).get("Key", {}).get("FilterRules"):
        # S3 answers Prefix where it was given prefix.
        named = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules]
        shaped["Filter"] = {"S3Key": {"Rules": named}}
    return shaped


def _website_to_api(value: Any) -> Any:
    if unknown := sorted(set(value) - {"IndexDocument", "ErrorDocument"}):
        raise Unsupported(f"WebsiteConfiguration.{unknown[0]} isn't supported here")
    shaped: dict[str, Any] = {}
    if "IndexDocument" in value:
        shaped["IndexDocument"] = {"Suffix": value["IndexDocument"]}
    if "ErrorDocument" in value:
        shaped["ErrorDocument"] = {"Key": value["ErrorDocument"]}
    return shaped


def _website_from_api(answer: Any) -> Any:
    shaped = {}
    if "IndexDocument" in answer:
        shaped["IndexDocument"] = answer["IndexDocument"]["Suffix"]
    if "ErrorDocument" in answer:
        shaped["ErrorDocument"] = answer["ErrorDocument"]["Key"]
    return shaped


def _same(value: Any) -> Any:
    return value


def _under(name: str) -> Convert:
    return lambda answer: answer[name]


PARTS = {
    "PublicAccessBlockConfiguration": Part(
        "public_access_block",
        "PublicAccessBlockConfiguration",
        _same,
        _under("PublicAccessBlockConfiguration"),
        "delete_public_access_block",
    ),
    "OwnershipControls": Part(
        "bucket_ownership_controls",
        "OwnershipControls",
        _same,
        _under("OwnershipControls"),
        "delete_bucket_ownership_controls",
    ),
    "BucketEncryption": Part(
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        _encryption_to_api,
        _encryption_from_api,
        "delete_bucket_encryption",
    ),
    "VersioningConfiguration": Part(
        "bucket_versioning",
        "VersioningConfiguration",
        _same,
        lambda answer: {"Status": answer["Status"]},
    ),
    "CorsConfiguration": Part(
        "bucket_cors", "CORSConfiguration", _cors_to_api, _cors_from_api, "delete_bucket_cors"
    ),
    "LifecycleConfiguration": Part(
        "bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        _lifecycle_to_api,
        _lifecycle_from_api,
        "delete_bucket_lifecycle",
    ),
    "WebsiteConfiguration": Part(
        "bucket_website",
        "WebsiteConfiguration",
        _website_to_api,
        _website_from_api,
        "delete_bucket_website",
    ),
    "Tags": Part(
        "bucket_tagging",
        "Tagging",
        lambda tags: {"TagSet": tags},
        _under("TagSet"),
        "delete_bucket_tagging",
    ),
    "NotificationConfiguration": Part(
        "bucket_notification_configuration",
        "NotificationConfiguration",
        _notification_to_api,
        _notification_from_api,
    ),
}
"""In the order in which they are put: the notification last, it looks at other resources."""

OFF: dict[str, Any] = {
    "VersioningConfiguration": {"Status": "Suspended"},
    "NotificationConfiguration": {},
}
"""What is put when a property without a delete operation leaves the template."""


class Bucket(Handler):
    """AWS::S3::Bucket; Ref is its name."""

    type = "AWS::S3::Bucket"
    holds = frozenset({"BucketName", "BucketNamespace", *PARTS})
    unread = frozenset({"BucketNamespace"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        bucket = str(properties.get("BucketName", name.lower()))
        _check_namespace(account, bucket, properties.get("BucketNamespace", "global"))
        arguments: dict[str, Any] = {"Bucket": bucket}
        if account.region != "us-east-1":
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": account.region}
        if "BucketNamespace" in properties:
            arguments["BucketNamespace"] = properties["BucketNamespace"]
        account.client("s3").create_bucket(**arguments)
        try:
            self._put(account, bucket, {}, properties)
        except Exception:
            account.client("s3").delete_bucket(Bucket=bucket)
            raise
        return bucket

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self._put(account, physical_id, old, new)

    def _put(self, account: Account, bucket: str, old: Properties, new: Properties) -> None:
        s3 = account.client("s3")
        for name, part in PARTS.items():
            if name in new and new[name] != old.get(name):
                if name == "NotificationConfiguration":
                    _check_targets(account, bucket, new[name])
                put = getattr(s3, f"put_{part.operation}")
                put(Bucket=bucket, **{part.argument: part.to_api(new[name])})
            elif name in old and name not in new:
                _remove(s3, bucket, name, part)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("s3").delete_bucket(Bucket=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        s3 = account.client("s3")
        s3.head_bucket(Bucket=physical_id)
        actual: Properties = {"BucketName": physical_id}
        for name in properties:
            if name in PARTS:
                part = PARTS[name]
                answer = getattr(s3, f"get_{part.operation}")(Bucket=physical_id)
                actual[name] = part.from_api(answer)
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        host = f"{physical_id}.s3-website{_dash(account.region)}{account.region}.{account.suffix}"
        return {
            "Arn": f"arn:{account.partition}:s3:::{physical_id}",
            "DomainName": f"{physical_id}.s3.{account.suffix}",
            "RegionalDomainName": f"{physical_id}.s3.{account.region}.{account.suffix}",
            "DualStackDomainName": f"{physical_id}.s3.dualstack.{account.region}.{account.suffix}",
            "WebsiteURL": f"http://{host}",
        }


def _remove(s3: Any, bucket: str, name: str, part: Part) -> None:
    if part.remove:
        getattr(s3, part.remove)(Bucket=bucket)
    else:
        getattr(s3, f"put_{part.operation}")(Bucket=bucket, **{part.argument: OFF[name]})


DASH_REGIONS = {
    "us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1", "ap-southeast-2",
    "ap-northeast-1", "sa-east-1", "us-gov-west-1",
}  # fmt: skip
"""Where the website endpoint is s3-website-REGION; it is s3-website.REGION elsewhere."""


def _dash(region: str) -> str:
    return "-" if region in DASH_REGIONS else "."


def _check_namespace(account: Account, bucket: str, namespace: str) -> None:
    """A name of the account-regional form and that namespace belong together, and only they."""
    ending = f"-{account.id}-{account.region}-an"
    if namespace == "account-regional" and not bucket.endswith(ending):
        raise Unsupported(
            f"The bucket name {bucket} doesn't end in {ending}, as the account-regional"
            " namespace demands (InvalidBucketName)"
        )
    if namespace == "global" and re.search(r"-[0-9]{12}-[a-z0-9-]+-an$", bucket):
        raise Unsupported(
            f"The bucket name {bucket} is of the account-regional namespace;"
            " BucketNamespace: account-regional is missing (InvalidBucketName)"
        )


def _check_targets(account: Account, bucket: str, notification: Properties) -> None:
    """S3 takes a function as a target only if its policy lets S3 invoke it for this bucket."""
    for configuration in notification.get("LambdaConfigurations", []):
        if not _may_invoke(
            account, configuration["Function"], f"arn:{account.partition}:s3:::{bucket}"
        ):
            raise Unsupported(
                "Unable to validate the following destination configurations"
                " (no permission lets s3.amazonaws.com invoke"
                f" {configuration['Function']} for {bucket})"
            )


def _may_invoke(account: Account, function: str, source: str) -> bool:
    try:
        policy = from_json(account.client("lambda").get_policy(FunctionName=function)["Policy"])
    except ClientError:
        return False
    return any(
        statement.get("Principal") in ({"Service": "s3.amazonaws.com"}, "s3.amazonaws.com")
        and source in as_json(statement.get("Condition", {"ArnLike": source}))
        for statement in policy["Statement"]
    )


class BucketPolicy(Handler):
    """AWS::S3::BucketPolicy; Ref is the bucket's name."""

    type = "AWS::S3::BucketPolicy"
    holds = frozenset({"Bucket", "PolicyDocument"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        bucket = str(properties["Bucket"])
        policy = as_json(properties["PolicyDocument"])
        account.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
        return bucket

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self.create(account, physical_id, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("s3").delete_bucket_policy(Bucket=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        answer = account.client("s3").get_bucket_policy(Bucket=physical_id)
        return {"Bucket": physical_id, "PolicyDocument": from_json(answer["Policy"])}


HANDLERS = (Bucket(), BucketPolicy())
