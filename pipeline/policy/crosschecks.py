"""What Guard's language can't say: checks that compare one resource with others, or with a day.

They are rules like those in rules/: a name, what they protect, who asks for it; they stand in
rules/general/required.yaml, may be waived, and are reported alike. None knows an application.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import combinations
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.metrics import METRICS
from pipeline.policy.referable import fits, may_refer_to
from pipeline.policy.references import at, of_type, prop, references, referred, resources
from pipeline.policy.rulebook import Rule
from pipeline.policy.verdicts import Failure, Verdict
from pipeline.schemas import runtimes

FILE = "crosschecks.py"

BUCKET = "AWS::S3::Bucket"
FUNCTION = "AWS::Lambda::Function"
LOG_GROUP = "AWS::Logs::LogGroup"
QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"

# A policy's type -> the type that it is for, and the property that says for which.
_POLICIES = {
    "AWS::S3::BucketPolicy": (BUCKET, "Bucket"),
    "AWS::SQS::QueuePolicy": (QUEUE, "Queues"),
    "AWS::SQS::QueueInlinePolicy": (QUEUE, "Queue"),
    "AWS::SNS::TopicPolicy": (TOPIC, "Topics"),
    "AWS::SNS::TopicInlinePolicy": (TOPIC, "TopicArn"),
}
# In the policy of one of these `*` is the resource itself.
_STAR_IS_ITSELF = (QUEUE, TOPIC)

_API = "AWS::ApiGatewayV2::Api"
_INTEGRATION = "AWS::ApiGatewayV2::Integration"
# These do nothing by themselves: one that nobody refers to guards nothing.
_HELPERS = (
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
    "AWS::WAFv2::WebACL",
)


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place, and how to mend it."""

    pointer: Pointer
    found: Any
    what: str
    mend: str


@dataclass(frozen=True)
class Subject:
    """What a check may look at: the template, the day, and when each runtime is deprecated."""

    template: dict[str, Any]
    day: date
    runtimes: Mapping[str, date]


# None: there is nothing that the check is about.
Check = Callable[[Subject], list[Problem] | None]
_CHECKS: list[Check] = []


def _check(check: Check) -> Check:
    _CHECKS.append(check)
    return check


@cache
def rules() -> tuple[Rule, ...]:
    """The checks as the rules that they are: the docstring says what they protect and why."""
    return tuple(
        Rule(
            check.__name__.upper(),
            FILE,
            inspect.getsourcelines(check)[1] + 1,
            inspect.cleandoc(check.__doc__ or ""),
        )
        for check in _CHECKS
    )


def judge(name: str, template: dict[str, Any], day: date) -> list[Verdict]:
    """Each check's verdict on one template."""
    subject = Subject(template, day, runtimes())
    return [_verdict(name, check, check(subject)) for check in _CHECKS]


def _verdict(name: str, check: Check, problems: list[Problem] | None) -> Verdict:
    status = "SKIP" if problems is None else "FAIL" if problems else "PASS"
    failures = tuple(map(_failure, problems or ()))
    return Verdict(name, FILE, check.__name__.upper(), status, failures)


def _failure(problem: Problem) -> Failure:
    path = "".join(f"/{key}" for key in problem.pointer)
    return Failure(path, problem.found, "", f"{problem.what} Mend: {problem.mend}", "")


@_check
def functions_share_no_role(subject: Subject) -> list[Problem] | None:
    """What one function may do, no other may: whoever breaks into one has one's rights.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    functions = of_type(subject.template, FUNCTION)
    roles = {name: referred(prop(function, "Role")) for name, function in functions.items()}
    if not functions:
        return None
    return [
        Problem(
            ("Resources", second, "Properties", "Role"),
            role,
            f"The function has the role of {first}.",
            "Role: !GetAtt of a role of its own.",
        )
        for first, second in combinations(functions, 2)
        for role in roles[second]
        if role in roles[first]
    ]


@_check
def stores_have_policies_of_their_own(subject: Subject) -> list[Problem] | None:
    """Each bucket, queue and topic refuses what isn't TLS: two policies on one leave another bare.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    stores = of_type(subject.template, BUCKET, QUEUE, TOPIC)
    covered = {
        (kind, name) for _, kind, attached in _policies(subject.template) for name in attached
    }
    if not stores:
        return None
    return [
        Problem(
            ("Resources", name),
            store["Type"],
            "It has no policy, so it answers without TLS.",
            "a policy that names it and denies what comes without TLS.",
        )
        for name, store in stores.items()
        if (store["Type"], name) not in covered
    ]


