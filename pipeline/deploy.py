"""One environment's template and code -> its stack, in one process from the environment file on.

Nothing is sent to AWS before render, lint, guard and package have found nothing, and nothing is
written there before the account has been compared with the environment's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline import bucket as buckets
from pipeline import changeset, checks, clients, events, package, screen, settings, stacks, terminal
from pipeline import render as rendering
from pipeline.bucket import Bucket
from pipeline.changeset import Change, ChangeSet, Request
from pipeline.clients import Clients
from pipeline.errors import Refused, UserError
from pipeline.events import Event
from pipeline.fields import BaseSettings
from pipeline.hints import hint
from pipeline.package import Artifact
from pipeline.render import Rendered
from pipeline.settings import Loaded
from pipeline.stacks import Kind, Stack

INLINE_BYTES = 51_200  # the longest TemplateBody
INTERRUPTED = 130


class Interrupted(UserError):
    """Ctrl-C while AWS works: the stack changes all the same."""

    exit_code = INTERRUPTED


@dataclass(frozen=True)
class Identity:
    """Who AWS says we are."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """aws, aws-cn, aws-us-gov: the second part of every ARN."""
        return self.arn.split(":")[1]


@dataclass(frozen=True)
class Deployment:
    """What is deployed, where, and by what means: arguments of every step below."""

    rendered: Rendered
    artifacts: Sequence[Artifact]
    aws: Clients
    identity: Identity
    sleep: Callable[[float], None] = time.sleep

    @property
    def settings(self) -> BaseSettings:
        return self.rendered.settings

    @property
    def bucket(self) -> Bucket:
        """The deployment bucket, now that the account is known."""
        own = self.settings
        account = self.identity.account
        return Bucket(
            name=own.deployment_bucket_name(account),
            account=account,
            region=own.aws.region,
            partition=self.identity.partition,
            made_here=own.deployment_bucket is None,
        )

    @property
    def parameters(self) -> dict[str, str]:
        return package.bound(self.rendered, self.artifacts, self.bucket.name)


def plan(name: str, root: Path) -> int:
    """Show what `deploy` would change; nothing of it stays in the account."""
    loaded = settings.load(name, root)
    _refuse_unknown_account(loaded)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        show_plan(_enter(loaded, rendered, artifacts))
    return 0


def deploy(name: str, root: Path, *, confirm: str | None = None) -> int:
    """Bring the environment's stack up to date.

    `confirm` is a protected environment's name, typed ahead.
    """
    loaded = settings.load(name, root)
    _refuse_unknown_account(loaded)
    check_confirmation(loaded, confirm)
    rendered, artifacts = build(loaded, root)
    with clients.spoken(loaded.settings.aws):
        deployment = _enter(loaded, rendered, artifacts)
        rendering.write(rendered, root)
        package.write_artifacts(rendered, artifacts, deployment.bucket.name, root)
        bring_up_to_date(deployment, confirm)
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


def build(loaded: Loaded, root: Path) -> tuple[Rendered, list[Artifact]]:
    """The judged template and the code; any finding ends it here."""
    rendered = rendering.render(loaded, root)
    found = []
    for tool in ("lint", "guard"):
        with terminal.step(f"{tool} {loaded.name}"):
            found += checks.run(tool, [rendered], root)
    if checks.fails(found):
        terminal.show_findings(found, root)
        raise UserError(
            f"lint and guard found {terminal.summary(found)} in {loaded.name}.",
            mend="Nothing was sent to AWS. Mend what is shown above.",
        )
    return rendered, package.package(root)


def identify(aws: Clients, loaded: Loaded) -> Identity:
    """Who we are; another account than the environment's is refused."""
    answer = aws.sts.get_caller_identity()
    identity = Identity(answer["Account"], answer["Arn"])
    wanted = loaded.settings.aws.account
    if wanted is not None and wanted != identity.account:
        raise Refused(
            f"you are signed in to account {identity.account}, and {loaded.name} belongs to"
            f" account {wanted}.",
            where=str(loaded.place(("aws", "account"))),
            mend="Sign in to that account, or write its profile in aws.profile.",
        )
    return identity


def check_confirmation(loaded: Loaded, confirm: str | None) -> None:
    """Refuse early what can't be confirmed later."""
    name = loaded.name
    if confirm is not None and confirm != name:
        raise Refused(
            f"--confirm says {confirm}, and the environment is {name}.",
            mend=f"Write --confirm {name} if {name} is what you mean.",
        )
    if loaded.settings.protected and confirm is None and not screen.can_ask():
        raise Refused(
            f"{name} is protected, and there is no terminal to ask for its name.",
            mend=f"Look at `python -m pipeline plan {name}` first, then add --confirm {name}.",
        )


