"""Lambda functions, who may invoke them, and what happens when that fails."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any

from localcloud.resources.base import (
    Account,
    Handler,
    Properties,
    Unsupported,
    from_json,
    pick,
    request,
    tag_list,
    tag_map,
)

CONFIGURATION = frozenset(
    {
        "Role", "Handler", "Runtime", "Timeout", "MemorySize", "Environment", "Description",
        "TracingConfig", "LoggingConfig", "DeadLetterConfig", "EphemeralStorage", "Layers",
        "KmsKeyArn", "VpcConfig",
    }
)  # fmt: skip
NO_CONFIGURATION: dict[str, Any] = {
    "Environment": {"Variables": {}},
    "Description": "",
    "TracingConfig": {"Mode": "PassThrough"},
    "LoggingConfig": {"LogFormat": "Text"},
    "DeadLetterConfig": {"TargetArn": ""},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "KmsKeyArn": "",
    "Timeout": 3,
    "MemorySize": 128,
}
"""What a property that leaves the template goes back to."""


class Function(Handler):
    """AWS::Lambda::Function; Ref is its name."""

    type = "AWS::Lambda::Function"
    holds = CONFIGURATION | {
        "FunctionName", "Code", "Architectures", "PackageType", "Tags",
        "ReservedConcurrentExecutions",
    }  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("lambda")
        function = str(properties.get("FunctionName", name[:64]))
        chosen = pick(properties, CONFIGURATION | {"Architectures", "PackageType"})
        values = chosen | {"FunctionName": function, "Code": _code(account, properties)}
        values["Tags"] = tag_map(properties.get("Tags"))
        client.create_function(**request(client, "CreateFunction", values))
        self._concurrency(account, function, {}, properties)
        return function

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("lambda")
        if (old["Code"], old.get("Architectures")) != (new["Code"], new.get("Architectures")):
            values = _code(account, new) | pick(new, {"Architectures"})
            client.update_function_code(FunctionName=physical_id, **values)
        changed = {
            name: new.get(name, NO_CONFIGURATION.get(name))
            for name in CONFIGURATION
            if old.get(name) != new.get(name)
        }
        if changed:
            values = request(client, "UpdateFunctionConfiguration", changed)
            client.update_function_configuration(FunctionName=physical_id, **values)
        self._concurrency(account, physical_id, old, new)
        self._tags(account, physical_id, old, new)

    def _concurrency(
        self, account: Account, function: str, old: Properties, new: Properties
    ) -> None:
        before, after = (one.get("ReservedConcurrentExecutions") for one in (old, new))
        if after is not None and after != before:
            account.client("lambda").put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=int(after)
            )
        elif before is not None and after is None:
            account.client("lambda").delete_function_concurrency(FunctionName=function)

    def _tags(self, account: Account, function: str, old: Properties, new: Properties) -> None:
        arn = self.attributes(account, function, new)["Arn"]
        before, after = (tag_map(one.get("Tags")) for one in (old, new))
        if gone := sorted(set(before) - set(after)):
            account.client("lambda").untag_resource(Resource=arn, TagKeys=gone)
        if after:
            account.client("lambda").tag_resource(Resource=arn, Tags=after)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("lambda").delete_function(FunctionName=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        answer = account.client("lambda").get_function(FunctionName=physical_id)
        configuration = answer["Configuration"]
        actual = pick(configuration, self.holds)
        actual["Tags"] = tag_list(answer.get("Tags", {}))
        if "Concurrency" in answer:
            actual["ReservedConcurrentExecutions"] = answer["Concurrency"][
                "ReservedConcurrentExecutions"
            ]
        # No service tells where code came from, only its hash: so that is what is compared.
        actual["Code"] = properties.get("Code")
        if configuration["CodeSha256"] != _hash(account, properties):
            actual["Code"] = f"CodeSha256 {configuration['CodeSha256']}"
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": account.arn("lambda", f"function:{physical_id}")}


def _code(account: Account, properties: Properties) -> dict[str, Any]:
    """Code for the API; a source text becomes a zip, and a missing object is refused here.

    moto makes the function without its code where AWS says NoSuchKey.
    """
    code = properties["Code"]
    if "ZipFile" in code:
        return {"ZipFile": _zipped(code["ZipFile"], properties.get("Handler", "index.handler"))}
    if "S3Bucket" not in code:
        raise Unsupported(f"Code.{min(code)} isn't supported here")
    _object(account, code)
    return dict(code)


def _object(account: Account, code: dict[str, str]) -> bytes:
    arguments = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    if "S3ObjectVersion" in code:
        arguments["VersionId"] = code["S3ObjectVersion"]
    try:
        body: bytes = account.client("s3").get_object(**arguments)["Body"].read()
    except Exception as error:
        raise Unsupported(
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: "
            f"s3://{code['S3Bucket']}/{code['S3Key']}: {error}"
        ) from error
    return body


def _zipped(source: str, handler: str) -> bytes:
    held = io.BytesIO()
    suffix = ".py" if "." in handler else ""
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(handler.rsplit(".", 1)[0] + suffix), source)
    return held.getvalue()


def _hash(account: Account, properties: Properties) -> str:
    code = _code(account, properties)
    data = code["ZipFile"] if "ZipFile" in code else _object(account, code)
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class Permission(Handler):
    """AWS::Lambda::Permission; Ref is the statement's id."""

    type = "AWS::Lambda::Permission"
    holds = frozenset(
        {
            "FunctionName", "Action", "Principal", "SourceArn", "SourceAccount",
            "EventSourceToken", "PrincipalOrgID", "FunctionUrlAuthType",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        account.client("lambda").add_permission(StatementId=name, **properties)
        return name

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("lambda").remove_permission(
            FunctionName=properties["FunctionName"], StatementId=physical_id
        )

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        function = properties["FunctionName"]
        policy = from_json(account.client("lambda").get_policy(FunctionName=function)["Policy"])
        (statement,) = [one for one in policy["Statement"] if one["Sid"] == physical_id]
        conditions = statement.get("Condition", {})
        principal = statement["Principal"]
        actual = {
            "FunctionName": function if _names(statement["Resource"], function) else "",
            "Action": statement["Action"],
            "Principal": principal.get("Service", principal.get("AWS"))
            if isinstance(principal, dict)
            else principal,
            "SourceArn": conditions.get("ArnLike", {}).get("AWS:SourceArn"),
            "SourceAccount": conditions.get("StringEquals", {}).get("AWS:SourceAccount"),
        }
        return {key: value for key, value in actual.items() if value is not None}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Id": physical_id}


def _names(arn: str, function: str) -> bool:
    return arn == function or arn.endswith(f":function:{function}")


class EventSourceMapping(Handler):
    """AWS::Lambda::EventSourceMapping; Ref is its UUID."""

    type = "AWS::Lambda::EventSourceMapping"
    holds = frozenset(
        {
            "FunctionName", "EventSourceArn", "StartingPosition", "BatchSize", "Enabled",
            "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError",
            "FunctionResponseTypes", "FilterCriteria", "MaximumBatchingWindowInSeconds",
            "ParallelizationFactor", "ScalingConfig", "DestinationConfig", "Tags",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("lambda")
        values = request(client, "CreateEventSourceMapping", _mapping(properties))
        return str(client.create_event_source_mapping(**values)["UUID"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("lambda")
        fixed = {"EventSourceArn", "StartingPosition", "Tags"}
        changed = {
            name: value
            for name, value in _mapping(new).items()
            if name not in fixed and value != old.get(name)
        }
        values = request(client, "UpdateEventSourceMapping", changed)
        client.update_event_source_mapping(UUID=physical_id, **values)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("lambda").delete_event_source_mapping(UUID=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("lambda")
        answer = client.get_event_source_mapping(UUID=physical_id)
        actual = pick(answer, self.holds)
        function = properties["FunctionName"]
        actual["FunctionName"] = function if _names(answer["FunctionArn"], function) else ""
        actual["Enabled"] = answer["State"] in ("Enabled", "Enabling", "Creating")
        if "Tags" in properties:
            arn = self.attributes(account, physical_id, properties)["EventSourceMappingArn"]
            actual["Tags"] = tag_list(client.list_tags(Resource=arn)["Tags"])
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        arn = account.arn("lambda", f"event-source-mapping:{physical_id}")
        return {"Id": physical_id, "EventSourceMappingArn": arn}


def _mapping(properties: Properties) -> dict[str, Any]:
    values = dict(properties)
    if "Tags" in values:
        values["Tags"] = tag_map(values["Tags"])
    return values


class EventInvokeConfig(Handler):
    """AWS::Lambda::EventInvokeConfig; Ref is function and qualifier."""

    type = "AWS::Lambda::EventInvokeConfig"
    holds = frozenset(
        {
            "FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds",
            "DestinationConfig",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("lambda")
        if properties["Qualifier"] != "$LATEST":
            raise Unsupported("Qualifier: only $LATEST is supported here")
        values = request(client, "PutFunctionEventInvokeConfig", properties)
        del values["Qualifier"]
        client.put_function_event_invoke_config(**values)
        return f"{properties['FunctionName']}|{properties['Qualifier']}"

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        self.create(account, physical_id, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        client = account.client("lambda")
        client.delete_function_event_invoke_config(FunctionName=properties["FunctionName"])

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        function, qualifier = physical_id.split("|")
        answer = account.client("lambda").get_function_event_invoke_config(FunctionName=function)
        given = properties["FunctionName"]
        actual = pick(answer, self.holds)
        actual["FunctionName"] = given if f":function:{function}" in answer["FunctionArn"] else ""
        actual["Qualifier"] = qualifier
        return actual


HANDLERS = (Function(), Permission(), EventSourceMapping(), EventInvokeConfig())
