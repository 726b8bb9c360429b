"""Intrinsics of a rendered template -> the concrete names and ARNs of one account and region.

What AWS makes up itself (an API's id, a stream's label) gets a stand-in, the same wherever it is
referred to. What isn't known here is an error: a guessed ARN would make every check worthless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import schemas
from pipeline.errors import brief
from pipeline.policy.references import resources

ACCOUNT = "123456789012"  # what AWS's own examples write where the account isn't known
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_STREAM_LABEL = "label"  # AWS writes a time there, whose colons are no parts of an ARN

# Type -> the property that names it, and its ARN after the partition.
_NAMED = {
    "AWS::DynamoDB::GlobalTable": ("TableName", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::Events::EventBus": ("Name", "events:{region}:{account}:event-bus/{name}"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role/{name}"),
    "AWS::Kinesis::Stream": ("Name", "kinesis:{region}:{account}:stream/{name}"),
    "AWS::KinesisFirehose::DeliveryStream":
        ("DeliveryStreamName", "firehose:{region}:{account}:deliverystream/{name}"),
    "AWS::KMS::Key": ("", "kms:{region}:{account}:key/{name}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{region}:{account}:function:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:{name}:*"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}"),
    "AWS::SecretsManager::Secret":
        ("Name", "secretsmanager:{region}:{account}:secret:{name}-made-up"),
    "AWS::StepFunctions::StateMachine":
        ("StateMachineName", "states:{region}:{account}:stateMachine:{name}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:{name}"),
}  # fmt: skip
_REF_IS_ARN = {
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
_REF_IS_MADE_UP = {"AWS::ApiGatewayV2::Api", "AWS::CloudFront::Distribution"}


class Unresolvable(Exception):
    """A value that can't be known before deployment; the text names it."""


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """The value, which CloudFormation demands to be a mapping."""
    if not isinstance(value, Mapping):
        raise Unresolvable(f"{what} isn't a mapping")
    return value


def sequence(value: Any, what: str) -> list[Any]:
    """The value, which CloudFormation demands to be a list."""
    if not isinstance(value, list):
        raise Unresolvable(f"{what} isn't a list")
    return value


@dataclass(frozen=True)
class Target:
    """Where a template is thought to be deployed, and with which parameters."""

    region: str
    parameters: Mapping[str, str]
    account: str = ACCOUNT
    stack: str = "stack"

    @property
    def partition(self) -> str:
        """The partition that the region's name belongs to."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((p for start, p in prefixes.items() if self.region.startswith(start)), "aws")

    @property
    def suffix(self) -> str:
        """What the region's host names end in."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


def _is_described(kind: str) -> bool:
    return schemas.installed() and kind in schemas.names()


