"""Checks of rights: who may do something to a resource, and by which role or policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy.crosschecks.checking import BUCKET, FUNCTION, Check, Problem, Subject
from pipeline.policy.references import as_written, at, of_type, prop, referred

_QUEUE = "AWS::SQS::Queue"
_TOPIC = "AWS::SNS::Topic"
_API = "AWS::ApiGatewayV2::Api"
_AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
_INTEGRATION = "AWS::ApiGatewayV2::Integration"

# A policy's type -> the type that it is for, and the property that says for which.
_POLICIES = {
    "AWS::S3::BucketPolicy": (BUCKET, "Bucket"),
    "AWS::SQS::QueuePolicy": (_QUEUE, "Queues"),
    "AWS::SQS::QueueInlinePolicy": (_QUEUE, "Queue"),
    "AWS::SNS::TopicPolicy": (_TOPIC, "Topics"),
    "AWS::SNS::TopicInlinePolicy": (_TOPIC, "TopicArn"),
}
_NAMES = {BUCKET: "BucketName", _QUEUE: "QueueName", _TOPIC: "TopicName"}
# In the policy of one of these `*` is the resource itself.
_STAR_IS_ITSELF = (_QUEUE, _TOPIC)


def functions_share_no_role(subject: Subject) -> list[Problem] | None:
    """What one function may do, no other may: whoever breaks into one has one's rights.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    functions = of_type(subject.template, FUNCTION)
    roles = {name: referred(prop(function, "Role")) for name, function in functions.items()}
    if not functions:
        return None
    firsts: dict[str, str] = {}
    for name, mine in roles.items():
        for role in mine:
            firsts.setdefault(role, name)
    return [
        Problem(
            ("Resources", name, "Properties", "Role"),
            role,
            f"The function has the role of {firsts[role]}.",
            "Role: !GetAtt of a role of its own.",
        )
        for name, mine in roles.items()
        for role in mine
        if firsts[role] != name
    ]


def stores_have_policies_of_their_own(subject: Subject) -> list[Problem] | None:
    """Each bucket, queue and topic refuses what isn't TLS: two policies on one leave another bare.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    stores = of_type(subject.template, BUCKET, _QUEUE, _TOPIC)
    covered = {(one.kind, name) for one in _policies(subject.template) for name in one.attached}
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


def policies_are_about_their_own_resource(subject: Subject) -> list[Problem] | None:
    """A policy's statements are about what the policy stands on: any other resource is not guarded.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    policies = list(_policies(subject.template))
    if not policies:
        return None
    return [problem for policy in policies for problem in _strays(subject, policy)]


def _strays(subject: Subject, policy: _Policy) -> Iterator[Problem]:
    here: Pointer = ("Resources", policy.name)
    resource = subject.template["Resources"][policy.name]
    bare = [
        ((*pointer, "Resource"), statement)
        for pointer, statement in at(resource, "Properties", "PolicyDocument", "Statement")
        if not (isinstance(statement, dict) and "Resource" in statement)
    ]
    named = at(resource, "Properties", "PolicyDocument", "Statement", "Resource")
    for pointer, value in (*bare, *named):
        if value == "*" and policy.kind in _STAR_IS_ITSELF:
            continue
        if not policy.is_about(value):
            yield Problem(
                (*here, *pointer),
                value,
                "The statement is about something else than the policy stands on.",
                f"Resource: the ARN of {' or '.join(policy.attached) or 'what the policy is for'}.",
            )


@dataclass(frozen=True)
class _Policy:
    """A policy, the type that it is for, and what it stands on: by logical id, and as called."""

    name: str
    kind: str
    attached: tuple[str, ...]
    called: tuple[str, ...]

    def is_about(self, value: Any) -> bool:
        """Is this the ARN of what it stands on, by a reference or by the name that it has?"""
        names = [name for name in referred(value) if not name.startswith("AWS::")]
        if names and set(names) <= set(self.attached):
            return True
        text = as_written(value)
        ends = (f":{name}" for name in self.called)
        return isinstance(text, str) and any(text.partition("/")[0].endswith(end) for end in ends)


def _policies(template: dict[str, Any]) -> Iterator[_Policy]:
    for kind, (target, key) in _POLICIES.items():
        for name, resource in of_type(template, kind).items():
            attached = referred(prop(resource, key))
            targets = of_type(template, target)
            names = [prop(targets[one], _NAMES[target]) for one in attached if one in targets]
            literal = [one for _, one in at(resource, "Properties", key)]
            called = [one for one in map(as_written, names + literal) if isinstance(one, str)]
            yield _Policy(name, target, tuple(attached), tuple(called))


def apis_may_invoke_what_they_call(subject: Subject) -> list[Problem] | None:
    """The API that calls a function has the permission, and no other API has one.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    apis = of_type(subject.template, _API).keys()
    calls = set(_calls(subject.template))
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


def _calls(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each API and function that it calls: by an integration, an authorizer, or its OpenAPI body.

    Where credentials are named the API calls by a role, and needs no permission.
    """
    for kind, uri, credentials in (
        (_INTEGRATION, "IntegrationUri", "CredentialsArn"),
        (_AUTHORIZER, "AuthorizerUri", "AuthorizerCredentialsArn"),
    ):
        for resource in of_type(template, kind).values():
            if prop(resource, credentials) is None:
                for api in referred(prop(resource, "ApiId")):
                    yield from ((api, function) for function in referred(prop(resource, uri)))
    for api, resource in of_type(template, _API).items():
        yield from ((api, function) for function in referred(prop(resource, "Body")))


CHECKS: tuple[Check, ...] = (
    functions_share_no_role,
    stores_have_policies_of_their_own,
    policies_are_about_their_own_resource,
    apis_may_invoke_what_they_call,
)
