"""What `deploy` would change, shown; nothing of it stays in the account."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.deploying import (
    adoption,
    clients,
    parcels,
    preflight,
    proposal,
    publishing,
    screen,
    stacks,
)
from pipeline.deploying import bucket as buckets
from pipeline.deploying.consent import check_account_is_known
from pipeline.deploying.deployment import Deployment, build
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)


def run(options: Namespace, root: Path) -> int:
    return plan(arguments.the_environment(options, root), root)


def plan(name: str, root: Path) -> int:
    """Show what `deploy` would change; nothing of it stays in the account."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        show_plan(Deployment(enter(loaded), rendered, artifacts, root))
    return 0


def show_plan(deployment: Deployment) -> None:
    """Make the change set, show it, take it back."""
    own = deployment.settings
    stack = deployment.target.stack()
    kind = "CREATE" if stack and stack.status == stacks.REVIEW else stacks.kind(stack, own)
    if kind == "CREATE" and (found := adoption.taken(deployment)):
        adoption.told(deployment, found)
        screen.note("deploy would ask whether to import it.")
        deployment = adoption.importing(deployment, found)
    preflight.check_public_access(deployment, kind)
    bucket_is_there = buckets.exists(deployment.aws.s3, deployment.bucket)
    parcels.tell_code(deployment, bucket_is_there=bucket_is_there)
    if files := publishing.check(deployment.rendered, deployment.root):
        screen.note(f"The website's {files} files would be published.")
    with parcels.template_for_plan(deployment, bucket_is_there=bucket_is_there) as template:
        change_set = proposal.request(deployment, kind, template, "plan")
        try:
            proposal.show(deployment, change_set)
        finally:
            proposal.discard(deployment, change_set, made_stack=stack is None)
    preflight.tell_unheard_alarms(deployment)
    screen.note(f"This was a plan: {own.stack_name} is as it was.")