@_check
def policies_are_about_their_own_resource(subject: Subject) -> list[Problem] | None:
    """A policy's statements are about what the policy stands on: any other resource is not guarded.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    policies = list(_policies(subject.template))
    if not policies:
        return None
    return [
        problem
        for name, kind, attached in policies
        for problem in _strays(subject, name, kind, attached)
    ]


def _strays(subject: Subject, name: str, kind: str, attached: list[str]) -> Iterator[Problem]:
    here: Pointer = ("Resources", name)
    resource = subject.template["Resources"][name]
    bare = [
        ((*pointer, "Resource"), statement)
        for pointer, statement in at(resource, "Properties", "PolicyDocument", "Statement")
        if not (isinstance(statement, dict) and "Resource" in statement)
    ]
    named = at(resource, "Properties", "PolicyDocument", "Statement", "Resource")
    for pointer, value in (*bare, *named):
        if value == "*" and kind in _STAR_IS_ITSELF:
            continue
        if not referred(value) or not set(referred(value)) <= set(attached):
            yield Problem(
                (*here, *pointer),
                value,
                "The statement is about something else than the policy stands on.",
                f"Resource: the ARN of {' or '.join(attached) or 'what the policy is for'}.",
            )


def _policies(template: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Each policy's logical id, the type that it is for, and the resources that it stands on."""
    for kind, (target, key) in _POLICIES.items():
        for name, resource in of_type(template, kind).items():
            yield name, target, referred(prop(resource, key))


@_check
def references_fit_their_property(subject: Subject) -> list[Problem] | None:
    """A web ACL, a role, a log group, a queue is what its property needs, not something else.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
    """
    judged = [
        (("Resources", name, *pointer), types, referred(value))
        for name, resource in resources(subject.template).items()
        for pointer, value in references(resource.get("Properties"), ("Properties",))
        if (types := may_refer_to(str(resource.get("Type")), pointer))
    ]
    if not judged:
        return None
    return [
        Problem(
            pointer,
            names,
            f"It refers to nothing of the type {' or '.join(sorted(types))}.",
            "refer to the resource that is meant.",
        )
        for pointer, types, names in judged
        if not fits(subject.template, names, types)
    ]


@_check
def helpers_are_used(subject: Subject) -> list[Problem] | None:
    """A web ACL, a key, a role that nothing refers to looks like protection and is none.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
    """
    helpers = of_type(subject.template, *_HELPERS)
    if not helpers:
        return None
    used = {
        name
        for other, user in [*resources(subject.template).items(), ("", _outputs(subject.template))]
        for name in referred(user)
        if name != other
    }
    return [
        Problem(
            ("Resources", name),
            helper["Type"],
            "Nothing refers to it, so it guards nothing.",
            "refer to it where it belongs, or remove it.",
        )
        for name, helper in helpers.items()
        if name not in used and not _is_found_by_name(helper)
    ]


def _outputs(template: dict[str, Any]) -> dict[str, Any]:
    """What the stack gives away is used by somebody else."""
    outputs = template.get("Outputs")
    return outputs if isinstance(outputs, dict) else {}


def _is_found_by_name(helper: dict[str, Any]) -> bool:
    """A service writes to the log group that has its name, as Lambda to /aws/lambda/<function>."""
    name = str(_text(prop(helper, "LogGroupName")))
    return helper["Type"] == LOG_GROUP and name.startswith(("/aws/", "aws-waf-logs-"))