class References:
    """Resolves a template's values for one target."""

    def __init__(self, template: Mapping[str, Any], target: Target) -> None:
        self.target = target
        self._resources = resources(dict(template))
        self._pseudo = {
            "AWS::AccountId": target.account,
            "AWS::Partition": target.partition,
            "AWS::Region": target.region,
            "AWS::StackName": target.stack,
            "AWS::URLSuffix": target.suffix,
        }

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic in it replaced."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, content = next(iter(value.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, content)
        return {key: self.resolve(one) for key, one in value.items()}

    def text(self, value: Any) -> str:
        """The value as a text; anything else is an error."""
        resolved = self.resolve(value)
        if not isinstance(resolved, str):
            raise Unresolvable(f"{brief(repr(value))} isn't a text")
        return resolved

    def arn(self, logical_id: str) -> str:
        """The ARN of a resource."""
        return self._attribute([logical_id, "Arn"])

    def logical_id(self, value: Any, kind: str) -> str | None:
        """Which resource of a type a value names: by reference, by its name or by its ARN."""
        resolved = self.resolve(value)
        for logical_id, resource in self._resources.items():
            if resource.get("Type") == kind and resolved in (
                self._ref(logical_id),
                self.arn(logical_id),
            ):
                return logical_id
        return None

    def _intrinsic(self, name: str, content: Any) -> Any:
        if name == "Ref":
            return self._ref(content)
        if name == "Fn::GetAtt":
            return self._attribute(content)
        if name == "Fn::Sub":
            return self._substituted(content)
        if name == "Fn::Join":
            separator, parts = self._pair(name, content)
            texts = sequence(self.resolve(parts), f"what {name} joins")
            return str(separator).join(map(self.text, texts))
        raise Unresolvable(f"{name} isn't known here")

    def _substituted(self, content: Any) -> str:
        text, own = self._pair("Fn::Sub", content) if isinstance(content, list) else (content, {})
        own = mapping(own, "the second part of Fn::Sub")

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in own:
                return self.text(own[name])
            return self._attribute(name.split(".", 1)) if "." in name else self._ref(name)

        return _VARIABLE.sub(value, self.text(text)).replace("${!", "${")

    def _pair(self, name: str, content: Any) -> tuple[Any, Any]:
        if not isinstance(content, list) or len(content) != 2:
            raise Unresolvable(f"{name} takes two values")
        return content[0], content[1]

    def _ref(self, name: Any) -> str:
        if not isinstance(name, str):
            raise Unresolvable("a Ref takes a name")
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self.target.parameters:
            return self.target.parameters[name]
        kind = self._kind(name)
        if kind in _REF_IS_ARN:
            return self.arn(name)
        if kind in _NAMED:
            return self._name(name)
        if kind in _REF_IS_MADE_UP:
            return name.lower()
        if _is_described(kind) and (attribute := schemas.identifier(kind)):
            return self._stand_in(name, attribute)
        raise Unresolvable(f"what a reference to {name} ({kind}) gives isn't known here")

    def _attribute(self, path: Any) -> str:
        if isinstance(path, str):
            path = path.split(".", 1)
        logical_id, attribute = map(self.text, self._pair("Fn::GetAtt", path))
        kind = self._kind(logical_id)
        if attribute == "Arn" and kind in _NAMED:
            target = self.target
            after = _NAMED[kind][1].format(
                region=target.region, account=target.account, name=self._name(logical_id)
            )
            return f"arn:{target.partition}:{after}"
        if kind in _NAMED and attribute == _NAMED[kind][0]:
            return self._name(logical_id)
        if attribute == "StreamArn" and kind == "AWS::DynamoDB::Table":
            return f"{self.arn(logical_id)}/stream/{_STREAM_LABEL}"
        if attribute == "WebsiteURL" and kind == "AWS::S3::Bucket":
            return f"http://{self._name(logical_id)}.s3-website.{self.target.suffix}"
        if attribute == "DomainName" and kind == "AWS::CloudFront::Distribution":
            return f"{logical_id.lower()}.cloudfront.net"
        if _is_described(kind) and attribute in schemas.attributes(kind):
            return self._stand_in(logical_id, attribute)
        raise Unresolvable(f"{logical_id}.{attribute} ({kind}) isn't known here")

    def _stand_in(self, logical_id: str, attribute: str) -> str:
        """What AWS makes up or the template says, by whichever attribute it is asked for.

        Nobody can guess it, so that only who was told it by a reference names the same.
        """
        properties = self._resources[logical_id].get("Properties", {})
        given = mapping(properties, f"Properties of {logical_id}").get(attribute)
        if given is not None:
            return self.text(given)
        if not attribute.endswith("Arn"):
            return f"{self.target.stack}-{logical_id}-{attribute}".lower()
        target, service = self.target, self._kind(logical_id).split("::")[1].lower()
        place = f"{target.partition}:{service}:{target.region}:{target.account}"
        return f"arn:{place}:{logical_id}/{attribute}"

    def _name(self, logical_id: str) -> str:
        """The resource's name: the given one, or a stand-in of the form that AWS makes up."""
        named, _ = _NAMED[self._kind(logical_id)]
        properties = self._resources[logical_id].get("Properties", {})
        given = mapping(properties, f"Properties of {logical_id}").get(named)
        return f"{self.target.stack}-{logical_id}" if given is None else self.text(given)

    def _kind(self, logical_id: str) -> str:
        if logical_id not in self._resources:
            raise Unresolvable(f"{brief(logical_id)} isn't a resource or parameter of the template")
        return str(self._resources[logical_id].get("Type"))
