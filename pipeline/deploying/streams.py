"""Function mappings that listen to a stream which their table no longer has.

A restored table has a new stream. A mapping's stream can't change, so CloudFormation has to replace
the mapping; whether it notices by itself that Fn::GetAtt answers otherwise is documented nowhere.
So the mappings are checked afterwards, and one that was left behind is deleted and created again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.deploying import inventory
from pipeline.deploying.deployment import Deployment
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.deploying.target import Target

MAPPING = "AWS::Lambda::EventSourceMapping"
TABLE = "AWS::DynamoDB::Table"


def left_behind(target: Target) -> list[str]:
    """The stack's mappings whose stream isn't that of their table any more, by logical id."""
    held = inventory.held(target.aws.cloudformation, target.existing_stack().id)
    tables = {one.physical_id for one in held if one.type == TABLE}
    return [
        resource.logical_id
        for resource in held
        if resource.type == MAPPING
        and resource.physical_id
        and _is_stale(target, resource.physical_id, tables)
    ]


def _is_stale(target: Target, mapping: str, tables: Iterable[str]) -> bool:
    arn = target.aws.functions.get_event_source_mapping(UUID=mapping).get("EventSourceArn", "")
    name = arn.partition(":table/")[2].partition("/stream/")[0]
    if name not in tables:
        return False
    table = target.aws.tables.describe_table(TableName=name)["Table"]
    return table.get("LatestStreamArn", "") != arn


def without(deployment: Deployment, names: Iterable[str]) -> Deployment:
    """The same deployment without these resources, to which nothing else may refer."""
    template: dict[str, Any] = copy.deepcopy(deployment.rendered.value)
    for name in names:
        template["Resources"].pop(name, None)
        if any(
            mark in json.dumps(template) for mark in (f'"{name}"', f"${{{name}}}", f"${{{name}.")
        ):
            raise UserError(
                f"{name} listens to a stream that is gone, and other resources refer to it.",
                where=deployment.where(name),
                mend="Take it and them out of the template, deploy, put them back, deploy again.",
            )
    text = json.dumps(template, ensure_ascii=False, separators=(",", ":"))
    return replace(deployment, rendered=replace(deployment.rendered, text=text))
