"""A running endpoint as tests use it: clients, and a stack in one call."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

from localcloud.keys import Endpoint
from localcloud.readback import Report, read_back
from localcloud.resources.base import Account

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
CODE_BUCKET = "code-for-tests"
DOMAIN = "example.com"


@dataclass
class Driver:
    """One region of the endpoint, and the change sets that go through it."""

    endpoint: Endpoint
    region: str = "us-east-1"
    account: Account = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self.account = Account(self.endpoint, self.region, "123456789012")

    def __call__(self, service: str) -> Any:
        return self.account.client(service)

    @property
    def stacks(self) -> Any:
        return self("cloudformation")

    def change_set(
        self, template: dict[str, Any] | str, *, stack: str = "app", **more: Any
    ) -> dict[str, Any]:
        """A described change set, of the type that the stack's state asks for."""
        self._count += 1
        name = f"change-{self._count}"
        body = template if isinstance(template, str) else json.dumps(template)
        self.stacks.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            TemplateBody=body,
            ChangeSetType="UPDATE" if self._updatable(stack) else "CREATE",
            Capabilities=CAPABILITIES,
            **more,
        )
        described: dict[str, Any] = self.stacks.describe_change_set(
            StackName=stack, ChangeSetName=name, IncludePropertyValues=True
        )
        return described

    def _updatable(self, stack: str) -> bool:
        names = {one["StackName"]: one for one in self.stacks.describe_stacks()["Stacks"]}
        return stack in names and names[stack]["StackStatus"] != "REVIEW_IN_PROGRESS"

    def deploy(
        self, template: dict[str, Any] | str, *, stack: str = "app", **more: Any
    ) -> dict[str, Any]:
        """The stack after a change set has been made and executed."""
        change_set = self.change_set(template, stack=stack, **more)
        self.stacks.execute_change_set(StackName=stack, ChangeSetName=change_set["ChangeSetName"])
        return self.stack(stack)

    def stack(self, name: str = "app") -> dict[str, Any]:
        stack: dict[str, Any] = self.stacks.describe_stacks(StackName=name)["Stacks"][0]
        return stack

    def events(self, name: str = "app") -> list[tuple[str, str]]:
        """Logical id and status of each event, oldest first."""
        return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in self.history(name)]

    def history(self, name: str = "app") -> list[dict[str, Any]]:
        """The events, oldest first."""
        pages = self.stacks.get_paginator("describe_stack_events").paginate(StackName=name)
        return list(reversed([one for page in pages for one in page["StackEvents"]]))

    def physical_ids(self, name: str = "app") -> dict[str, str]:
        resources = self.stacks.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}

    def read_back(self, name: str = "app") -> Report:
        return read_back(self.account, name)

    def make_zone(self) -> str:
        """The id of a public zone of the domain."""
        zone = self("route53").create_hosted_zone(Name=DOMAIN, CallerReference="test")
        return str(zone["HostedZone"]["Id"]).rsplit("/", 1)[1]

    def put_code(self, key: str = "code.zip", *, source: str = "", bucket: str = "") -> None:
        """A function's code in a deployment bucket, which is made if it's missing."""
        bucket = bucket or CODE_BUCKET
        s3 = self("s3")
        if bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=bucket)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("lambda_function.py", source or "lambda_handler = print")
        s3.put_object(Bucket=bucket, Key=key, Body=held.getvalue())


def resources(**resources: dict[str, Any]) -> dict[str, Any]:
    """A template of nothing but these resources."""
    return {"Resources": resources}


def queue(name: str = "q", **properties: Any) -> dict[str, Any]:
    """The cheapest resource that there is."""
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}


def group(name: str = "/g", days: int = 7, **properties: Any) -> dict[str, Any]:
    """A resource with a name that can't be replaced."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": name, "RetentionInDays": days, **properties},
    }
