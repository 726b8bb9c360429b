"""One environment's template and code -> its stack, in one process from the environment file on.

Nothing is sent to AWS before render, lint, guard and package have found nothing, and nothing is
written there before the account has been compared with the environment's.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import render as rendering
from pipeline import website
from pipeline.connecting import clients
from pipeline.connecting.clients import patiently
from pipeline.deploying import (
    adoption,
    alarm_watch,
    changeset,
    code_only,
    diagnosis,
    events,
    parcels,
    preflight,
    proposal,
    publishing,
    recovery,
    screen,
    stacks,
    watching,
)
from pipeline.deploying.alarm_watch import NOBODY, Watch
from pipeline.deploying.changeset import ChangeSet
from pipeline.deploying.consent import (
    NO_CONSENT,
    Consent,
    check_account_is_known,
    check_confirmation,
    confirmed,
)
from pipeline.deploying.deployment import Deployment, build
from pipeline.deploying.stacks import Kind
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.errors import UsageError, UserError
from pipeline.packaging import zips
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.confirm(parser)
    arguments.flag(parser, "--code-only", "only the functions' code, in seconds (development)")
    arguments.flag(
        parser, "--clean-up", "delete what a failed first deployment left, if it is empty"
    )
    parser.add_argument(
        "--import", action="store_true", dest="take_in", help="import what an earlier stack kept"
    )
    arguments.flag(parser, "--revert-drift", "revert what was changed outside the deployer")
    arguments.verbose(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    if options.code_only:
        _refuse_more(options)
        return deploy_code(name, root)
    consent = Consent(
        options.confirm,
        clean_up=options.clean_up,
        take_in=options.take_in,
        revert_drift=options.revert_drift,
    )
    return deploy(name, root, consent, verbose=options.verbose)


def _refuse_more(options: Namespace) -> None:
    """The functions' code alone is neither asked about, imported nor reverted."""
    others = {
        "--confirm": options.confirm is not None,
        "--clean-up": options.clean_up,
        "--import": options.take_in,
        "--revert-drift": options.revert_drift,
    }
    given = [name for name, is_given in others.items() if is_given]
    if given:
        raise UsageError(
            f"--code-only puts the code alone: {', '.join(given)} would do nothing.",
            mend="Leave it out, or deploy without --code-only.",
        )


