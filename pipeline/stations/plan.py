"""What `deploy` would change, shown; nothing of it stays in the account."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline import answers, costs
from pipeline.connecting import clients
from pipeline.deploying import (
    adoption,
    diagnosis,
    inventory,
    parcels,
    preflight,
    proposal,
    publishing,
    screen,
    stacks,
)
from pipeline.deploying import bucket as buckets
from pipeline.deploying.changeset import Change, Doubt
from pipeline.deploying.consent import check_account_is_known
from pipeline.deploying.deployment import Deployment, build
from pipeline.deploying.stacks import Kind, Stack
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Plan(environment=name)) as answer:
        return plan(name, root, answer)


def plan(name: str, root: Path, answer: answers.Plan | None = None) -> int:
    """Show what `deploy` would change; nothing of it stays in the account."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        show_plan(Deployment(enter(loaded), rendered, artifacts, root), answer)
    return 0


def show_plan(deployment: Deployment, answer: answers.Plan | None = None) -> None:
    """Create the change set, show it, delete it; `answer` is filled."""
    own = deployment.settings
    answer = answer or answers.Plan(environment=own.name)
    answer.stack = own.stack_name
    stack = deployment.target.stack()
    if stack and stack.status == stacks.REVIEW:
        kind: Kind = "CREATE"
    else:
        kind = diagnosis.kind(deployment.target, stack, deployment.where)
    if kind == "CREATE" and (kept := adoption.taken(deployment)):
        adoption.told(deployment, kept)
        screen.note("deploy would ask whether to import it.")
        deployment = adoption.importing(deployment, kept)
    preflight.check_public_access(deployment, kind)
    bucket_is_there = buckets.exists(deployment.aws.s3, deployment.bucket)
    parcels.tell_code(deployment, bucket_is_there=bucket_is_there)
    if files := publishing.check(deployment.rendered, deployment.root):
        screen.note(f"The website's {files} files would be published.")
    with parcels.template_for_plan(deployment, bucket_is_there=bucket_is_there) as template:
        change_set = proposal.request(deployment, kind, template, "plan")
        try:
            answer.action = "none"
            proposal.show(deployment, change_set, partial(_answer, answer, deployment, kind))
        finally:
            proposal.discard(deployment, change_set, made_stack=stack is None)
    answer.standing_dollars = _tell_costs(deployment, stack)
    preflight.tell_unheard_alarms(deployment)
    answer.unheard_alarms = preflight.unheard_names(deployment)
    screen.note(f"This was a plan: {own.stack_name} is as it was.")


def _tell_costs(deployment: Deployment, stack: Stack | None) -> tuple[float, float] | None:
    """By how much the deployment moves what the stack costs without use, where prices are known."""
    known = costs.prices(deployment.settings.aws.region, deployment.root)
    if known is None or stack is None or stack.status == stacks.REVIEW:
        return None
    deployed = inventory.template(deployment.aws.cloudformation, stack.id)
    before, after = (
        costs.total(costs.standing(template, known))
        for template in (deployed, deployment.rendered.value)
    )
    if before != after:
        screen.note(
            f"What it costs by the month without use goes from ${before:,.2f} to ${after:,.2f}"
            f" (prices of {known.as_of})."
        )
    return before, after


def _answer(
    answer: answers.Plan,
    deployment: Deployment,
    kind: Kind,
    changes: Sequence[Change],
    doubts: Sequence[Doubt],
) -> None:
    """The change set for a program, before it is judged."""
    answer.action = "create" if kind == "CREATE" else "update"
    answer.changes = [
        answers.Change(
            action=change.action,
            logical_id=change.logical_id,
            type=change.type,
            replacement=change.replacement,
            causes=[
                answers.Cause(
                    path=list(cause.path), replaces=cause.replaces, values=list(cause.values)
                )
                for cause in change.causes
            ],
            place=screen.place(change, deployment.rendered),
        )
        for change in changes
    ]
    answer.warnings = [
        answers.Remark(logical_id=doubt.logical_id, reason=doubt.reason) for doubt in doubts
    ]
