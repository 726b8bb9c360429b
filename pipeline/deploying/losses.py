"""What a change set would lose, or fail to do: refused before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline.deploying import stacks
from pipeline.deploying.changeset import Change
from pipeline.deploying.inventory import KEPT
from pipeline.errors import Refused
from pipeline.schemas import runtimes

if TYPE_CHECKING:
    from pipeline.environment.fields import BaseSettings

GONE = "DELETED"  # ResourceDriftStatus of what somebody deleted

# What loses data when it goes: cfn-lint's list of stateful resources, less what holds none.
STATEFUL = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::Cognito::UserPool",
        "AWS::DocDB::DBCluster",
        "AWS::DocDB::DBInstance",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Volume",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Elasticsearch::Domain",
        "AWS::FSx::FileSystem",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Neptune::DBCluster",
        "AWS::Neptune::DBInstance",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
# A resource with a name of its own can't be replaced: CloudFormation fails and loses nothing.
NAMES = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName"}
OTHER_NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}


def losses(changes: Iterable[Change], template: dict[str, Any]) -> list[tuple[Change, str]]:
    """The changes that would lose data, each with what would happen to it."""
    judged = ((change, _loss(change, template)) for change in changes)
    return [(change, fate) for change, fate in judged if fate]


def stuck(changes: Iterable[Change], template: dict[str, Any]) -> list[Change]:
    """What CloudFormation will fail to replace: the new one would need the old one's name."""
    return [one for one in changes if one.replacement == "True" and _keeps_its_name(one, template)]


def check_stuck(changes: Iterable[Change], template: dict[str, Any]) -> None:
    """Refuse what is known to fail before it does, with the property that causes it."""
    for change in stuck(changes, template):
        causes = [cause for cause in change.causes if cause.replaces == "Always"] or change.causes
        because = f" because of {', '.join(map(str, causes))}" if causes else ""
        raise Refused(
            f"{change.logical_id} ({change.type}) would be replaced{because}, and CloudFormation"
            " can't replace what has a name of its own.",
            mend="Give it another name together with the change, or take the change back.",
        )


def check_new_functions(changes: Iterable[Change], template: dict[str, Any], day: date) -> None:
    """Refuse a function that AWS will not make: its runtime is for those that are there."""
    for change in changes:
        runtime = _runtime(change, template)
        days = runtimes().get(runtime)
        if days and days.creation_blocked <= day:
            raise Refused(
                f"{change.logical_id} ({change.type}) would be a new function, and AWS has"
                f" blocked new ones with {runtime} since {days.creation_blocked}.",
                mend="Give it a newer runtime.",
            )


def _runtime(change: Change, template: dict[str, Any]) -> str:
    """The runtime of a function that a change makes; empty for every other change."""
    is_new = change.action == "Add" or change.replacement == "True"
    if change.type != "AWS::Lambda::Function" or not is_new:
        return ""
    resource = template["Resources"].get(change.logical_id, {})
    runtime = resource.get("Properties", {}).get("Runtime")
    return runtime if isinstance(runtime, str) else ""


def check_losses(changes: Sequence[Change], template: dict[str, Any], name: str) -> None:
    """Refuse to lose the data of a protected environment."""
    lost = losses(changes, template)
    if not lost:
        return
    told = "; ".join(f"{change.logical_id} ({change.type}) {fate}" for change, fate in lost)
    raise Refused(
        f"{name} is protected, and its data would be lost: {told}.",
        where=f"environments/{name}.yaml",
        mend="Take the change back, or add a resource under a new logical id and name and move the"
        " data over. If the data may go: back it up, write protected: false, deploy, and deploy"
        " the change then.",
    )


def check_gone(changes: Iterable[Change], template: dict[str, Any], settings: BaseSettings) -> None:
    """Refuse to make an empty one under the name of what is gone and was to be kept.

    Its data may still be restored, but only while no table or bucket has that name.
    """
    for change in changes:
        policy = template["Resources"].get(change.logical_id, {}).get("DeletionPolicy")
        if (
            change.type in STATEFUL
            and change.drift == GONE
            and (settings.protected or policy in KEPT)
        ):
            raise Refused(
                f"{change.logical_id} ({change.type}) is gone, and an empty one would be created"
                " under its name.",
                mend=_way_back(change, settings),
            )


def _way_back(change: Change, settings: BaseSettings) -> str:
    if change.type == "AWS::DynamoDB::Table":
        return (
            f"Restore it first: `{stacks.station('restore', settings)}`, which deploys with"
            " --revert-drift itself."
        )
    return (
        "What it held is lost, unless a backup of your own has it. Create it under its name"
        " yourself, then deploy with --revert-drift again, which brings its settings back."
    )


def _loss(change: Change, template: dict[str, Any]) -> str:
    if change.type not in STATEFUL or change.action == "SyncWithActual":
        return ""
    if change.action == "Remove":
        return "" if change.generated else "would be removed"
    if change.replacement == "True":
        return "would be replaced by an empty one"
    if change.action == "Dynamic":
        return "might be removed or replaced"
    if change.replacement == "Conditional" and not _has_own_name(change, template):
        return "might be replaced by an empty one"
    return ""


def _has_own_name(change: Change, template: dict[str, Any]) -> bool:
    resource = template["Resources"].get(change.logical_id, {})
    name = NAMES.get(change.type, "")
    return name in resource.get("Properties", {})


def _keeps_its_name(change: Change, template: dict[str, Any]) -> bool:
    name = {**NAMES, **OTHER_NAMES}.get(change.type, "")
    resource = template["Resources"].get(change.logical_id, {})
    renamed = any(cause.path[0] == name for cause in change.causes)
    return name in resource.get("Properties", {}) and not renamed
