"""What stands in the way although the template is right: looked at before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.connecting.name_servers import NameServers
from pipeline.deploying import adoption, domain_checks, domains, inventory, screen
from pipeline.deploying.deployment import Deployment
from pipeline.deploying.stacks import Kind, Stack
from pipeline.errors import Refused
from pipeline.policy.references import of_type, prop, referred

ALARM = "AWS::CloudWatch::Alarm"
BUCKET = "AWS::S3::Bucket"
BUCKET_POLICY = "AWS::S3::BucketPolicy"
SUBSCRIPTION = "AWS::SNS::Subscription"
TOPIC = "AWS::SNS::Topic"


def check_public_access(deployment: Deployment, kind: Kind) -> None:
    """Refuse a new stack whose public bucket policy the account's own setting blocks.

    Block Public Access of the account, or of its organization, overrides the bucket's. Where it may
    not be read, S3's refusal is explained when it comes (hints.py).
    """
    public = list(public_policies(deployment.rendered.value))
    if kind != "CREATE" or not public or not _is_blocked(deployment):
        return
    raise Refused(
        f"the account blocks public bucket policies (S3 Block Public Access), and {public[0]}"
        " is one.",
        where=deployment.where(public[0]),
        mend="Deliver the bucket's objects through CloudFront, or let whoever manages the account"
        " or its organization allow public policies.",
    )


def public_policies(template: dict[str, Any]) -> Iterator[str]:
    """The policies of buckets that ask S3 to take a public one."""
    open_buckets = {
        name
        for name, bucket in of_type(template, BUCKET).items()
        if (prop(bucket, "PublicAccessBlockConfiguration") or {}).get("BlockPublicPolicy") is False
    }
    for name, policy in of_type(template, BUCKET_POLICY).items():
        if open_buckets.intersection(referred(prop(policy, "Bucket"))):
            yield name


def check_names(
    deployment: Deployment, kind: Kind, stack: Stack | None, dns: NameServers | None = None
) -> None:
    """Refuse a domain name on which CloudFormation would hang or fail; of what is deployed already
    nobody is asked again.
    """
    known = adoption.known(deployment.target, deployment.parameters)
    template, region = deployment.rendered.value, deployment.settings.aws.region
    wanted, own = domains.wanted(template, known), domain_checks.Own()
    if kind == "UPDATE" and stack is not None and wanted:
        cloudformation = deployment.aws.cloudformation
        before = domains.wanted(inventory.template(cloudformation, stack.id), known)
        wanted = [one for one in wanted if one not in before]
        own = domain_checks.own(inventory.held(cloudformation, stack.id) if wanted else [])
    checks = domain_checks.Checks(deployment.aws, own, dns or NameServers())
    said = [*domain_checks.of_region(template, region), *checks.verdicts(wanted)]
    for verdict in said:
        if verdict.state == "unknown":
            screen.note(f"{verdict.thing}: {verdict.told}")
    if wrong := [verdict for verdict in said if verdict.state == "wrong"]:
        first, *others = wrong
        more = [f"{one.thing}: {one.told} {one.mend}" for one in others]
        raise Refused(
            f"{first.thing}: {first.told}",
            where=deployment.where(first.logical_id),
            mend="\n".join([first.mend, *more]),
        )


def tell_unheard_alarms(deployment: Deployment) -> None:
    """Show the alarms whose topics have no subscriber."""
    for topic, alarms in unheard_alarms(deployment.rendered.value).items():
        told = f"its {len(alarms)} alarms reach" if len(alarms) > 1 else f"{alarms[0]} reaches"
        screen.note(f"Nobody is subscribed to {topic} ({deployment.where(topic)}): {told} nobody.")


def unheard_names(deployment: Deployment) -> list[str]:
    """The alarms whose topics have no subscriber."""
    unheard = unheard_alarms(deployment.rendered.value).values()
    return [alarm for alarms in unheard for alarm in alarms]


def unheard_alarms(template: dict[str, Any]) -> dict[str, list[str]]:
    """Topic of the template without a subscription -> the alarms that notify it and none other."""
    topics = of_type(template, TOPIC)
    heard = {name for name, topic in topics.items() if prop(topic, "Subscription")}
    for subscription in of_type(template, SUBSCRIPTION).values():
        heard.update(referred(prop(subscription, "TopicArn")))
    silent = topics.keys() - heard
    unheard: dict[str, list[str]] = {}
    for name, alarm in of_type(template, ALARM).items():
        targets = [referred(action) for action in prop(alarm, "AlarmActions") or []]
        if targets and all(silent.intersection(target) for target in targets):
            unheard.setdefault(targets[0][0], []).append(name)
    return unheard


def _is_blocked(deployment: Deployment) -> bool:
    """What the account says; False where it has no such setting, or doesn't let us read it.

    Another endpoint than AWS's own can't be asked: S3 Control puts the account before its host.
    """
    if deployment.aws.elsewhere:
        return False
    control = deployment.aws.other("s3control")
    try:
        answer = control.get_public_access_block(AccountId=deployment.target.identity.account)
    except control.exceptions.ClientError:
        return False
    blocks: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
    return bool(blocks.get("BlockPublicPolicy") or blocks.get("RestrictPublicBuckets"))
