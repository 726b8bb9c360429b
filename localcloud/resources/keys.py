"""KMS keys and their aliases."""

from __future__ import annotations

from localcloud.resources.base import Account, Handler, Properties, as_json, from_json, gone_tags


class Key(Handler):
    """AWS::KMS::Key; Ref is its id."""

    type = "AWS::KMS::Key"
    holds = frozenset(
        {
            "KeyPolicy", "Description", "EnableKeyRotation", "Enabled", "KeySpec", "KeyUsage",
            "MultiRegion", "PendingWindowInDays", "Tags",
        }
    )  # fmt: skip
    unread = frozenset({"PendingWindowInDays"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        kms = account.client("kms")
        plain = ("Description", "KeySpec", "KeyUsage", "MultiRegion")
        values = {key: properties[key] for key in plain if key in properties}
        values["Tags"] = _kms_tags(properties)
        if "KeyPolicy" in properties:
            values["Policy"] = as_json(properties["KeyPolicy"])
        key = str(kms.create_key(**values)["KeyMetadata"]["KeyId"])
        self._switches(account, key, {}, properties)
        return key

    def _switches(self, account: Account, key: str, old: Properties, new: Properties) -> None:
        kms = account.client("kms")
        if new.get("EnableKeyRotation", False) != old.get("EnableKeyRotation", False):
            rotated = new.get("EnableKeyRotation", False)
            (kms.enable_key_rotation if rotated else kms.disable_key_rotation)(KeyId=key)
        if new.get("Enabled", True) != old.get("Enabled", True):
            (kms.enable_key if new.get("Enabled", True) else kms.disable_key)(KeyId=key)

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        kms = account.client("kms")
        if "KeyPolicy" in new:
            policy = as_json(new["KeyPolicy"])
            kms.put_key_policy(KeyId=physical_id, PolicyName="default", Policy=policy)
        kms.update_key_description(KeyId=physical_id, Description=new.get("Description", ""))
        self._switches(account, physical_id, old, new)
        if gone := gone_tags(old, new):
            kms.untag_resource(KeyId=physical_id, TagKeys=gone)
        if new.get("Tags"):
            kms.tag_resource(KeyId=physical_id, Tags=_kms_tags(new))

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        days = int(properties.get("PendingWindowInDays", 30))
        account.client("kms").schedule_key_deletion(KeyId=physical_id, PendingWindowInDays=days)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        kms = account.client("kms")
        actual: Properties = kms.describe_key(KeyId=physical_id)["KeyMetadata"]
        policy = kms.get_key_policy(KeyId=physical_id, PolicyName="default")["Policy"]
        tags = kms.list_resource_tags(KeyId=physical_id)["Tags"]
        rotation = kms.get_key_rotation_status(KeyId=physical_id)["KeyRotationEnabled"]
        return actual | {
            "KeyPolicy": from_json(policy),
            "EnableKeyRotation": rotation,
            "Tags": [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags],
        }

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": account.arn("kms", f"key/{physical_id}"), "KeyId": physical_id}


def _kms_tags(properties: Properties) -> list[dict[str, str]]:
    tags = properties.get("Tags", [])
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]


class Alias(Handler):
    """AWS::KMS::Alias; Ref is its name."""

    type = "AWS::KMS::Alias"
    holds = frozenset({"AliasName", "TargetKeyId"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        account.client("kms").create_alias(**properties)
        return str(properties["AliasName"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        account.client("kms").update_alias(**new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("kms").delete_alias(AliasName=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        (alias,) = [
            known
            for known in account.client("kms").list_aliases()["Aliases"]
            if known["AliasName"] == physical_id
        ]
        target = str(properties.get("TargetKeyId", ""))
        if target.endswith(alias["TargetKeyId"]):
            alias["TargetKeyId"] = target
        actual: Properties = alias
        return actual


HANDLERS = (Key(), Alias())
