"""A deployed stack -> its blueprint, read from CloudFormation and from each service.

Only where a service doesn't tell (a function's code, of which Lambda gives a hash) is the deployed
template itself asked, and then compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from localcloud.application.access import policies
from localcloud.application.blueprint import (
    Api,
    Asynchronous,
    Blueprint,
    Bucket,
    CorsRule,
    Distribution,
    Document,
    EventSource,
    Function,
    Notification,
    Queue,
    Stream,
    Unservable,
    Website,
)
from localcloud.application.compute.filters import check as check_filter
from localcloud.application.reading import deployed_apis, distributions
from localcloud.cloudformation import template
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account

NOT_HERE = {
    "AWS::CloudFront::Distribution": "CloudFront's edges, caches and HTTPS",
    "AWS::CloudWatch::Alarm": "alarms: nothing is measured",
    "AWS::Events::Rule": "EventBridge's rules: no schedule comes due, no event finds its target",
}


@dataclass(frozen=True)
class Resources:
    """A stack's resources, by type: logical id and physical id."""

    account: Account
    stack: str

    @cached_property
    def all(self) -> list[tuple[str, str, str]]:
        """Type, logical id and physical id of each."""
        pages = self.account.client("cloudformation").get_paginator("list_stack_resources")
        return [
            (summary["ResourceType"], summary["LogicalResourceId"], summary["PhysicalResourceId"])
            for page in pages.paginate(StackName=self.stack)
            for summary in page["StackResourceSummaries"]
        ]

    def of(self, kind: str) -> dict[str, str]:
        """Physical ids of a type's resources by their logical ids."""
        return {logical: physical for type_, logical, physical in self.all if type_ == kind}

    @cached_property
    def template(self) -> dict[str, Any]:
        """The deployed template."""
        client = self.account.client("cloudformation")
        body = client.get_template(StackName=self.stack)["TemplateBody"]
        return template.load(body if isinstance(body, str) else json.dumps(body))

    @cached_property
    def described(self) -> dict[str, Any]:
        """The stack, with its parameters and outputs."""
        stacks = self.account.client("cloudformation").describe_stacks(StackName=self.stack)
        stack: dict[str, Any] = stacks["Stacks"][0]
        return stack


def read(account: Account, stack: str) -> Blueprint:
    """Everything that is to be served; `Unservable` names what can't be."""
    resources = Resources(account, stack)
    functions = {one.name: one for one in _functions(resources)}
    apis = tuple(
        deployed_apis.apis(
            account,
            resources.of("AWS::ApiGatewayV2::Api"),
            list(resources.of("AWS::ApiGatewayV2::RouteResponse").values()),
        )
    )
    reader = _distribution(resources, apis)
    distribution = reader.read() if reader else None
    return Blueprint(
        stack=stack,
        region=account.region,
        account=account.id,
        outputs={
            output["OutputKey"]: output["OutputValue"]
            for output in resources.described.get("Outputs", [])
        },
        functions=functions,
        apis=apis,
        buckets={one.name: one for one in _buckets(resources)},
        website=_pages(distribution) if distribution else _website(resources),
        sources=tuple(_sources(resources)),
        resources=len(resources.all),
        notes=_notes(resources, reader.notes if reader else ()),
        distribution=distribution,
    )


def _notes(resources: Resources, others: Iterable[str]) -> list[str]:
    kinds = {kind for kind, _, _ in resources.all}
    told = [words for kind, words in NOT_HERE.items() if kind in kinds]
    return [f"not here: {words}" for words in dict.fromkeys([*told, *others])]


# ---- functions


def _functions(resources: Resources) -> Iterator[Function]:
    client = resources.account.client("lambda")
    for logical_id, name in resources.of("AWS::Lambda::Function").items():
        answer = client.get_function(FunctionName=name)
        configuration = answer["Configuration"]
        _check_function(logical_id, configuration)
        yield Function(
            logical_id=logical_id,
            name=name,
            arn=configuration["FunctionArn"],
            handler=configuration["Handler"],
            runtime=configuration["Runtime"],
            timeout_seconds=configuration["Timeout"],
            memory_mb=configuration["MemorySize"],
            variables=configuration.get("Environment", {}).get("Variables", {}),
            code=_code(resources, logical_id, configuration["CodeSha256"]),
            log_group=configuration["LoggingConfig"]["LogGroup"],
            reserved=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            asynchronous=_asynchronous(resources, logical_id, name),
            role=configuration["Role"].rpartition("/")[2],
            policies=tuple(_role_policies(resources, logical_id, configuration["Role"])),
        )


