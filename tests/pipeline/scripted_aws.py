"""AWS for the deployer's tests: an endpoint of this machine, and scripted answers on top of it.

Scripted answers are given inside botocore, after it has checked the request against the service's
model; their own shape is checked against it too. Each call is written down.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import validate_parameters

from environments.schema import Settings
from localcloud.keys import Endpoint
from pipeline.connecting import clients
from pipeline.connecting.clients import Clients
from pipeline.deploying.deployment import Deployment
from pipeline.deploying.target import Identity, Target
from pipeline.documents import parse_template
from pipeline.environment.settings import Loaded, load
from pipeline.findings import Place
from pipeline.packaging.zips import Artifact
from pipeline.render import Rendered
from pipeline.rendering import parameters
from pipeline.rendering.sourcemap import Line, SourceMap

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
PROJECT = load("dev", ROOT).settings.project_name  # of whatever repository this is
STACK = f"{PROJECT}-dev"
STACK_ID = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{PROJECT}-dev/1"
TEMPLATE = """\
Parameters:
  CodeBucket: {Type: String}
  HelloKey: {Type: String, Default: hello.zip}
  Size: {Type: String, Default: '1'}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub 'queue-${Size}'
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: lambda.amazonaws.com}}
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: lambda_function.lambda_handler
      Role: !GetAtt Role.Arn
      Code: {S3Bucket: !Ref CodeBucket, S3Key: !Ref HelloKey}
Outputs:
  TableName: {Value: !Ref Table, Description: the table}
  Code: {Value: !Ref HelloKey}
"""
ZIP = bytes.fromhex("504b0506") + bytes(18)  # an empty zip
ARTIFACT = Artifact("hello.zip", ZIP, hashlib.sha256(ZIP).hexdigest())

Answer = dict[str, Any] | BaseException | Callable[[dict[str, Any]], Any]


@dataclass
class Refusal:
    """An error answer of AWS."""

    code: str
    message: str = ""
    status: int = 400

    def parsed(self) -> dict[str, Any]:
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"HTTPStatusCode": self.status},
        }


class Aws:
    """Clients whose calls are written down and, where told, answered from a script.

    `alone`: there is no endpoint, so that a call without an answer is a mistake of the test.
    """

    def __init__(self, real: Clients, environment: dict[str, str], *, alone: bool) -> None:
        def other(name: str, **more: Any) -> Any:
            with patch.dict(os.environ, environment, clear=True):
                return self._heard(real.other(name, **more))

        self.clients = replace(real, other=cache(other))
        self._alone = alone
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[str, list[Any]] = {}
        for client in (real.cloudformation, real.s3, real.sts):
            self._heard(client)

    def _heard(self, client: Any) -> Any:
        client.meta.events.register_first("provide-client-params.*.*", self._note)
        client.meta.events.register_first("before-call.*.*", self._answer)
        return client

    def reset(self) -> None:
        self.calls.clear()
        self._answers.clear()

    def says(self, operation: str, *answers: Answer | Refusal) -> None:
        """The next answers to an operation; the last one goes on."""
        self._answers[operation] = list(answers)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    def sent(self, operation: str) -> dict[str, Any]:
        """What the last call of an operation asked for."""
        return next(sent for name, sent in reversed(self.calls) if name == operation)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def _answer(self, model: Any, **_: Any) -> Any:
        waiting = self._answers.get(model.name)
        if not waiting:
            assert not self._alone, f"{model.name} has no answer"
            return None
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if callable(answer):
            answer = answer(self.sent(model.name))
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Refusal):
            return SimpleNamespace(status_code=answer.status), answer.parsed()
        if model.output_shape is not None:
            validate_parameters(answer, model.output_shape)
        answer = {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}
        return SimpleNamespace(status_code=200), answer


def connected(endpoint: Endpoint | None = None) -> Aws:
    """Clients for the development environment's region, with credentials of nobody.

    They are made once, for it takes a third of a second; what others had them answer is forgotten.
    """
    aws = _connected(endpoint)
    aws.reset()
    return aws


@cache
def _connected(endpoint: Endpoint | None) -> Aws:
    nobody = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    nobody |= endpoint.environment() if endpoint else {}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, **nobody}
    with patch.dict(os.environ, environment, clear=True):
        real = clients.connect(loaded().settings.aws)
    return Aws(real, environment, alone=not endpoint)


def empty(endpoint: Endpoint) -> None:
    """Forget everything in the endpoint's account."""
    url = f"{endpoint.url}/moto-api/reset"
    signed = AWSRequest("POST", url)
    keys = Credentials(endpoint.keys.access_key, endpoint.keys.secret)
    SigV4Auth(keys, "moto", "us-east-1").add_auth(signed)
    with urlopen(Request(url, method="POST", headers=dict(signed.headers)), timeout=60):  # noqa: S310 - loopback
        pass


