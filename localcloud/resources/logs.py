"""Log groups."""

from __future__ import annotations

from localcloud.resources.base import Account, Handler, Properties, tag_list, tag_map


class LogGroup(Handler):
    """AWS::Logs::LogGroup; Ref is its name."""

    type = "AWS::Logs::LogGroup"
    holds = frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        group = str(properties.get("LogGroupName", name))
        names = {"KmsKeyId": "kmsKeyId", "LogGroupClass": "logGroupClass"}
        chosen = {names[key]: properties[key] for key in names if key in properties}
        if tags := tag_map(properties.get("Tags")):
            chosen["tags"] = tags
        account.client("logs").create_log_group(logGroupName=group, **chosen)
        self._retain(account, group, {}, properties)
        return group

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("logs")
        self._retain(account, physical_id, old, new)
        if new.get("KmsKeyId") != old.get("KmsKeyId"):
            if "KmsKeyId" in new:
                client.associate_kms_key(logGroupName=physical_id, kmsKeyId=new["KmsKeyId"])
            else:
                client.disassociate_kms_key(logGroupName=physical_id)
        before, after = (tag_map(one.get("Tags")) for one in (old, new))
        arn = account.arn("logs", f"log-group:{physical_id}")
        if gone := sorted(set(before) - set(after)):
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if after:
            client.tag_resource(resourceArn=arn, tags=after)

    def _retain(self, account: Account, group: str, old: Properties, new: Properties) -> None:
        before, after = (one.get("RetentionInDays") for one in (old, new))
        if after is not None and after != before:
            account.client("logs").put_retention_policy(
                logGroupName=group, retentionInDays=int(after)
            )
        elif before is not None and after is None:
            account.client("logs").delete_retention_policy(logGroupName=group)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("logs").delete_log_group(logGroupName=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("logs")
        groups = client.describe_log_groups(logGroupNamePrefix=physical_id)["logGroups"]
        (group,) = [one for one in groups if one["logGroupName"] == physical_id]
        actual = {
            "LogGroupName": physical_id,
            "RetentionInDays": group.get("retentionInDays"),
            "KmsKeyId": group.get("kmsKeyId"),
            "LogGroupClass": group.get("logGroupClass"),
        }
        if "Tags" in properties:
            arn = account.arn("logs", f"log-group:{physical_id}")
            actual["Tags"] = tag_list(client.list_tags_for_resource(resourceArn=arn)["tags"])
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": account.arn("logs", f"log-group:{physical_id}:*")}


HANDLERS = (LogGroup(),)
