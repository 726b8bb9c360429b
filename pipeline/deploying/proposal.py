"""The change set of a deployment: asked for, shown, judged, and deleted if it isn't executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline import verdict_cache
from pipeline.connecting import clients
from pipeline.deploying import adoption, alarm_watch, change_rules, changeset, losses, screen
from pipeline.deploying.alarm_watch import NOBODY, Watch
from pipeline.deploying.changeset import Change, ChangeSet, Doubt, Purpose, Request
from pipeline.deploying.deployment import Deployment
from pipeline.deploying.stacks import REVIEW, Kind
from pipeline.errors import UserError


def request(
    deployment: Deployment,
    kind: Kind,
    template: dict[str, str],
    purpose: Purpose,
    watch: Watch = NOBODY,
    *,
    reverts: bool = False,
) -> ChangeSet | None:
    """Ask for a change set; None where AWS knows at once that nothing would change.

    `watch`: the alarms that take its execution back. `reverts`: it brings what was changed by other
    means to the template too.
    """
    wanted = Request(
        stack_name=deployment.settings.stack_name,
        kind=kind,
        purpose=purpose,
        template=template,
        parameters=deployment.parameters,
        tags=deployment.settings.tags,
        capabilities=changeset.capabilities(deployment.rendered.value),
        watch=watch,
        role=deployment.settings.aws.service_role_arn,
        reverts=reverts,
        adopts=bool(deployment.adopts),
    )
    return changeset.create(deployment.aws.cloudformation, wanted)


def watched(
    deployment: Deployment,
    kind: Kind,
    template: dict[str, str],
    watch: Watch,
    *,
    reverts: bool = False,
) -> ChangeSet | None:
    """A change set whose execution is rolled back if one of these alarms goes off.

    Asked for again where it turns out to change one of the alarms itself.
    """
    change_set = request(deployment, kind, template, "deploy", watch, reverts=reverts)
    if change_set is None or not watch.alarms:
        return change_set
    try:
        changes = _changes(deployment, change_set)
    except changeset.Rejected:
        return change_set  # whoever shows it tells why
    except BaseException:
        discard(deployment, change_set)
        raise
    rest = watch.untouched(changes or [])
    for alarm in watch.alarms:
        if alarm not in rest.alarms:
            screen.note(f"{alarm.logical_id} isn't watched: this change is about it too.")
    if changes is not None:
        alarm_watch.told(rest)
    if rest == watch:
        return change_set
    discard(deployment, change_set)
    return request(deployment, kind, template, "deploy", rest, reverts=reverts)


def discard(
    deployment: Deployment, change_set: ChangeSet | None, *, made_stack: bool = False
) -> None:
    """Delete the change set, and the empty stack if it `made_stack`.

    A failure here must not mask the original error; what stays is told.
    """
    if change_set is None:
        return
    cloudformation, own = deployment.aws.cloudformation, deployment.settings
    try:
        with clients.spoken(own.aws):
            changeset.discard(cloudformation, change_set)
    except UserError as error:
        screen.note(f"The change set {change_set.name} is still there: {error.what}")
    if not made_stack:
        return
    try:
        with clients.spoken(own.aws):
            changeset.discard_empty_stack(cloudformation, change_set)
    except UserError as error:
        screen.note(
            f"The stack {own.stack_name} stays, empty, in state {REVIEW}: {error.what}"
            " It holds nothing and costs nothing; `deploy` offers to delete it."
        )


Seen = Callable[[Sequence[Change], Sequence[Doubt]], None]


def show(
    deployment: Deployment, change_set: ChangeSet | None, seen: Seen = lambda *_: None
) -> bool:
    """Show what would change; False if nothing would. What may not happen is refused.

    `seen` gets the changes and CloudFormation's warnings before they are judged.
    """
    changes = _changes(deployment, change_set) if change_set else None
    if change_set is None or changes is None:
        screen.note(f"Nothing to change: {deployment.settings.stack_name} is up to date.")
        return False
    screen.changes(changes, deployment.rendered)
    doubts = changeset.doubts(deployment.aws.cloudformation, change_set)
    _tell_doubts(deployment, doubts)
    seen(changes, doubts)
    adoption.check_imported(deployment, changes)
    losses.check_gone(changes, deployment.rendered.value, deployment.settings)
    if deployment.settings.protected:
        losses.check_losses(changes, deployment.rendered.value, deployment.settings.name)
    losses.check_stuck(changes, deployment.rendered.value)
    losses.check_new_functions(changes, deployment.rendered.value, verdict_cache.today())
    change_rules.check(deployment, changes)
    return True


def _tell_doubts(deployment: Deployment, doubts: Sequence[Doubt]) -> None:
    for doubt in doubts:
        where = deployment.where(doubt.logical_id)
        at = f"{where}: " if where else ""
        name = f"{doubt.logical_id}: " if doubt.logical_id else ""
        screen.note(f"{at}CloudFormation warns: {name}{doubt.reason}")


def _changes(deployment: Deployment, change_set: ChangeSet) -> list[Change] | None:
    try:
        return changeset.changes(deployment.aws.cloudformation, change_set, deployment.target.sleep)
    except changeset.Rejected as error:
        error.where = deployment.where(error.logical_id)
        raise
