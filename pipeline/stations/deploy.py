"""One environment's template and code -> its stack, in one process from the environment file on.

Nothing is sent to AWS before render, lint, guard and package have found nothing, and nothing is
written there before the account has been compared with the environment's.
"""

from __future__ import annotations

from pathlib import Path

from pipeline import render as rendering
from pipeline.deploying import (
    adoption,
    change_rules,
    changeset,
    clients,
    code_only,
    events,
    losses,
    parcels,
    publishing,
    recovery,
    screen,
    stacks,
    watching,
)
from pipeline.deploying import bucket as buckets
from pipeline.deploying.changeset import Change, ChangeSet, Request
from pipeline.deploying.deployment import (
    NO_CONSENT,
    Consent,
    Deployment,
    build,
    check_account_is_known,
    check_confirmation,
    confirmed,
    enter,
    identify,
    load_code,
)
from pipeline.deploying.stacks import Kind, Stack
from pipeline.environment import settings
from pipeline.packaging import zips


def plan(name: str, root: Path) -> int:
    """Show what `deploy` would change; nothing of it stays in the account."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        show_plan(load_code(enter(loaded), rendered, artifacts, root))
    return 0


def deploy(name: str, root: Path, consent: Consent = NO_CONSENT, *, verbose: bool = False) -> int:
    """Bring the environment's stack up to date; `verbose` shows every event."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    check_confirmation(loaded, consent.confirm)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        deployment = load_code(enter(loaded, verbose=verbose), rendered, artifacts, root)
        rendering.write(rendered, root)
        zips.write_artifacts(rendered, artifacts, deployment.bucket.name, root)
        bring_up_to_date(deployment, consent)
    return 0


def deploy_code(name: str, root: Path) -> int:
    """Give the running functions of a development environment the code that is here now."""
    loaded = settings.load(name, root)
    code_only.check_tier(loaded)
    rendered, artifacts = rendering.render(loaded, root), zips.package(root)
    with clients.spoken(loaded.settings.aws):
        put_code(load_code(enter(loaded), rendered, artifacts, root))
    return 0


def outputs(name: str, root: Path, *, as_json: bool = False) -> int:
    """Show the running stack's outputs."""
    loaded = settings.load(name, root)
    with clients.spoken(loaded.settings.aws):
        aws = clients.connect(loaded.settings.aws)
        identify(aws, loaded)
        found = stacks.find(aws.cloudformation, loaded.settings.stack_name)
        screen.outputs(stacks.existing(found, loaded.settings).outputs, as_json=as_json)
    return 0


def put_code(deployment: Deployment) -> None:
    """The functions alone; everything else stays as it was deployed."""
    own = deployment.settings
    stacks.kind(stacks.existing(_stack(deployment), own), own)
    if not code_only.update(deployment):
        screen.note("The functions run this code already.")


def show_plan(deployment: Deployment) -> None:
    """Make the change set, show it, take it back."""
    own = deployment.settings
    kind = stacks.kind(_stack(deployment), own)
    if kind == "CREATE" and (found := adoption.taken(deployment)):
        adoption.told(deployment, found)
        screen.note("deploy would ask whether to import it.")
        deployment = adoption.with_plain_names(deployment, found)
    bucket_is_there = buckets.exists(deployment.aws.s3, deployment.bucket)
    parcels.tell_code(deployment, bucket_is_there=bucket_is_there)
    if files := publishing.check(deployment.rendered, deployment.root):
        screen.note(f"The website's {files} files would be published.")
    with parcels.template_for_plan(deployment, bucket_is_there=bucket_is_there) as template:
        change_set = _ask_for(deployment, kind, template)
        try:
            _show(deployment, change_set)
        finally:
            _discard(deployment, change_set)
    screen.note(f"This was a plan: {own.stack_name} is as it was.")