def _check_function(logical_id: str, configuration: Mapping[str, Any]) -> None:
    if configuration.get("PackageType", "Zip") != "Zip":
        raise Unservable(logical_id, "a function that is an image")
    if not configuration["Runtime"].startswith("python3."):
        raise Unservable(logical_id, f"the runtime {configuration['Runtime']}; it runs Python")
    if configuration.get("Layers"):
        raise Unservable(logical_id, "layers")


def _code(resources: Resources, logical_id: str, sha256: str) -> bytes:
    """The zip from the deployment bucket, which must be the one that Lambda says it has."""
    code = resources.template["Resources"][logical_id]["Properties"]["Code"]
    given = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in resources.described["Parameters"]
    }
    bucket, key = (
        given[place["Ref"]] if isinstance(place, dict) else place
        for place in (code["S3Bucket"], code["S3Key"])
    )
    data: bytes = resources.account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    if base64.b64encode(hashlib.sha256(data).digest()).decode() != sha256:
        raise Unservable(logical_id, "code that isn't what was deployed")
    return data


def _asynchronous(resources: Resources, logical_id: str, name: str) -> Asynchronous:
    client = resources.account.client("lambda")
    try:
        config = client.get_function_event_invoke_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return Asynchronous()
    target = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return Asynchronous(
        retries=config.get("MaximumRetryAttempts", Asynchronous.retries),
        max_age_seconds=config.get("MaximumEventAgeInSeconds", Asynchronous.max_age_seconds),
        on_failure=_queue(logical_id, target),
    )


def _queue(logical_id: str, arn: str | None) -> str | None:
    if arn and arn.split(":")[2] != "sqs":
        raise Unservable(logical_id, f"the failure destination {arn}; it sends to queues")
    return arn


def _role_policies(resources: Resources, logical_id: str, role_arn: str) -> Iterator[Document]:
    iam, role = resources.account.client("iam"), role_arn.rsplit("/", 1)[1]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield _judged(logical_id, policy)


def _judged(logical_id: str, policy: Document) -> Document:
    if unknown := policies.not_judged(policy):
        raise Unservable(logical_id, f"{unknown[0]} in a policy")
    return policy


# ---- buckets and the website


def _buckets(resources: Resources) -> Iterator[Bucket]:
    account = resources.account
    s3 = account.client("s3")
    handler = HANDLERS["AWS::S3::Bucket"]
    for logical_id, name in resources.of("AWS::S3::Bucket").items():
        attributes = handler.attributes(account, name, {})
        yield Bucket(
            logical_id=logical_id,
            name=name,
            hosts=tuple(
                attributes[key]
                for key in ("RegionalDomainName", "DomainName", "DualStackDomainName")
            ),
            cors=tuple(_cors_rules(_unless_absent(s3.get_bucket_cors, name).get("CORSRules", []))),
            notifications=tuple(
                _notifications(logical_id, s3.get_bucket_notification_configuration(Bucket=name))
            ),
            policy=_bucket_policy(logical_id, _unless_absent(s3.get_bucket_policy, name)),
        )


def _unless_absent(get: Any, bucket: str) -> dict[str, Any]:
    """What S3 answers, empty where it says that there is no such configuration."""
    try:
        answer: dict[str, Any] = get(Bucket=bucket)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("NoSuch"):
            raise
        return {}
    return answer


def _cors_rules(rules: list[dict[str, Any]]) -> Iterator[CorsRule]:
    for rule in rules:
        yield CorsRule(
            origins=tuple(rule["AllowedOrigins"]),
            methods=tuple(rule["AllowedMethods"]),
            headers=tuple(one.lower() for one in rule.get("AllowedHeaders", [])),
            exposed=tuple(rule.get("ExposeHeaders", [])),
            max_age=rule.get("MaxAgeSeconds"),
        )


def _notifications(logical_id: str, answer: Mapping[str, Any]) -> Iterator[Notification]:
    for other in ("QueueConfigurations", "TopicConfigurations"):
        if answer.get(other):
            raise Unservable(logical_id, f"a bucket's {other}; it notifies functions")
    for configuration in answer.get("LambdaFunctionConfigurations", []):
        rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        named = {rule["Name"].lower(): rule["Value"] for rule in rules}
        yield Notification(
            id=configuration.get("Id", "notification"),
            events=tuple(configuration["Events"]),
            function=configuration["LambdaFunctionArn"].split(":function:")[1],
            prefix=named.get("prefix", ""),
            suffix=named.get("suffix", ""),
        )