def show_plan(deployment: Deployment) -> None:
    """Make the change set, show it, take it back."""
    own = deployment.settings
    kind = stacks.kind(_stack(deployment), own)
    bucket_is_there = buckets.exists(deployment.aws.s3, deployment.bucket)
    _tell_uploads(deployment, bucket_is_there=bucket_is_there)
    with _template_for_plan(deployment, bucket_is_there=bucket_is_there) as template:
        change_set = _ask_for(deployment, kind, template)
        try:
            _show(deployment, change_set)
        finally:
            _discard(deployment, change_set)
    screen.note(f"This was a plan: {own.stack_name} is as it was.")


def bring_up_to_date(deployment: Deployment, confirm: str | None) -> None:
    """Upload the code, show the change set, execute it when it may be, and see it through."""
    kind = stacks.kind(_stack(deployment), deployment.settings)
    _upload(deployment)
    change_set = _ask_for(deployment, kind, _template(deployment))
    seen = _begin(deployment, change_set, confirm)
    if change_set is not None and seen is not None:
        _watch(deployment, change_set, seen)
    _finish(deployment)


def _refuse_unknown_account(loaded: Loaded) -> None:
    if loaded.settings.protected and loaded.settings.aws.account is None:
        raise Refused(
            f"{loaded.name} is protected, and its file does not say which account it belongs to.",
            where=str(loaded.place(("aws", "account"))),
            mend="Write the account's twelve digits in quotes.",
        )


def _enter(loaded: Loaded, rendered: Rendered, artifacts: Sequence[Artifact]) -> Deployment:
    aws = clients.connect(loaded.settings.aws)
    identity = identify(aws, loaded)
    at = f" at {aws.elsewhere}" if aws.elsewhere else ""
    region = loaded.settings.aws.region
    screen.note(
        f"{loaded.settings.stack_name} in account {identity.account}, region {region}{at},"
        f" as {identity.arn}"
    )
    return Deployment(rendered, artifacts, aws, identity)


def _stack(deployment: Deployment) -> Stack | None:
    return stacks.find(deployment.aws.cloudformation, deployment.settings.stack_name)


def _tell_uploads(deployment: Deployment, *, bucket_is_there: bool) -> None:
    bucket = deployment.bucket
    if not bucket_is_there:
        screen.note(f"The deployment bucket {bucket.name} would be made.")
    for one in deployment.artifacts:
        held = bucket_is_there and buckets.holds(deployment.aws.s3, bucket, one.key, one.sha256)
        told = "is there already" if held else f"would be uploaded ({len(one.data):,} bytes)"
        screen.note(f"{one.key} {told}")


def _upload(deployment: Deployment) -> None:
    s3, bucket = deployment.aws.s3, deployment.bucket
    if buckets.ensure(s3, bucket):
        screen.note(f"Made the deployment bucket {bucket.name}")
    for one in deployment.artifacts:
        if buckets.holds(s3, bucket, one.key, one.sha256):
            screen.note(f"{one.key} is there already")
        else:
            buckets.put(s3, bucket, one.key, one.data, "application/zip")
            screen.note(f"Uploaded {one.key} ({len(one.data):,} bytes)")


def _template(deployment: Deployment) -> dict[str, str]:
    """The template as CloudFormation takes it: in the request, or from the deployment bucket."""
    data = deployment.rendered.text.encode()
    if len(data) <= INLINE_BYTES:
        return {"TemplateBody": deployment.rendered.text}
    s3, bucket = deployment.aws.s3, deployment.bucket
    key, sha256 = _template_key(deployment, data)
    if not buckets.holds(s3, bucket, key, sha256):
        buckets.put(s3, bucket, key, data, "application/yaml")
    screen.note(f"The template has {len(data):,} bytes, so it goes by s3://{bucket.name}/{key}")
    return _template_url(deployment, key)


