"""A change set, judged by the rules in rules/changesets/ before it is executed.

The rules see CloudFormation's own description of it (DescribeChangeSet's Changes) and the
environment's Metadata, so that the official cfn-guard can judge a saved one by the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline import verdict_cache
from pipeline.deploying import screen
from pipeline.errors import Refused, UserError
from pipeline.policy import guard, judging, rulebook, waivers

if TYPE_CHECKING:
    from pipeline.deploying.changeset import Change
    from pipeline.deploying.deployment import Deployment
    from pipeline.policy.verdicts import Failure

FOLDER = f"{guard.RULES}/{rulebook.CHANGESETS}"


def check(
    deployment: Deployment,
    changes: Sequence[Change],
    clock: Callable[[], date] = verdict_cache.today,
) -> None:
    """Refuse what a rule forbids and no waiver allows."""
    folder = deployment.root / FOLDER
    files = rulebook.read(folder)
    rulebook.demand_cases(files, folder)
    name = deployment.settings.name
    judgement = judging.judge({name: document(deployment, changes)}, files)
    if judgement.broken:
        broken = judgement.broken[0]
        raise UserError(
            broken.what, where=f"{FOLDER}/{broken.file}:{broken.line}", mend="Mend the rule."
        )
    against = {
        (verdict.rule, _logical_id(changes, failure)): failure
        for verdict in judgement.verdicts
        for failure in verdict.failures
    }
    waived = _waived(deployment, clock())
    for key in sorted(against.keys() & waived.keys()):
        screen.note(f"{key[0]} is waived for {key[1]}: {waived[key]}")
    refused = [(key, failure) for key, failure in against.items() if key not in waived]
    if refused:
        raise _refused(deployment, refused)


def document(deployment: Deployment, changes: Sequence[Change]) -> dict[str, Any]:
    """What the rules judge."""
    own = deployment.settings
    facts = {"Environment": own.name, "Tier": own.tier, "Protected": own.protected}
    return {"Metadata": facts, "Changes": [_as_aws_says(one) for one in changes]}


def _as_aws_says(change: Change) -> dict[str, Any]:
    details = [
        {"Target": {"Path": "/".join(cause.path), "RequiresRecreation": cause.replaces}}
        for cause in change.causes
    ]
    answer = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
        "Details": details,
    }
    more = {"Replacement": change.replacement, "ResourceDriftStatus": change.drift}
    known = {key: value for key, value in more.items() if value}
    return {"Type": "Resource", "ResourceChange": {**answer, **known}}


def _logical_id(changes: Sequence[Change], failure: Failure) -> str:
    """The resource that a failed clause looked at: /Changes/3/ResourceChange/Action."""
    keys = failure.path.strip("/").split("/")
    number = keys[1] if len(keys) > 1 and keys[0] == "Changes" else ""
    return changes[int(number)].logical_id if number.isdecimal() else ""


def _waived(deployment: Deployment, today: date) -> dict[tuple[str, str], str]:
    return {
        (waiver.rule, waiver.resource): waiver.reason
        for waiver in waivers.read(deployment.root / FOLDER, deployment.root)
        if waiver.environment == deployment.settings.name and waiver.expires >= today
    }


def _refused(deployment: Deployment, refused: Sequence[tuple[tuple[str, str], Failure]]) -> Refused:
    (_, first), _ = refused[0]
    told = [
        f"{rule}: {logical_id}: {' '.join(failure.message.split())}"
        for (rule, logical_id), failure in refused
    ]
    return Refused(
        f"the rules in {FOLDER}/ forbid this change.",
        where=deployment.where(first),
        mend="\n".join(
            [*told, f"An exception is a waiver with an expiry date, in {FOLDER}/waivers.yaml."]
        ),
    )