def _bucket_policy(logical_id: str, answer: Mapping[str, Any]) -> Document | None:
    return _judged(logical_id, json.loads(answer["Policy"])) if answer else None


def _website(resources: Resources) -> Website | None:
    """The bucket with a website configuration."""
    account = resources.account
    s3 = account.client("s3")
    for name in resources.of("AWS::S3::Bucket").values():
        if configuration := _unless_absent(s3.get_bucket_website, name):
            url = HANDLERS["AWS::S3::Bucket"].attributes(account, name, {})["WebsiteURL"]
            return Website(
                bucket=name,
                index=configuration["IndexDocument"]["Suffix"],
                error=configuration.get("ErrorDocument", {}).get("Key"),
                origins=(url,),
            )
    return None


def _distribution(resources: Resources, apis: Iterable[Api]) -> distributions.Reader | None:
    """The reader of the stack's one distribution."""
    hosts = {
        f"{name}.s3.{resources.account.region}.{resources.account.suffix}": name
        for name in resources.of("AWS::S3::Bucket").values()
    }
    found = resources.of("AWS::CloudFront::Distribution")
    if len(found) > 1:
        raise Unservable(sorted(found)[1], "a second distribution")
    for logical_id, physical_id in found.items():
        return distributions.Reader(resources.account, logical_id, physical_id, hosts, apis)
    return None


def _pages(distribution: Distribution) -> Website | None:
    """The bucket behind the default behaviour, under the names that browsers know."""
    bucket = distribution.origins[distribution.behaviours[-1].origin].bucket
    if bucket is None:
        return None
    names = (*distribution.aliases, distribution.domain)
    origins = tuple(f"https://{name}" for name in names)
    return Website(bucket, distribution.root, None, origins)


# ---- event sources


def _sources(resources: Resources) -> Iterator[EventSource]:
    client = resources.account.client("lambda")
    kinds = {"dynamodb": _stream, "sqs": _queue_source}
    for logical_id, uuid in resources.of("AWS::Lambda::EventSourceMapping").items():
        mapping = client.get_event_source_mapping(UUID=uuid)
        if mapping["State"] in {"Disabled", "Disabling"}:
            continue
        kind = kinds.get(mapping["EventSourceArn"].split(":")[2])
        if kind is None:
            raise Unservable(logical_id, f"the event source {mapping['EventSourceArn']}")
        yield kind(resources, logical_id, mapping)


def _of_any_kind(logical_id: str, mapping: Mapping[str, Any], *, batch: int) -> dict[str, Any]:
    """What a mapping says whatever it reads."""
    return {
        "logical_id": logical_id,
        "function": mapping["FunctionArn"].split(":function:")[1],
        "arn": mapping["EventSourceArn"],
        "batch": mapping.get("BatchSize") or batch,
        "window_seconds": mapping.get("MaximumBatchingWindowInSeconds") or 0,
        "reports_items": "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        "filters": tuple(_filters(logical_id, mapping.get("FilterCriteria") or {})),
    }


def _stream(_: Resources, logical_id: str, mapping: Mapping[str, Any]) -> Stream:
    target = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return Stream(
        **_of_any_kind(logical_id, mapping, batch=100),
        from_the_start=mapping["StartingPosition"] == "TRIM_HORIZON",
        retries=mapping.get("MaximumRetryAttempts", -1),
        max_age_seconds=mapping.get("MaximumRecordAgeInSeconds", -1),
        bisect=mapping.get("BisectBatchOnFunctionError", False),
        on_failure=_queue(logical_id, target),
    )


def _queue_source(resources: Resources, logical_id: str, mapping: Mapping[str, Any]) -> Queue:
    arn = mapping["EventSourceArn"]
    if arn.endswith(".fifo"):
        raise Unservable(logical_id, f"the FIFO queue {arn}; it reads standard queues")
    sqs = resources.account.client("sqs")
    url = sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(held.get("RedrivePolicy", "{}"))
    attempts = redrive.get("maxReceiveCount")
    return Queue(
        **_of_any_kind(logical_id, mapping, batch=10),
        visibility_seconds=int(held["VisibilityTimeout"]),
        attempts=None if attempts is None else int(attempts),
        failures=redrive.get("deadLetterTargetArn"),
        at_once=(mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
    )


def _filters(logical_id: str, criteria: Mapping[str, Any]) -> Iterator[Document]:
    for entry in criteria.get("Filters", []):
        pattern = json.loads(entry["Pattern"])
        if problem := check_filter(pattern):
            raise Unservable(logical_id, f"{problem} in a filter")
        yield pattern
