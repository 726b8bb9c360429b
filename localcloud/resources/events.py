"""EventBridge: buses, and rules with their targets."""

from __future__ import annotations

from typing import Any

from localcloud.resources.base import (
    Account,
    Handler,
    Properties,
    as_json,
    from_json,
    gone_tags,
    pick,
)

_RULE = {"Description", "EventBusName", "RoleArn", "ScheduleExpression", "State"}


class EventBus(Handler):
    """AWS::Events::EventBus; Ref is its name."""

    type = "AWS::Events::EventBus"
    holds = frozenset({"Name", "Tags"})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        bus = str(properties.get("Name", name))
        account.client("events").create_event_bus(Name=bus, **pick(properties, {"Tags"}))
        return bus

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client = account.client("events")
        arn = client.describe_event_bus(Name=physical_id)["Arn"]
        _tag(client, arn, old, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        account.client("events").delete_event_bus(Name=physical_id)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client = account.client("events")
        found: Properties = client.describe_event_bus(Name=physical_id)
        tags = client.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        return found | {"Tags": tags}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        return {"Arn": account.arn("events", f"event-bus/{physical_id}")}


class Rule(Handler):
    """AWS::Events::Rule; Ref is its name, behind its bus where that isn't the default one."""

    type = "AWS::Events::Rule"
    holds = frozenset({"Name", "EventPattern", "Tags", "Targets", *_RULE})

    def create(self, account: Account, name: str, properties: Properties) -> str:
        rule = str(properties.get("Name", name))
        self._put(account.client("events"), rule, properties, properties.get("Tags"))
        bus = properties.get("EventBusName", "default")
        return rule if bus == "default" else f"{bus}|{rule}"

    def _put(self, client: Any, rule: str, properties: Properties, tags: Any = None) -> None:
        values = pick(properties, _RULE)
        if "EventPattern" in properties:
            values["EventPattern"] = as_json(properties["EventPattern"])
        client.put_rule(Name=rule, **values, **({"Tags": tags} if tags else {}))
        if targets := properties.get("Targets"):
            client.put_targets(Rule=rule, Targets=targets, **pick(properties, {"EventBusName"}))

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        client, (bus, rule) = account.client("events"), _parts(physical_id)
        kept = {target["Id"] for target in new.get("Targets", [])}
        gone = [one["Id"] for one in old.get("Targets", []) if one["Id"] not in kept]
        if gone:
            client.remove_targets(Rule=rule, EventBusName=bus, Ids=gone)
        self._put(client, rule, new)
        arn = client.describe_rule(Name=rule, EventBusName=bus)["Arn"]
        _tag(client, arn, old, new)

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        client, (bus, rule) = account.client("events"), _parts(physical_id)
        targets = client.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        if targets:
            ids = [target["Id"] for target in targets]
            client.remove_targets(Rule=rule, EventBusName=bus, Ids=ids)
        client.delete_rule(Name=rule, EventBusName=bus)

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        client, (bus, rule) = account.client("events"), _parts(physical_id)
        found: Properties = client.describe_rule(Name=rule, EventBusName=bus)
        pattern = found.pop("EventPattern", None)
        targets = client.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        tags = client.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        more = {"EventPattern": from_json(pattern)} if pattern else {}
        return found | more | {"Targets": targets, "Tags": tags}

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        bus, rule = _parts(physical_id)
        return {
            "Arn": account.arn("events", f"rule/{rule if bus == 'default' else f'{bus}/{rule}'}")
        }


def _parts(physical_id: str) -> tuple[str, str]:
    """A rule's bus and name."""
    bus, _, rule = physical_id.rpartition("|")
    return bus or "default", rule


def _tag(client: Any, arn: str, old: Properties, new: Properties) -> None:
    if gone := gone_tags(old, new):
        client.untag_resource(ResourceARN=arn, TagKeys=gone)
    if new.get("Tags"):
        client.tag_resource(ResourceARN=arn, Tags=new["Tags"])


HANDLERS = (EventBus(), Rule())