@_check
def apis_may_invoke_what_they_call(subject: Subject) -> list[Problem] | None:
    """The API that calls a function has the permission, and no other API has one.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    apis = of_type(subject.template, _API).keys()
    calls = {
        (api, function)
        for resource in of_type(subject.template, _INTEGRATION).values()
        if prop(resource, "CredentialsArn") is None  # else the API calls by a role
        for api in referred(prop(resource, "ApiId"))
        for function in referred(prop(resource, "IntegrationUri"))
    }
    permissions = of_type(subject.template, "AWS::Lambda::Permission")
    granted = {
        (api, function): name
        for name, permission in permissions.items()
        for api in referred(prop(permission, "SourceArn"))
        if api in apis
        for function in referred(prop(permission, "FunctionName"))
    }
    functions = of_type(subject.template, FUNCTION).keys()
    wanted = {(api, function) for api, function in calls if function in functions}
    if not wanted and not granted:
        return None
    idle = [
        Problem(
            ("Resources", name, "Properties", "SourceArn"),
            api,
            f"{api} may invoke {function}, and never does.",
            "the SourceArn of the API whose integration calls the function.",
        )
        for (api, function), name in granted.items()
        if (api, function) not in wanted
    ]
    refused = [
        Problem(
            ("Resources", api),
            function,
            f"The API calls {function} and may not invoke it.",
            f"an AWS::Lambda::Permission for {function} with the API's SourceArn.",
        )
        for api, function in sorted(wanted - granted.keys())
    ]
    return idle + refused


@_check
def alarms_watch_what_has_data(subject: Subject) -> list[Problem] | None:
    """An alarm on a metric that AWS never sends for these dimensions is silent for ever.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
    """
    alarms = of_type(subject.template, "AWS::CloudWatch::Alarm")
    if not alarms:
        return None
    return [
        problem
        for name, alarm in alarms.items()
        for pointer, metric in _metrics(alarm)
        for problem in _blind(subject.template, ("Resources", name, *pointer), metric)
    ]


def _metrics(alarm: dict[str, Any]) -> list[tuple[Pointer, Any]]:
    """What an alarm watches: its own metric, and those of its expression."""
    listed = at(alarm, "Properties", "Metrics", "MetricStat", "Metric")
    own = alarm.get("Properties")
    simple = isinstance(own, dict) and "Metrics" not in own
    return [(("Properties",), own)] if simple else listed


def _blind(template: dict[str, Any], here: Pointer, metric: Any) -> Iterator[Problem]:
    known = METRICS.get(str(prop({"Properties": metric}, "Namespace")))
    name = prop({"Properties": metric}, "MetricName")
    if known is None or name in known.others:
        return  # nobody here knows better
    if name not in known.names:
        mend = (
            "a metric that stands in pipeline/policy/metrics.py, or add it there from AWS's pages."
        )
        yield Problem((*here, "MetricName"), name, "AWS is not known to send this metric.", mend)
        return
    dimensions = {
        entry.get("Name"): entry.get("Value")
        for _, entry in at(metric, "Dimensions")
        if isinstance(entry, dict)
    }
    for key in [key for key in (*known.dimensions, *dimensions) if not known.fits(key, dimensions)]:
        mend = f"Dimensions of {' and '.join(known.dimensions)}, each a !Ref of what is meant."
        yield Problem((*here, "Dimensions"), key, f"The metric has no data for this {key}.", mend)
        return
    for key, value in dimensions.items():
        target = known.dimensions.get(str(key))
        if target and not of_type(template, target).keys() & set(referred(value)):
            what = f"{key} is no {target} of this template."
            yield Problem((*here, "Dimensions"), key, what, f"{key}: !Ref of a {target}.")


@_check
def functions_have_a_log_group(subject: Subject) -> list[Problem] | None:
    """A function's lines go where retention is set: Lambda's own group would keep them for ever.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    functions = of_type(subject.template, FUNCTION)
    groups = of_type(subject.template, LOG_GROUP)
    if not functions:
        return None
    return [
        Problem(
            ("Resources", name),
            "",
            "The function's log group isn't made in this template.",
            "LoggingConfig with LogGroup: !Ref of its group, or a group that is named"
            f" !Sub /aws/lambda/${{{name}}}.",
        )
        for name, function in functions.items()
        if not any(_logs_to(function, name, id_, group) for id_, group in groups.items())
    ]


def _logs_to(function: dict[str, Any], name: str, group_id: str, group: dict[str, Any]) -> bool:
    """Is this the function's log group: the one that it names, or else Lambda's own by its name?"""
    named = [group for _, group in at(function, "Properties", "LoggingConfig", "LogGroup")]
    if named:
        return group_id in referred(named)
    text = _text(prop(group, "LogGroupName"))
    return text in (
        f"/aws/lambda/${{{name}}}",
        f"/aws/lambda/{_text(prop(function, 'FunctionName'))}",
    )


def _text(value: Any) -> Any:
    """A name as it is written, within Fn::Sub or without."""
    return value["Fn::Sub"] if isinstance(value, dict) and "Fn::Sub" in value else value


@_check
def functions_run_maintained_runtimes(subject: Subject) -> list[Problem] | None:
    """A deprecated runtime gets no security updates; AWS's days are those that cfn-lint carries.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    functions = of_type(subject.template, FUNCTION)
    if not functions:
        return None
    return [
        problem
        for name, function in functions.items()
        if (problem := _outdated(name, prop(function, "Runtime"), subject))
    ]


def _outdated(name: str, runtime: Any, subject: Subject) -> Problem | None:
    """A problem from the runtime's day on; an unknown runtime is for cfn-lint to refuse."""
    ends = subject.runtimes.get(runtime) if isinstance(runtime, str) else None
    if ends is None or subject.day < ends:
        return None
    family = runtime.rstrip("0123456789.x")
    later = [
        other
        for other, day in subject.runtimes.items()
        if subject.day < day and other.startswith(family)
    ]
    return Problem(
        ("Resources", name, "Properties", "Runtime"),
        runtime,
        f"The runtime has been deprecated since {ends}.",
        f"Runtime: {' or '.join(later) or 'one that AWS looks after'}.",
    )