def bring_up_to_date(deployment: Deployment, consent: Consent) -> None:
    """Upload the code, show the change set, execute it when it may be, and see it through."""
    stack = _stack(deployment)
    stack = recovery.cleared(deployment.target, stack, allowed=consent.clean_up)
    kind = stacks.kind(stack, deployment.settings)
    if kind == "CREATE" and (found := adoption.taken(deployment)):
        adoption.told(deployment, found)
        deployment = adoption.agreed(deployment, found, allowed=consent.take_in)
    parcels.send_code(deployment)
    change_set = _ask_for(deployment, kind, parcels.template(deployment))
    seen = _begin(deployment, change_set, consent)
    if change_set is not None and seen is not None:
        _watch(deployment, change_set, seen)
    _finish(deployment)


def _stack(deployment: Deployment) -> Stack | None:
    return stacks.find(deployment.aws.cloudformation, deployment.settings.stack_name)


def _ask_for(deployment: Deployment, kind: Kind, template: dict[str, str]) -> ChangeSet | None:
    request = Request(
        stack_name=deployment.settings.stack_name,
        kind=kind,
        template=template,
        parameters=deployment.parameters,
        tags=deployment.settings.tags,
        capabilities=changeset.capabilities(deployment.rendered.value),
        adopts=deployment.adopts,
    )
    return changeset.create(deployment.aws.cloudformation, request)


def _discard(deployment: Deployment, change_set: ChangeSet | None) -> None:
    """Take the change set back; that this failed must not hide why it was wanted."""
    if change_set is None:
        return
    cloudformation = deployment.aws.cloudformation
    try:
        changeset.discard(cloudformation, change_set)
    except cloudformation.exceptions.ClientError as error:
        screen.note(f"The change set {change_set.id} is still there: {error}")


def _show(deployment: Deployment, change_set: ChangeSet | None) -> bool:
    """Show what would change; False if nothing would. What may not happen is refused."""
    found = _changes(deployment, change_set) if change_set else None
    if found is None:
        screen.note(f"Nothing to change: {deployment.settings.stack_name} is up to date.")
        return False
    screen.changes(found, deployment.rendered)
    if deployment.settings.protected:
        losses.check_losses(found, deployment.rendered.value, deployment.settings.name)
    losses.check_stuck(found, deployment.rendered.value)
    change_rules.check(deployment, found)
    return True


def _begin(deployment: Deployment, change_set: ChangeSet | None, consent: Consent) -> str | None:
    """Execute the change set if it may be; the last event before that, None if nothing changes.

    A change set that is not executed, for whatever reason, is taken back.
    """
    begun = False
    try:
        if not _show(deployment, change_set) or change_set is None:
            return None
        _confirm(deployment, consent)
        seen = events.last(deployment.aws.cloudformation, change_set.stack_id)
        changeset.execute(deployment.aws.cloudformation, change_set)
        begun = True
        return seen
    finally:
        if not begun:
            _discard(deployment, change_set)


def _changes(deployment: Deployment, change_set: ChangeSet) -> list[Change] | None:
    try:
        return changeset.changes(deployment.aws.cloudformation, change_set, deployment.sleep)
    except changeset.Rejected as error:
        error.where = deployment.where(error.logical_id)
        raise


def _confirm(deployment: Deployment, consent: Consent) -> None:
    name = deployment.settings.name
    if deployment.settings.protected:
        confirmed(name, consent.confirm, f"{name} is protected. Type its name to deploy:")


def _watch(deployment: Deployment, change_set: ChangeSet, seen: str) -> None:
    found = watching.watch(deployment.target, change_set.stack_id, seen)
    if not found or found[-1].status not in stacks.DONE:
        raise watching.failure(deployment.target, found, deployment.where)


def _finish(deployment: Deployment) -> None:
    own = deployment.settings
    stack = stacks.existing(_stack(deployment), own)
    if stacks.lock(deployment.aws.cloudformation, stack, locked=own.protected):
        now = "now" if own.protected else "no longer"
        screen.note(f"{own.stack_name} is {now} protected against deletion.")
    if own.tier == code_only.DEVELOPMENT and code_only.update(deployment):
        screen.note("They ran what --code-only had given them.")
    publishing.publish(
        deployment.target, deployment.root, {one.key: one.value for one in stack.outputs}
    )
    screen.outputs(stack.outputs, as_json=False)