def deploy(name: str, root: Path, consent: Consent = NO_CONSENT, *, verbose: bool = False) -> int:
    """Bring the environment's stack up to date; `verbose` shows every event."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    check_confirmation(loaded, consent.confirm)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        deployment = Deployment(enter(loaded, verbose=verbose), rendered, artifacts, root)
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
        put_code(Deployment(enter(loaded), rendered, artifacts, root))
    return 0


def put_code(deployment: Deployment) -> None:
    """The functions alone; everything else stays as it was deployed."""
    diagnosis.kind(deployment.target, deployment.target.existing_stack(), deployment.where)
    if not code_only.update(deployment):
        screen.note("The functions run this code already.")


def bring_up_to_date(deployment: Deployment, consent: Consent) -> None:
    """Upload the code, show the change set, execute it when it may be, and see it through.

    What an import took in is as it was; a change set of its own brings it to the template.
    """
    stack = deployment.target.stack()
    stack = recovery.cleared(deployment.target, stack, consent)
    kind = diagnosis.kind(deployment.target, stack, deployment.where)
    as_rendered = deployment
    if kind == "CREATE" and (kept := adoption.taken(deployment)):
        adoption.told(deployment, kept)
        deployment = adoption.agreed(deployment, kept, allowed=consent.take_in)
    preflight.check_public_access(deployment, kind)
    preflight.check_names(deployment, kind, stack)
    parcels.send_code(deployment)
    watch = alarm_watch.watch(deployment.target, stack, deployment.rendered.document)
    _change(deployment, kind, watch, consent, reverts=consent.revert_drift and kind == "UPDATE")
    if deployment.adopts and _reverts(as_rendered, consent):
        _change(as_rendered, "UPDATE", NOBODY, consent, reverts=True)
    _finish(deployment)


def _reverts(deployment: Deployment, consent: Consent) -> bool:
    """After an import: shall what it took in be brought to the template now?"""
    if consent.revert_drift:
        return True
    screen.note("What was imported is as it was, whatever the template says.")
    if screen.agree("Look at what is otherwise, and bring it to the template?"):
        return True
    command = stacks.station("deploy --revert-drift", deployment.settings)
    screen.note(f"`{command}` does that later.")
    return False


def _change(
    deployment: Deployment, kind: Kind, watch: Watch, consent: Consent, *, reverts: bool
) -> None:
    """One change set, from asking for it to its end."""
    template = parcels.template(deployment)
    change_set = proposal.watched(deployment, kind, template, watch, reverts=reverts)
    seen = _begin(deployment, kind, change_set, consent)
    if change_set is not None and seen is not None:
        _watch(deployment, change_set, seen)


def _begin(
    deployment: Deployment, kind: Kind, change_set: ChangeSet | None, consent: Consent
) -> str | None:
    """Execute the change set if it may be; the last event before that, None if nothing changes.

    A change set that isn't executed, for whatever reason, is deleted.
    """
    begun = False
    try:
        if not proposal.show(deployment, change_set) or change_set is None:
            return None
        _confirm(deployment, consent)
        seen = events.last(deployment.aws.cloudformation, change_set.stack_id)
        with watching.begun(deployment.target):
            changeset.execute(deployment.aws.cloudformation, change_set)
    except watching.Interrupted:
        begun = True  # perhaps: then nothing of it may be deleted
        raise
    else:
        begun = True
        return seen
    finally:
        if not begun:
            proposal.discard(deployment, change_set, made_stack=kind == "CREATE")


def _confirm(deployment: Deployment, consent: Consent) -> None:
    name = deployment.settings.name
    if deployment.settings.protected:
        confirmed(name, consent.confirm, f"{name} is protected. Type its name to deploy:")


def _watch(deployment: Deployment, change_set: ChangeSet, seen: str) -> None:
    history = watching.watch(deployment.target, change_set.stack_id, seen)
    if not history or history[-1].status not in stacks.DONE:
        fate = adoption.fate(deployment)
        raise watching.failure(deployment.target, history, deployment.where, fate)


def _finish(deployment: Deployment) -> None:
    """What follows the stack; a failure here says that the stack itself is done."""
    own = deployment.settings
    undone = ["its deletion protection", "the website", "the outputs"]
    try:
        with clients.spoken(own.aws):
            _follow_up(deployment, undone)
    except UserError as error:
        raise UserError(
            error.what,
            where=error.where,
            mend=f"The stack {own.stack_name} is up to date; left undone: "
            f"{', '.join(undone)}. Mend what is said above and run it again:"
            f" `{stacks.station('deploy', own)}`.\n{_lasting(error.mend)}",
        ) from error


def _lasting(mend: str) -> str:
    """An error's way out without the promise that nothing was begun."""
    return mend.replace("; nothing is left half-done", "")


def _follow_up(deployment: Deployment, undone: list[str]) -> None:
    """Do it step by step; `undone` loses each step that is done."""
    own = deployment.settings
    stack = patiently(deployment.target.existing_stack, deployment.target.sleep)
    if stacks.lock(deployment.aws.cloudformation, stack, locked=own.protected):
        now = "now" if own.protected else "no longer"
        screen.note(f"{own.stack_name} is {now} protected against deletion.")
    if own.tier == code_only.DEVELOPMENT and code_only.update(deployment):
        screen.note("They ran code that --code-only had deployed.")
    undone.remove("its deletion protection")
    site = website.described(deployment.rendered.document)
    outputs = {one.key: one.value for one in stack.outputs}
    publishing.publish(deployment.target, deployment.root, site, outputs)
    undone.remove("the website")
    screen.outputs(stack.outputs)
    preflight.tell_unheard_alarms(deployment)
