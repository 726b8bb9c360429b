"""What a stack does with its roles: the recorded calls of its code, and what Lambda does itself.

Lambda acts with a function's role where a property of the template tells it to: it writes logs and
traces, reads a stream or queue, and sends what failed to a destination. Each such use is derived
from its property, so a grant outlives it by no commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.findings import Pointer
from pipeline.iam.conditions import Context
from pipeline.iam.recording import Entry
from pipeline.iam.resolving import Unresolvable, mapping, sequence
from pipeline.iam.stack import FUNCTION, Function, Stack

SECURE: Context = {"aws:SecureTransport": "true"}

# The Lambda developer guide, per event source and destination: what the role has to allow.
_READS = {
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "sqs": ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage"),
}  # fmt: skip
_SENDS = {"events": "PutEvents", "lambda": "InvokeFunction", "sns": "Publish", "sqs": "SendMessage"}
_LOGS = ("CreateLogStream", "PutLogEvents")
_TRACES = ("PutTraceSegments", "PutTelemetryRecords")
_KEY_USES = {"s3:PutObject": "kms:GenerateDataKey", "s3:GetObject": "kms:Decrypt"}


@dataclass(frozen=True)
class Use:
    """An action on a resource that a function's role has to allow, and where that comes from.

    A `*` that ends `resource` stands for what is made up at run time. `is_a_call`: it comes from
    outside AWS's own services, so that the resource's policy is asked too.
    """

    function: Function
    action: str
    resource: str
    why: str
    pointer: Pointer
    context: Context = field(default_factory=lambda: SECURE)
    is_a_call: bool = False


def uses(stack: Stack, recorded: Iterable[Entry]) -> list[Use]:
    """All of them, each once."""
    entries = list(recorded)
    calls = [use for one in stack.functions for use in _calls(one, entries, stack)]
    made = [*calls, *(key_use for use in calls for key_use in _key_uses(use, stack))]
    told = dict(stack.of_type(FUNCTION))
    for function in stack.functions:
        properties = told[function.logical_id]
        made += _logs(function, properties, stack)
        made += _traces(function, properties)
        made += _dead_letters(function, properties, stack)
    made += _mappings(stack)
    made += _destinations(stack)
    return made


def _calls(function: Function, entries: Iterable[Entry], stack: Stack) -> Iterator[Use]:
    for entry in entries:
        if entry.function == function.folder:
            resource = entry.resource(function.variables, stack.references.target)
            why = f"{entry.service}:{entry.operation} {entry.how} by the code"
            yield Use(function, entry.action, resource, why, function.pointer, entry.context, True)  # noqa: FBT003 - its last field


def _key_uses(use: Use, stack: Stack) -> Iterator[Use]:
    """S3 asks KMS in the caller's name where a bucket's objects are encrypted with a key."""
    if use.action not in _KEY_USES:
        return
    for logical_id, properties in stack.of_type("AWS::S3::Bucket"):
        if not use.resource.startswith(f"{stack.references.arn(logical_id)}/"):
            continue
        key = "ServerSideEncryptionConfiguration"
        rules = mapping(properties.get("BucketEncryption", {}), "BucketEncryption").get(key, [])
        for at, rule in enumerate(sequence(rules, key)):
            default = mapping(
                mapping(rule, f"an item of {key}").get("ServerSideEncryptionByDefault", {}),
                "ServerSideEncryptionByDefault",
            )
            if "KMSMasterKeyID" in default:
                where = ("Resources", logical_id, "Properties", "BucketEncryption",
                         "ServerSideEncryptionConfiguration", at)  # fmt: skip
                key = stack.references.text(default["KMSMasterKeyID"])
                why = f"{use.action} in a bucket that is encrypted with the key"
                yield Use(use.function, _KEY_USES[use.action], key, why, where)


def _logs(function: Function, properties: Mapping[str, Any], stack: Stack) -> Iterator[Use]:
    logging = mapping(properties.get("LoggingConfig", {}), "LoggingConfig")
    if "LogGroup" not in logging:
        return
    target = stack.references.target
    group = stack.references.text(logging["LogGroup"])
    arn = f"arn:{target.partition}:logs:{target.region}:{target.account}:log-group:{group}:*"
    where = (*function.pointer, "LoggingConfig", "LogGroup")
    yield from _acts(function, "logs", _LOGS, arn, "Lambda writes the logs", where)


def _traces(function: Function, properties: Mapping[str, Any]) -> Iterator[Use]:
    tracing = mapping(properties.get("TracingConfig", {}), "TracingConfig")
    if tracing.get("Mode") == "Active":
        where = (*function.pointer, "TracingConfig", "Mode")
        yield from _acts(function, "xray", _TRACES, "*", "Lambda sends traces", where)


def _dead_letters(function: Function, properties: Mapping[str, Any], stack: Stack) -> Iterator[Use]:
    if "DeadLetterConfig" in properties:
        where = (*function.pointer, "DeadLetterConfig", "TargetArn")
        letters = mapping(properties["DeadLetterConfig"], "DeadLetterConfig")
        yield _sends(function, letters.get("TargetArn"), where, stack)


def _mappings(stack: Stack) -> Iterator[Use]:
    for logical_id, properties in stack.of_type("AWS::Lambda::EventSourceMapping"):
        where: Pointer = ("Resources", logical_id, "Properties")
        function = _function(properties.get("FunctionName"), logical_id, stack)
        source = stack.references.text(properties.get("EventSourceArn"))
        service = _service(source)
        if service not in _READS:
            raise Unresolvable(f"what Lambda needs to read {source} isn't known here")
        at = (*where, "EventSourceArn")
        yield from _acts(function, service, _READS[service], source, "Lambda reads events", at)
        yield from _outcomes(function, properties, where, stack)


def _destinations(stack: Stack) -> Iterator[Use]:
    for logical_id, properties in stack.of_type("AWS::Lambda::EventInvokeConfig"):
        function = _function(properties.get("FunctionName"), logical_id, stack)
        yield from _outcomes(function, properties, ("Resources", logical_id, "Properties"), stack)


def _outcomes(
    function: Function, properties: Mapping[str, Any], where: Pointer, stack: Stack
) -> Iterator[Use]:
    config = mapping(properties.get("DestinationConfig", {}), "DestinationConfig")
    for outcome, content in config.items():
        at = (*where, "DestinationConfig", outcome, "Destination")
        yield _sends(function, mapping(content, outcome).get("Destination"), at, stack)


def _sends(function: Function, destination: Any, where: Pointer, stack: Stack) -> Use:
    arn = stack.references.text(destination)
    service = _service(arn)
    if service not in _SENDS:
        raise Unresolvable(f"what Lambda needs to send to {arn} isn't known here")
    why = f"Lambda sends what {where[-2]} names"
    return Use(function, f"{service}:{_SENDS[service]}", arn, why, where)


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""


def _acts(
    function: Function, service: str, names: Iterable[str], arn: str, why: str, where: Pointer
) -> Iterator[Use]:
    for name in names:
        yield Use(function, f"{service}:{name}", arn, why, where)


def _function(value: Any, user: str, stack: Stack) -> Function:
    logical_id = stack.references.logical_id(value, FUNCTION)
    for function in stack.functions:
        if function.logical_id == logical_id:
            return function
    raise Unresolvable(f"the function of {user} is not in the template")
