"""Where a stack's resources will be: the ARNs that a policy may be limited to beforehand.

A resource whose name the template says has it in its ARN; one that CloudFormation names begins like
the stack; APIs, keys, distributions and mappings have only an id, so for them it is a tag, a
function or no limit but the account's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline import website
from pipeline.deploying import domains
from pipeline.deploying.adoption import text
from pipeline.deploying.domains import Wanted
from pipeline.errors import Refused
from pipeline.policy.references import referred

if TYPE_CHECKING:
    from pipeline.render import Rendered

ANY = ("*",)
SURELY_WHOLE = 24  # characters of a stack's name in those that CloudFormation makes up
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
FUNCTION, SECRET = "AWS::Lambda::Function", "AWS::SecretsManager::Secret"
BUCKET, TABLE = "AWS::S3::Bucket", "AWS::DynamoDB::Table"

# Type -> the property with its name, and the ARN's end; {} is the name.
_NAMED = {
    "AWS::CloudFront::Function": ("Name", "cloudfront::ACCOUNT:function/{}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:REGION:ACCOUNT:alarm:{}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "cloudwatch::ACCOUNT:dashboard/{}"),
    TABLE: ("TableName", "dynamodb:REGION:ACCOUNT:table/{}"),
    "AWS::IAM::Role": ("RoleName", "iam::ACCOUNT:role/{}"),
    FUNCTION: ("FunctionName", "lambda:REGION:ACCOUNT:function:{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:REGION:ACCOUNT:log-group:{}"),
    BUCKET: ("BucketName", "s3:::{}"),
    SECRET: ("Name", "secretsmanager:REGION:ACCOUNT:secret:{}-*"),
    "AWS::SNS::Topic": ("TopicName", "sns:REGION:ACCOUNT:{}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:REGION:ACCOUNT:{}"),
}
# What is about another resource has its ARN.
_ABOUT = {
    "AWS::Lambda::EventInvokeConfig": FUNCTION,
    "AWS::Lambda::Permission": FUNCTION,
    "AWS::S3::BucketPolicy": BUCKET,
    "AWS::SNS::Subscription": "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
}
# What has an id alone: everything of its kind in the account.
_OF_ITS_KIND = {
    "AWS::CertificateManager::Certificate": ("acm:REGION:ACCOUNT:certificate/*",),
    "AWS::CloudFront::Distribution": ("cloudfront::ACCOUNT:distribution/*",),
    "AWS::CloudFront::OriginAccessControl": ("cloudfront::ACCOUNT:origin-access-control/*",),
    "AWS::CloudFront::ResponseHeadersPolicy": ("cloudfront::ACCOUNT:response-headers-policy/*",),
    "AWS::KMS::Key": ("kms:REGION:ACCOUNT:key/*",),
    "AWS::Lambda::EventSourceMapping": ("lambda:REGION:ACCOUNT:event-source-mapping:*",),
    "AWS::Route53::RecordSet": ("route53:::hostedzone/*", "route53:::change/*"),
}
_API = ("apigateway:REGION::/apis", "apigateway:REGION::/apis/*", "apigateway:REGION::/tags/*")


# AWS's page "Get a secret or secret value from Secrets Manager", in CloudFormation's guide.
_RESOLVE = "{{resolve:secretsmanager:"
_REFERENCE = re.compile(
    r"\{\{resolve:secretsmanager:(?:(?P<arn>arn:[^:}]+(?::[^:}]*){5})|(?P<name>[^:}]+))"
)


@dataclass(frozen=True)
class Places:
    """The ARNs of one environment's stack in an account."""

    rendered: Rendered
    account: str

    @property
    def _settings(self) -> Any:
        return self.rendered.settings

    @property
    def partition(self) -> str:
        region = self._settings.aws.region
        partitions = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
        return next(partitions, "aws")

    def arn(self, end: str) -> str:
        """An ARN from all that follows the partition, with REGION and ACCOUNT to be filled in."""
        end = end.replace("REGION", self._settings.aws.region).replace("ACCOUNT", self.account)
        return f"arn:{self.partition}:{end}"

    @cached_property
    def _known(self) -> Mapping[str, str]:
        own = self._settings
        return {
            **self.rendered.parameters,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::Region": own.aws.region,
            "AWS::StackName": own.stack_name,
        }

    @property
    def resources(self) -> Mapping[str, Any]:
        """The template's."""
        resources: Mapping[str, Any] = self.rendered.value["Resources"]
        return resources

    def of_stack(self, name: str) -> tuple[str, ...]:
        """One of the deployer's own places, by a word."""
        own = self._settings
        bucket = self.arn(f"s3:::{own.deployment_bucket_name(self.account)}")
        words = {
            "stack": (self.arn(f"cloudformation:REGION:ACCOUNT:stack/{own.stack_name}/*"),),
            "code bucket": (bucket,),
            "code": (f"{bucket}/*",),
            "plans": (f"{bucket}/plan/*",),
            "website bucket": self._website(),
            "website": tuple(f"{one}/*" for one in self._website()),
            "buckets": self.of_type(BUCKET),
            "objects": tuple(f"{one}/*" for one in self.of_type(BUCKET)),
            "tables": self.of_type(TABLE),
            "backups": tuple(f"{one}/backup/*" for one in self.of_type(TABLE)),
            "copies": tuple(f"{one}-*" for one in self.of_type(TABLE)),
            "functions": self.of_type(FUNCTION),
            "log groups": self.of_type("AWS::Logs::LogGroup"),
            "mappings": self.of_type("AWS::Lambda::EventSourceMapping"),
            "alarms": self.of_type("AWS::CloudWatch::Alarm"),
            "distributions": self.of_type(domains.DISTRIBUTION),
            "zones": self.zones,
            "given certificates": tuple(self._uses("given certificate")),
            "aliases": ANY if self._uses("alias") else (),
            "aliased distributions": self.of_type(domains.DISTRIBUTION)
            if self._uses("alias")
            else (),
        }
        return words.get(name, ANY)

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The hosted zones in which the template has names."""
        ids = dict.fromkeys(one.zone for one in self._names if one.zone)
        return tuple(self.arn(f"route53:::hostedzone/{zone}") for zone in ids)

    @cached_property
    def _names(self) -> list[Wanted]:
        return domains.wanted(self.rendered.value, dict(self._known))

    def _uses(self, use: str) -> list[str]:
        """What is used so: a given certificate's ARN, else the name itself."""
        found = [one.more or one.name for one in self._names if one.use == use]
        return list(dict.fromkeys(found))

    def resolved(self, resource: Mapping[str, Any]) -> tuple[str, ...]:
        """The secrets whose values a resource's dynamic references give it."""
        names = {name for name, one in self.resources.items() if one["Type"] == SECRET}
        arns = []
        for value in _dynamic(resource.get("Properties")):
            own = [name for name in referred(value) if name in names]
            arns += [arn for name in own for arn in self.of(name)]
            if not own:
                arns += self._secret(text(value, dict(self._known)))
        return tuple(dict.fromkeys(arns))

    def _secret(self, reference: str) -> list[str]:
        """The ARN in a dynamic reference, or that of the name in it; unknown, it may be any."""
        found = _REFERENCE.search(reference)
        if not found:
            return [self.arn("secretsmanager:REGION:ACCOUNT:secret:*")]
        return [found["arn"] or self.arn(f"secretsmanager:REGION:ACCOUNT:secret:{found['name']}-*")]

    def of_type(self, kind: str) -> tuple[str, ...]:
        """All resources of a type."""
        found = [self.of(name) for name, one in self.resources.items() if one["Type"] == kind]
        return tuple(dict.fromkeys(arn for arns in found for arn in arns))

    def of(self, logical_id: str) -> tuple[str, ...]:
        """Where a resource of the template will be."""
        resource = self.resources[logical_id]
        kind = resource["Type"]
        if kind in _NAMED:
            return self._named(resource, logical_id)
        if kind in _ABOUT:
            return self.of_type(_ABOUT[kind])
        if kind.startswith("AWS::ApiGatewayV2::"):
            return tuple(map(self.arn, _API))
        if kind == "AWS::WAFv2::WebACL":
            return self._web_acl(resource)
        return tuple(map(self.arn, _OF_ITS_KIND.get(kind, ()))) or ANY

    @property
    def _generated(self) -> str:
        """How the names begin that CloudFormation makes up: by the stack's, which it may cut."""
        name: str = self._settings.stack_name
        return f"{name}-*" if len(name) <= SURELY_WHOLE else f"{name[:SURELY_WHOLE]}*"

    def _named(self, resource: Mapping[str, Any], logical_id: str) -> tuple[str, ...]:
        key, end = _NAMED[resource["Type"]]
        name = text(resource.get("Properties", {}).get(key), dict(self._known))
        made_up = logical_id if resource["Type"] == SECRET else self._generated
        arn = self.arn(end.format(name or made_up))
        if resource["Type"] == "AWS::Logs::LogGroup":
            return (arn, f"{arn}:*")
        return (arn,)

    def _web_acl(self, resource: Mapping[str, Any]) -> tuple[str, ...]:
        own = resource["Properties"]
        name = text(own.get("Name"), dict(self._known)) or self._generated
        everywhere = own.get("Scope") == "CLOUDFRONT"
        where = "wafv2:us-east-1:ACCOUNT:global" if everywhere else "wafv2:REGION:ACCOUNT:regional"
        return (self.arn(f"{where}/webacl/{name}/*"), self.arn(f"{where}/managedruleset/*/*"))

    def _website(self) -> tuple[str, ...]:
        """The bucket whose name is the output that the template's Metadata names."""
        site = website.described(self.rendered.document)
        if site is None:
            return ()
        value = self.rendered.value["Outputs"][site.bucket]["Value"]
        logical_id = value.get("Ref", "") if isinstance(value, dict) else ""
        return self.of(logical_id) if logical_id in self.resources else self.of_type(BUCKET)


def _dynamic(value: Any) -> Iterator[Any]:
    """Each text with a dynamic reference to a secret, whole where it is put together."""
    if isinstance(value, str) and _RESOLVE in value:
        yield value
    elif isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("Fn::"):
        if _RESOLVE in json.dumps(value):
            yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _dynamic(item)


def of(rendered: Rendered, account: str | None) -> Places:
    """The places of an environment whose account is known."""
    if account is None:
        raise Refused(
            f"nobody knows which account {rendered.settings.name} belongs to.",
            where=f"environments/{rendered.settings.name}.yaml",
            mend="Write aws.account there, twelve digits in quotes, or sign in.",
        )
    return Places(rendered, account)
