"""Web ACLs."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import Account, Handler, Properties, Unsupported, gone_tags, request


class WebAcl(Handler):
    """AWS::WAFv2::WebACL; Ref is name|id|scope."""

    type = "AWS::WAFv2::WebACL"
    holds = frozenset(
        {"Name", "Scope", "DefaultAction", "Description", "Rules", "VisibilityConfig", "Tags"}
    )

    def create(self, account: Account, name: str, properties: Properties) -> str:
        if properties["Scope"] == "CLOUDFRONT" and account.region != "us-east-1":
            raise Unsupported("A web ACL of scope CLOUDFRONT can only be made in us-east-1")
        client = account.client("wafv2")
        named = {"Name": properties.get("Name", name)} | properties
        summary = client.create_web_acl(**request(client, "CreateWebACL", named))["Summary"]
        return f"{summary['Name']}|{summary['Id']}|{properties['Scope']}"

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("wafv2")
        answer = _get(account, physical_id)
        fixed = {"Name", "Scope", "Tags"}
        values = {key: value for key, value in new.items() if key not in fixed}
        values |= _place(physical_id) | {"LockToken": answer["LockToken"]}
        client.update_web_acl(**request(client, "UpdateWebACL", values))
        arn = answer["WebACL"]["ARN"]
        if gone := gone_tags(old, new):
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new.get("Tags"):
            client.tag_resource(ResourceARN=arn, Tags=new["Tags"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        token = _get(account, physical_id)["LockToken"]
        account.client("wafv2").delete_web_acl(LockToken=token, **_place(physical_id))

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        acl: Properties = _get(account, physical_id)["WebACL"]
        answer = account.client("wafv2").list_tags_for_resource(ResourceARN=acl["ARN"])
        tags = answer["TagInfoForResource"]["TagList"]
        return acl | {"Scope": physical_id.split("|")[2], "Tags": tags}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        acl = _get(account, physical_id)["WebACL"]
        return {"Arn": acl["ARN"], "Id": acl["Id"]}


def _place(physical_id: str) -> dict[str, str]:
    name, identifier, scope = physical_id.split("|")
    return {"Name": name, "Id": identifier, "Scope": scope}


def _get(account: Account, physical_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = account.client("wafv2").get_web_acl(**_place(physical_id))
    return answer


HANDLERS = (WebAcl(),)
