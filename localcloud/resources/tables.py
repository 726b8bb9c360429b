"""DynamoDB tables."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import Account, Handler, Properties, gone_tags, pick, request

CREATION = frozenset(
    {
        "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
        "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "DeletionProtectionEnabled",
        "SSESpecification", "TableClass", "Tags", "StreamSpecification",
    }
)  # fmt: skip
CHANGEABLE = (
    "BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "SSESpecification",
    "TableClass", "StreamSpecification",
)  # fmt: skip
OFF = {"Enabled": False}


class Table(Handler):
    """AWS::DynamoDB::Table; Ref is its name."""

    type = "AWS::DynamoDB::Table"
    holds = CREATION | {
        "TableName", "TimeToLiveSpecification", "PointInTimeRecoverySpecification"
    }  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        dynamodb = account.client("dynamodb")
        table = str(properties.get("TableName", name))
        values = _api(pick(properties, CREATION)) | {"TableName": table}
        dynamodb.create_table(**request(dynamodb, "CreateTable", values))
        self._ttl(account, table, {}, properties)
        self._recovery(account, table, {}, properties)
        return table

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        dynamodb = account.client("dynamodb")
        for name in CHANGEABLE:
            if old.get(name) != new.get(name):
                values = _api({name: new.get(name, _absent(name))}) | {"TableName": physical_id}
                dynamodb.update_table(**request(dynamodb, "UpdateTable", values))
        self._indexes(account, physical_id, old, new)
        self._ttl(account, physical_id, old, new)
        self._recovery(account, physical_id, old, new)
        self._tags(account, physical_id, old, new)

    def _indexes(self, account: Account, table: str, old: Properties, new: Properties) -> None:
        before = {one["IndexName"]: one for one in old.get("GlobalSecondaryIndexes", [])}
        after = {one["IndexName"]: one for one in new.get("GlobalSecondaryIndexes", [])}
        changed = [name for name in after if name in before and after[name] != before[name]]
        gone = [name for name in before if name not in after]
        updates = [{"Delete": {"IndexName": name}} for name in gone + changed]
        updates += [{"Create": after[name]} for name in after if name not in before]
        updates += [{"Create": after[name]} for name in changed]
        for index in updates:
            account.client("dynamodb").update_table(
                TableName=table,
                AttributeDefinitions=new["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[index],
            )

    def _ttl(self, account: Account, table: str, old: Properties, new: Properties) -> None:
        before, after = (one.get("TimeToLiveSpecification") for one in (old, new))
        if before != after:
            specification = after or {**(before or {}), **OFF}
            account.client("dynamodb").update_time_to_live(
                TableName=table, TimeToLiveSpecification=specification
            )

    def _recovery(self, account: Account, table: str, old: Properties, new: Properties) -> None:
        before, after = (one.get("PointInTimeRecoverySpecification") for one in (old, new))
        if before != after:
            account.client("dynamodb").update_continuous_backups(
                TableName=table,
                PointInTimeRecoverySpecification=after or {"PointInTimeRecoveryEnabled": False},
            )

    def _tags(self, account: Account, table: str, old: Properties, new: Properties) -> None:
        arn = self.attributes(account, table, new)["Arn"]
        if gone := gone_tags(old, new):
            account.client("dynamodb").untag_resource(ResourceArn=arn, TagKeys=gone)
        if new.get("Tags"):
            account.client("dynamodb").tag_resource(ResourceArn=arn, Tags=new["Tags"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("dynamodb").delete_table(TableName=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        dynamodb = account.client("dynamodb")
        table = dynamodb.describe_table(TableName=physical_id)["Table"]
        actual: Properties = pick(table, CREATION | {"TableName"})
        actual["BillingMode"] = table.get("BillingModeSummary", {}).get(
            "BillingMode", "PROVISIONED"
        )
        if "SSEDescription" in table:
            actual["SSESpecification"] = {
                "SSEEnabled": table["SSEDescription"]["Status"] == "ENABLED",
                "SSEType": table["SSEDescription"]["SSEType"],
                "KMSMasterKeyId": table["SSEDescription"].get("KMSMasterKeyArn"),
            }
        actual["TimeToLiveSpecification"] = _read_ttl(dynamodb, physical_id)
        actual["PointInTimeRecoverySpecification"] = _read_recovery(dynamodb, physical_id)
        actual["Tags"] = dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        table = account.client("dynamodb").describe_table(TableName=physical_id)["Table"]
        attributes = {"Arn": table["TableArn"]}
        if "LatestStreamArn" in table:
            attributes["StreamArn"] = table["LatestStreamArn"]
        return attributes


def _api(properties: Properties) -> dict[str, Any]:
    """CloudFormation only says the stream's view type; the API also wants it enabled."""
    values = dict(properties)
    if "StreamSpecification" in values:
        values["StreamSpecification"] = {"StreamEnabled": True} | values["StreamSpecification"]
    if "SSESpecification" in values:
        specification = dict(values["SSESpecification"])
        values["SSESpecification"] = {"Enabled": specification.pop("SSEEnabled"), **specification}
    return values


def _absent(name: str) -> Any:
    return {
        "BillingMode": "PROVISIONED",
        "DeletionProtectionEnabled": False,
        "SSESpecification": {"SSEEnabled": False},
        "StreamSpecification": {"StreamEnabled": False},
        "TableClass": "STANDARD",
    }[name]


def _read_ttl(dynamodb: Any, table: str) -> Properties:
    described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    enabled = described["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    return {"Enabled": enabled, "AttributeName": described.get("AttributeName")}


def _read_recovery(dynamodb: Any, table: str) -> Properties:
    answer = dynamodb.describe_continuous_backups(TableName=table)
    described = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return {
        "PointInTimeRecoveryEnabled": described["PointInTimeRecoveryStatus"] == "ENABLED",
        "RecoveryPeriodInDays": described.get("RecoveryPeriodInDays"),
    }


HANDLERS = (Table(),)
