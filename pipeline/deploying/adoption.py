"""What an earlier stack kept and a new one would make again: found before it fails, taken in.

CloudFormation imports a resource only under a name that stands in the template as plain text, and
only with a deletion policy that retains it (AWS's page "Import AWS resources into a CloudFormation
stack automatically"). So the names are worked out here and written into the template that is sent,
with the policy Retain: what an import takes in outlives every failure of the deployment.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.connecting import clients
from pipeline.deploying import screen, stacks
from pipeline.deploying.changeset import Change
from pipeline.deploying.deployment import Deployment, Taken
from pipeline.deploying.inventory import BUCKET, KEPT
from pipeline.deploying.losses import NAMES
from pipeline.deploying.target import Target
from pipeline.errors import Refused, UserError

_PASSING = {"CREATING", "DELETING"}
_VARIABLE = re.compile(r"\$\{([^}!]+)\}")


def taken(deployment: Deployment) -> list[Taken]:
    """What a new stack would find there; a bucket's name that somebody else has is refused."""
    return [one for one in named(deployment) if _exists(deployment, one)]


def told(deployment: Deployment, taken: Sequence[Taken]) -> None:
    """Show the existing resources, and what the template would do with them later."""
    for resource in taken:
        screen.note(
            f"{resource.logical_id}: there is a {resource.type} named {resource.name} already."
        )
        if (
            deployment.rendered.value["Resources"][resource.logical_id].get("DeletionPolicy")
            not in KEPT
        ):
            screen.note(
                "The import retains it; from the next deployment on it goes with the stack."
            )


def agreed(deployment: Deployment, taken: Sequence[Taken], *, allowed: bool) -> Deployment:
    """The deployment that takes them in, if a person wants that."""
    names = ", ".join(one.name for one in taken)
    if not (allowed or screen.agree(f"Import {names} into the new stack, with what it holds?")):
        raise Refused(
            f"{names} would have to be imported.",
            mend="Say so: deploy with --import. Or choose another project name.",
        )
    for one in taken:
        if one.type != BUCKET:
            _check_stream(deployment, one)
    return importing(deployment, taken)


def _check_stream(deployment: Deployment, table: Taken) -> None:
    """An import takes a table as it is, and Fn::GetAtt has no answer for a stream that isn't on."""
    properties = deployment.rendered.value["Resources"][table.logical_id]["Properties"]
    view = properties.get("StreamSpecification", {}).get("StreamViewType")
    if view is None:
        return
    described = deployment.aws.tables.describe_table(TableName=table.name)["Table"]
    if described.get("StreamSpecification", {}).get("StreamEnabled"):
        return
    own = deployment.settings.aws
    profile = f" --profile {own.profile}" if own.profile else ""
    raise Refused(
        f"the table {table.name} has no stream, which the template asks for: a stack that imports"
        " it as it is would fail.",
        where=deployment.where(table.logical_id),
        mend=f"Turn it on, and deploy again: `aws dynamodb update-table --table-name {table.name}"
        f" --stream-specification StreamEnabled=true,StreamViewType={view}"
        f" --region {own.region}{profile}`.",
    )


def importing(deployment: Deployment, adopted: Sequence[Taken]) -> Deployment:
    """The same deployment, whose template has these names as plain text and retains them."""
    template: dict[str, Any] = copy.deepcopy(deployment.rendered.value)
    for taken in adopted:
        resource = template["Resources"][taken.logical_id]
        resource["Properties"][NAMES[taken.type]] = taken.name
        resource["DeletionPolicy"] = "Retain"
    text = json.dumps(template, ensure_ascii=False, separators=(",", ":"))
    rendered = replace(deployment.rendered, text=text)
    return replace(deployment, rendered=rendered, adopts=tuple(adopted))


