"""Secrets Manager: secrets, whose values are random or given."""

from __future__ import annotations

import json
from typing import Any

from localcloud.resources.base import Account, Handler, Properties, gone_tags, pick, request


class Secret(Handler):
    """AWS::SecretsManager::Secret; Ref is its ARN.

    Deleted at once: CloudFormation leaves no recovery window
    (github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1999).
    """

    type = "AWS::SecretsManager::Secret"
    holds = frozenset(
        {"Name", "Description", "KmsKeyId", "SecretString", "GenerateSecretString", "Tags"}
    )
    unread = frozenset({"GenerateSecretString"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        client = account.client("secretsmanager")
        values = {"Name": properties.get("Name", name)} | pick(
            properties, {"Description", "KmsKeyId", "Tags"}
        )
        values["SecretString"] = _value(account, properties)
        return str(client.create_secret(**request(client, "CreateSecret", values))["ARN"])

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("secretsmanager")
        values = {"SecretId": physical_id, **pick(new, {"Description", "KmsKeyId"})}
        if any(old.get(key) != new.get(key) for key in ("SecretString", "GenerateSecretString")):
            values["SecretString"] = _value(account, new)
        client.update_secret(**values)
        if gone := gone_tags(old, new):
            client.untag_resource(SecretId=physical_id, TagKeys=gone)
        if new.get("Tags"):
            client.tag_resource(SecretId=physical_id, Tags=new["Tags"])

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        client = account.client("secretsmanager")
        client.delete_secret(SecretId=physical_id, ForceDeleteWithoutRecovery=True)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("secretsmanager")
        described: Properties = client.describe_secret(SecretId=physical_id)
        if "SecretString" in properties:
            value = client.get_secret_value(SecretId=physical_id)["SecretString"]
            described = described | {"SecretString": value}
        return described

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Id": physical_id}


def _value(account: Account, properties: Properties) -> str:
    """The given value, or a random one, alone or as a key of the template for it."""
    if "GenerateSecretString" not in properties:
        return str(properties.get("SecretString", ""))
    wanted: dict[str, Any] = dict(properties["GenerateSecretString"])
    text, key = wanted.pop("SecretStringTemplate", None), wanted.pop("GenerateStringKey", None)
    client = account.client("secretsmanager")
    values = request(client, "GetRandomPassword", wanted)
    password = str(client.get_random_password(**values)["RandomPassword"])
    return password if key is None else json.dumps(json.loads(text or "{}") | {key: password})


HANDLERS = (Secret(),)