def loaded(**changes: Any) -> Loaded:
    """The development environment, with some of its values changed."""
    one = load("dev", ROOT)
    values = {**one.settings.model_dump(by_alias=True), "name": "dev", **changes}
    return Loaded(Settings.model_validate(values), one.document)


def protected() -> Loaded:
    """The same, protected, in the endpoint's account."""
    aws = {**loaded().settings.aws.model_dump(), "account": ACCOUNT}
    return loaded(protected=True, aws=aws)


def rendered(of: Loaded, text: str = TEMPLATE) -> Rendered:
    """A small template, each of whose lines comes from the same line of main.yaml.j2."""
    document = parse_template(text, "build/dev/template.yaml")
    lines = tuple(Line(Place("templates/main.yaml.j2", n + 1)) for n in range(text.count("\n")))
    values = parameters.defaults(document, "bucket-to-be-known")
    return Rendered(of, text, document, SourceMap(lambda: lines), values)


def target(aws: Aws, of: Loaded | None = None) -> Target:
    """The environment's place in an account, of a user there; nothing waits."""
    identity = Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/tester")
    return Target((of or loaded()).settings, aws.clients, identity, sleep=lambda _: None)


def deployment(
    aws: Aws, of: Loaded | None = None, text: str = TEMPLATE, root: Path = ROOT
) -> Deployment:
    """All of a deployment that a step needs."""
    return Deployment(
        target=target(aws, of),
        rendered=rendered(of or loaded(), text),
        artifacts=[ARTIFACT],
        root=root,
    )


def physical_ids(aws: Aws) -> dict[str, str]:
    """Logical id -> physical id of the development stack at the endpoint."""
    cloudformation = aws.clients.cloudformation
    found = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def stack(status: str, **more: Any) -> dict[str, Any]:
    """An answer of DescribeStacks."""
    one = {"StackName": STACK, "StackId": STACK_ID, "StackStatus": status}
    return {"Stacks": [{**one, "CreationTime": datetime.now(UTC), **more}]}


def history(*lines: tuple[str, str, str, str]) -> dict[str, Any]:
    """An answer of DescribeStackEvents from (logical id, type, status, reason), oldest first."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {
            "StackId": STACK_ID,
            "EventId": f"event-{number}",
            "StackName": STACK,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": STACK_ID if logical_id == STACK else "physical",
            "ResourceType": kind,
            "Timestamp": start + timedelta(seconds=number),
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }
        for number, (logical_id, kind, status, reason) in enumerate(lines)
    ]
    return {"StackEvents": events[::-1]}


def of_stack(status: str, reason: str = "") -> tuple[str, str, str, str]:
    """One line about the stack itself."""
    return (STACK, "AWS::CloudFormation::Stack", status, reason)


def change(action: str, logical_id: str, kind: str, **more: Any) -> dict[str, Any]:
    """One entry of DescribeChangeSet's Changes."""
    resource = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": resource}


def change_set(*changes: dict[str, Any], status: str = "CREATE_COMPLETE", **more: Any) -> Any:
    """An answer of DescribeChangeSet."""
    return {"Status": status, "Changes": list(changes), **more}


# An update that changes one function.
ASKED = {"Id": "arn:aws:cloudformation:us-east-1:123456789012:changeSet/x/1", "StackId": STACK_ID}
BEFORE = of_stack("UPDATE_COMPLETE")
STARTS = of_stack("UPDATE_IN_PROGRESS", "User Initiated")
ENDS = of_stack("UPDATE_COMPLETE")
SIZE = change("Modify", "Hello", "AWS::Lambda::Function", Replacement="False")