def check_imported(deployment: Deployment, changes: Sequence[Change]) -> None:
    """Refuse a change set that would make anew what it should import."""
    imported = {change.logical_id for change in changes if change.action == "Import"}
    if others := [one for one in deployment.adopts if one.logical_id not in imported]:
        first, own = others[0], deployment.settings.aws
        look = f"aws cloudformation describe-stack-resources --physical-resource-id {first.name}"
        profile = f" --profile {own.profile}" if own.profile else ""
        raise Refused(
            f"CloudFormation would not import {', '.join(map(str, others))}, but make it anew.",
            where=deployment.where(first.logical_id),
            mend=f"Does it belong to another stack? `{look} --region {own.region}{profile}` names"
            " that; it has to leave that stack first, with the deletion policy Retain. Nothing was"
            " changed.",
        )


def fate(deployment: Deployment) -> str:
    """After a deployment that failed: where what it should have imported is now; and go on how."""
    if not deployment.adopts:
        return ""
    again = stacks.station("deploy --import", deployment.settings)
    told = [_fate(deployment, one) for one in deployment.adopts]
    return "\n".join([*told, f"Mend the cause, then `{again}` imports it from here."])


def _fate(deployment: Deployment, taken: Taken) -> str:
    try:
        with clients.spoken(deployment.settings.aws):
            there = _exists(deployment, taken)
    except UserError as error:
        return f"{taken} can't be looked at: {error.what}"
    if there:
        return f"{taken} is still there with what it holds; this deployment retains it."
    restore = stacks.station("restore", deployment.settings)
    return f"{taken} is gone, though this deployment retains it. `{restore}` says what is left."


def named(deployment: Deployment) -> Iterator[Taken]:
    """The tables and buckets whose name is known before anything is made."""
    values = known(deployment.target, deployment.parameters)
    for logical_id, resource in deployment.rendered.value["Resources"].items():
        key = NAMES.get(resource["Type"], "")
        name = text(resource.get("Properties", {}).get(key), values)
        if name:
            yield Taken(logical_id, resource["Type"], name)


def known(target: Target, parameters: Mapping[str, str]) -> dict[str, str]:
    """What references give before anything is made: parameters, and what AWS itself calls so."""
    return {
        **parameters,
        "AWS::AccountId": target.identity.account,
        "AWS::Partition": target.identity.partition,
        "AWS::Region": target.settings.aws.region,
        "AWS::StackName": target.settings.stack_name,
    }


def text(value: Any, known: dict[str, str]) -> str:
    """A template's value as text, where that is known before anything is made; else empty."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    if "Ref" in value:
        return known.get(value["Ref"], "")
    pattern = value.get("Fn::Sub")
    if not isinstance(pattern, str) or not set(_VARIABLE.findall(pattern)) <= known.keys():
        return ""
    return _VARIABLE.sub(lambda found: known[found[1]], pattern)


def _exists(deployment: Deployment, resource: Taken) -> bool:
    return (_bucket_exists if resource.type == BUCKET else _table_exists)(deployment, resource)


def _table_exists(deployment: Deployment, resource: Taken) -> bool:
    tables = deployment.aws.tables
    try:
        status = tables.describe_table(TableName=resource.name)["Table"]["TableStatus"]
    except tables.exceptions.ResourceNotFoundException:
        return False
    if status in _PASSING:
        restore = stacks.station("restore", deployment.settings)
        raise Refused(
            f"the table {resource.name} is in state {status}: it can't be imported as it is.",
            where=deployment.where(resource.logical_id),
            mend="Wait until that has ended, and deploy then. What a deleted table held comes back"
            f" by `{restore}`.",
        )
    return True


def _bucket_exists(deployment: Deployment, resource: Taken) -> bool:
    s3, account = deployment.aws.s3, deployment.target.identity.account
    try:
        s3.head_bucket(Bucket=resource.name, ExpectedBucketOwner=account)
    except s3.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status not in {301, 403}:
            raise
        raise Refused(
            f"the bucket name {resource.name} is taken, by another account or in another region.",
            where=deployment.where(resource.logical_id),
            mend="Choose account-regional bucket names, or another project name. (Without"
            " s3:ListBucket a bucket of your own looks the same.)",
        ) from None
    return True
