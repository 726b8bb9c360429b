"""IAM roles with their policies."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import Account, Handler, Properties, as_json, gone_tags


class Role(Handler):
    """AWS::IAM::Role; Ref is its name."""

    type = "AWS::IAM::Role"
    holds = frozenset(
        {
            "RoleName", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "Path",
            "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags",
        }
    )  # fmt: skip

    def create(self, account: Account, name: str, properties: Properties) -> str:
        role = str(properties.get("RoleName", name[:64]))
        plain = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
        account.client("iam").create_role(
            RoleName=role,
            AssumeRolePolicyDocument=as_json(properties["AssumeRolePolicyDocument"]),
            **{key: properties[key] for key in plain if key in properties},
        )
        self._policies(account, role, {}, properties)
        return role

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        iam = account.client("iam")
        iam.update_assume_role_policy(
            RoleName=physical_id, PolicyDocument=as_json(new["AssumeRolePolicyDocument"])
        )
        iam.update_role(
            RoleName=physical_id,
            Description=new.get("Description", ""),
            MaxSessionDuration=int(new.get("MaxSessionDuration", 3600)),
        )
        self._boundary(account, physical_id, old, new)
        self._policies(account, physical_id, old, new)
        if gone := gone_tags(old, new):
            iam.untag_role(RoleName=physical_id, TagKeys=gone)
        if new.get("Tags"):
            iam.tag_role(RoleName=physical_id, Tags=new["Tags"])

    def _boundary(self, account: Account, role: str, old: Properties, new: Properties) -> None:
        iam = account.client("iam")
        before, after = old.get("PermissionsBoundary"), new.get("PermissionsBoundary")
        if after and after != before:
            iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=after)
        elif before and not after:
            iam.delete_role_permissions_boundary(RoleName=role)

    def _policies(self, account: Account, role: str, old: Properties, new: Properties) -> None:
        iam = account.client("iam")
        for name in sorted(set(_inline(old)) - set(_inline(new))):
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for name, document in _inline(new).items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=as_json(document))
        before, after = (set(one.get("ManagedPolicyArns", [])) for one in (old, new))
        for arn in sorted(before - after):
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        for arn in sorted(after - before):
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        self._policies(account, physical_id, properties, {})
        account.client("iam").delete_role(RoleName=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        iam = account.client("iam")
        role = iam.get_role(RoleName=physical_id)["Role"]
        names = iam.list_role_policies(RoleName=physical_id)["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName=physical_id)["AttachedPolicies"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        actual: Properties = role | {
            "Policies": [_read_inline(iam, physical_id, name) for name in names],
            "ManagedPolicyArns": [one["PolicyArn"] for one in attached],
            "PermissionsBoundary": boundary,
        }
        return actual

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        role = account.client("iam").get_role(RoleName=physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _inline(properties: Properties) -> dict[str, Any]:
    return {one["PolicyName"]: one["PolicyDocument"] for one in properties.get("Policies", [])}


def _read_inline(iam: Any, role: str, name: str) -> Properties:
    answer = iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"PolicyName": name, "PolicyDocument": answer["PolicyDocument"]}


HANDLERS = (Role(),)