@contextmanager
def _template_for_plan(
    deployment: Deployment, *, bucket_is_there: bool
) -> Iterator[dict[str, str]]:
    """The same without a trace: above the limit as dense JSON, else for a moment by S3."""
    data = deployment.rendered.text.encode()
    dense = json.dumps(deployment.rendered.value, ensure_ascii=False, separators=(",", ":"))
    if len(data) <= INLINE_BYTES:
        yield {"TemplateBody": deployment.rendered.text}
    elif len(dense.encode()) <= INLINE_BYTES:
        screen.note(f"The template has {len(data):,} bytes; deploy would send it by S3.")
        yield {"TemplateBody": dense}
    elif not bucket_is_there:
        raise UserError(
            f"the template has {len(data):,} bytes, which CloudFormation reads from S3 only, and"
            " the deployment bucket does not exist yet.",
            mend="Deploy once, or make the bucket; plan writes nothing that lasts.",
        )
    else:
        s3, bucket = deployment.aws.s3, deployment.bucket
        key = f"plan/{_template_key(deployment, data)[0]}"
        version = buckets.put(s3, bucket, key, data, "application/yaml")
        try:
            yield _template_url(deployment, key)
        finally:
            buckets.remove(s3, bucket, key, version)


def _template_key(deployment: Deployment, data: bytes) -> tuple[str, str]:
    sha256 = hashlib.sha256(data).hexdigest()
    return f"templates/{deployment.settings.stack_name}.{sha256[:16]}.yaml", sha256


def _template_url(deployment: Deployment, key: str) -> dict[str, str]:
    return {"TemplateURL": f"{deployment.aws.s3_address}/{deployment.bucket.name}/{key}"}


def _ask_for(deployment: Deployment, kind: Kind, template: dict[str, str]) -> ChangeSet | None:
    request = Request(
        stack_name=deployment.settings.stack_name,
        kind=kind,
        template=template,
        parameters=deployment.parameters,
        tags=deployment.settings.tags,
        capabilities=changeset.capabilities(deployment.rendered.value),
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
        changeset.check_losses(found, deployment.rendered.value, deployment.settings.name)
    return True


def _begin(deployment: Deployment, change_set: ChangeSet | None, confirm: str | None) -> str | None:
    """Execute the change set if it may be; the last event before that, None if nothing changes.

    A change set that is not executed, for whatever reason, is taken back.
    """
    begun = False
    try:
        if not _show(deployment, change_set) or change_set is None:
            return None
        _confirm(deployment, confirm)
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
        error.where = _where(deployment, error.logical_id)
        raise


def _confirm(deployment: Deployment, confirm: str | None) -> None:
    name = deployment.settings.name
    if not deployment.settings.protected or confirm == name:
        return
    if screen.ask(f"{name} is protected. Type its name to deploy:") != name:
        raise Refused("that is not its name.", mend="Nothing was changed.")


def _watch(deployment: Deployment, change_set: ChangeSet, seen: str) -> None:
    try:
        found = events.follow(
            deployment.aws.cloudformation,
            change_set.stack_id,
            seen,
            screen.event,
            deployment.sleep,
        )
    except KeyboardInterrupt:
        raise _goes_on(deployment) from None
    except Exception:
        screen.note(str(_goes_on(deployment)))
        raise
    if not found or found[-1].status not in stacks.DONE:
        raise _failed(deployment, found)


def _finish(deployment: Deployment) -> None:
    stack = stacks.existing(_stack(deployment), deployment.settings)
    if deployment.settings.protected and stacks.lock(deployment.aws.cloudformation, stack):
        screen.note(f"{deployment.settings.stack_name} is now protected against deletion.")
    screen.outputs(stack.outputs, as_json=False)


def _goes_on(deployment: Deployment) -> Interrupted:
    look = stacks.command("describe-stack-events", deployment.settings)
    cancel = stacks.command("cancel-update-stack", deployment.settings)
    return Interrupted(
        "nobody watches any more; AWS goes on changing the stack.",
        where=deployment.settings.stack_name,
        mend=f"To look: `{look} --max-items 10`. To take an update back: `{cancel}`.",
    )


def _failed(deployment: Deployment, found: Sequence[Event]) -> UserError:
    """The first failure in AWS's words, where it stands in the template, and what to do."""
    own = deployment.settings
    stack = _stack(deployment)
    state = f"{own.stack_name} is now {stack.status}." if stack else f"{own.stack_name} is gone."
    out = stacks.way_out(stack, own) if stack else "Deploy again when the cause is mended."
    failure = events.first_failure(found)
    if failure is None:
        return UserError("the stack did not change as asked.", mend=f"{state} {out}")
    advice = [line for line in (hint(failure.reason), f"{state} {out}") if line]
    return UserError(
        f"{failure.logical_id} ({failure.type}) {failure.status}: {failure.reason}",
        where=_where(deployment, failure.logical_id),
        mend="\n".join(advice),
    )


def _where(deployment: Deployment, logical_id: str) -> str:
    if logical_id not in deployment.rendered.value["Resources"]:
        return ""
    return screen.origin(deployment.rendered, ("Resources", logical_id))
