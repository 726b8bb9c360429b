"""What the smoke test asks of AWS itself: to let time pass, to count, to take away what it left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.smoke.site import Failed

ALARM = "AWS::CloudWatch::Alarm"
API = "AWS::ApiGatewayV2::Api"


class Account:
    """A stack by its outputs and its template, as the holder of `client`'s credentials sees it."""

    def __init__(
        self,
        client: Callable[[str], Any],
        stack: str,
        outputs: Mapping[str, str],
        template: Mapping[str, Any],
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._stack = stack
        self._outputs = outputs
        self._template = template
        self._addresses = addresses or {}

    @property
    def _table(self) -> str:
        return self._outputs["SessionsTableName"]

    def pushes_at_once(self) -> bool:
        """Does a function read the table's stream, so that the desktop sees the phone arrive?"""
        kinds = {one["Type"] for one in self._template["Resources"].values()}
        return "AWS::Lambda::EventSourceMapping" in kinds

    def own_addresses(self) -> dict[str, str]:
        """Where each API of the stack answers by itself, by its logical id.

        On this machine these are what the local cloud puts in the place of AWS's names.
        """
        resources = self._template["Resources"]
        apis = {name for name, one in resources.items() if one["Type"] == API}
        region = self._client("apigatewayv2").meta.region_name
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        found = {}
        for physical, logical in self._physical(apis).items():
            socket = resources[logical]["Properties"]["ProtocolType"] == "WEBSOCKET"
            url = f"{'wss' if socket else 'https'}://{physical}.execute-api.{region}.{suffix}"
            found[logical] = self._addresses.get(url, url)
        return found

    def connection(self, session_id: str) -> str | None:
        """The connection that a session is bound to."""
        connection = self._item(session_id).get("wsConnectionId")
        return str(connection["S"]) if connection else None

    def let_end(self, session_id: str, at: int) -> None:
        """Let a session end sooner."""
        self._client("dynamodb").update_item(
            TableName=self._table,
            Key={"sessionId": {"S": session_id}},
            UpdateExpression="SET expiresAt = :at ADD rev :one",
            ConditionExpression="attribute_exists(sessionId)",
            ExpressionAttributeValues={":at": {"N": str(at)}, ":one": {"N": "1"}},
        )

    def delete(self, session_id: str) -> None:
        """Delete a session with its images, all versions of them, and see that it is gone."""
        key = {"sessionId": {"S": session_id}}
        self._client("dynamodb").delete_item(TableName=self._table, Key=key)
        s3, bucket = self._client("s3"), self._outputs["UploadBucketName"]
        for name, version in self._versions(session_id):
            s3.delete_object(Bucket=bucket, Key=name, VersionId=version)
        left = [f"s3://{bucket}/{name}" for name, _ in self._versions(session_id)]
        if self._item(session_id):
            left.append(f"the item {session_id} of {self._table}")
        if left:
            raise Failed("nothing to be left behind", ", ".join(left))

    def _item(self, session_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._client("dynamodb").get_item(
            TableName=self._table, Key={"sessionId": {"S": session_id}}, ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

    def _versions(self, session_id: str) -> list[tuple[str, str]]:
        pages = self._client("s3").get_paginator("list_object_versions")
        where = {
            "Bucket": self._outputs["UploadBucketName"],
            "Prefix": f"session-uploads/{session_id}/",
        }
        return [
            (version["Key"], version["VersionId"])
            for page in pages.paginate(**where)
            for version in page.get("Versions", []) + page.get("DeleteMarkers", [])
        ]

    def check_alarms(self) -> int:
        """How many the template has: each exists, can go off, and tells somebody."""
        wanted = {name for name, one in self._template["Resources"].items() if one["Type"] == ALARM}
        made = self._physical(wanted)
        alarms: list[dict[str, Any]] = []
        if made:
            pages = self._client("cloudwatch").get_paginator("describe_alarms")
            for page in pages.paginate(AlarmNames=list(made)):
                alarms += page["MetricAlarms"]
        there = {made[alarm["AlarmName"]] for alarm in alarms}
        mute = {
            made[alarm["AlarmName"]]
            for alarm in alarms
            if not (alarm.get("ActionsEnabled") and alarm.get("AlarmActions"))
        }
        wrong = [f"{name} doesn't exist" for name in sorted(wanted - there)]
        wrong += [f"{name} tells nobody" for name in sorted(mute)]
        if wrong:
            raise Failed(f"{len(wanted)} alarms that tell somebody", ", ".join(wrong))
        return len(wanted)

    def _physical(self, wanted: set[str]) -> dict[str, str]:
        """Logical ids by physical ones."""
        pages = self._client("cloudformation").get_paginator("list_stack_resources")
        return {
            summary["PhysicalResourceId"]: summary["LogicalResourceId"]
            for page in pages.paginate(StackName=self._stack)
            for summary in page["StackResourceSummaries"]
            if summary["LogicalResourceId"] in wanted
        }
