"""What is deployed, where and as whom: found out, and refused where it is not what was meant."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import checks, terminal
from pipeline import render as rendering
from pipeline.deploying import clients, publishing, screen
from pipeline.deploying.bucket import Bucket
from pipeline.deploying.clients import Clients
from pipeline.environment.fields import BaseSettings
from pipeline.environment.settings import Loaded
from pipeline.errors import Refused, UserError
from pipeline.packaging import zips
from pipeline.packaging.zips import Artifact
from pipeline.render import Rendered


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
class Consent:
    """What a person agreed to on the command line, where nobody may be there to be asked.

    `confirm`: a protected environment's name. `clean_up`: what a failed first deployment left may
    be deleted. `take_in`: what an earlier stack kept may be imported.
    """

    confirm: str | None = None
    clean_up: bool = False
    take_in: bool = False


NO_CONSENT = Consent()


@dataclass(frozen=True)
class Target:
    """An environment's place in an account: all that a step needs that renders nothing.

    `verbose`: every event is shown.
    """

    settings: BaseSettings
    aws: Clients
    identity: Identity
    sleep: Callable[[float], None] = time.sleep
    verbose: bool = False

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


@dataclass(frozen=True)
class Deployment:
    """What is deployed, where, and by what means: arguments of every step below.

    `adopts`: what has the name of a resource already is imported into the stack. `root`: the
    repository, where the website is.
    """

    rendered: Rendered
    artifacts: Sequence[Artifact]
    aws: Clients
    identity: Identity
    sleep: Callable[[float], None] = time.sleep
    verbose: bool = False
    adopts: bool = False
    root: Path = Path()

    @property
    def settings(self) -> BaseSettings:
        return self.rendered.settings

    @property
    def target(self) -> Target:
        return Target(self.settings, self.aws, self.identity, self.sleep, self.verbose)

    @property
    def bucket(self) -> Bucket:
        return self.target.bucket

    def where(self, logical_id: str) -> str:
        """The template's line of a resource, if it is in the template."""
        if logical_id not in self.rendered.value["Resources"]:
            return ""
        return screen.origin(self.rendered, ("Resources", logical_id))

    @property
    def parameters(self) -> dict[str, str]:
        return zips.bound(self.rendered, self.artifacts, self.bucket.name)


def build(loaded: Loaded, root: Path) -> tuple[Rendered, list[Artifact]]:
    """The judged template and the code; any finding ends it here."""
    rendered = rendering.render(loaded, root)
    publishing.check(rendered, root)
    with terminal.step(f"{' and '.join(checks.ALL)} {loaded.name}"):
        found = checks.judge(checks.ALL, [rendered], root)
    if checks.fails(found):
        terminal.show_findings(found, root)
        raise UserError(
            f"lint and guard found {terminal.summary(found)} in {loaded.name}.",
            mend="Nothing was sent to AWS. Mend what is shown above.",
        )
    return rendered, zips.package(root)


def check_account_is_known(loaded: Loaded) -> None:
    """A protected environment says which account it belongs to, before AWS is asked."""
    if loaded.settings.protected and loaded.settings.aws.account is None:
        raise Refused(
            f"{loaded.name} is protected, and its file does not say which account it belongs to.",
            where=str(loaded.place(("aws", "account"))),
            mend="Write the account's twelve digits in quotes.",
        )


def check_confirmation(loaded: Loaded, confirm: str | None, *, always: bool = False) -> None:
    """Refuse early what can't be confirmed later. `always`: an unprotected environment too."""
    name = loaded.name
    if confirm is not None and confirm != name:
        raise Refused(
            f"--confirm says {confirm}, and the environment is {name}.",
            mend=f"Write --confirm {name} if {name} is what you mean.",
        )
    if (loaded.settings.protected or always) and confirm is None and not screen.can_ask():
        why = f"{name} is protected, and" if loaded.settings.protected else "this can't be undone:"
        raise Refused(
            f"{why} there is no terminal to ask for its name.",
            mend=f"Look at it first, then add --confirm {name}.",
        )


def confirmed(name: str, confirm: str | None, question: str) -> None:
    """The environment's name, typed ahead or now; anything else is refused."""
    if confirm != name and screen.ask(question) != name:
        raise Refused("that is not its name.", mend="Nothing was changed.")


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


def enter(loaded: Loaded, *, verbose: bool = False) -> Target:
    """Connect, make sure of the account, and say where this goes."""
    aws = clients.connect(loaded.settings.aws)
    identity = identify(aws, loaded)
    at = f" at {aws.elsewhere}" if aws.elsewhere else ""
    region = loaded.settings.aws.region
    screen.note(
        f"{loaded.settings.stack_name} in account {identity.account}, region {region}{at},"
        f" as {identity.arn}"
    )
    return Target(loaded.settings, aws, identity, verbose=verbose)


def load_code(
    target: Target, rendered: Rendered, artifacts: Sequence[Artifact], root: Path
) -> Deployment:
    """What was built, on its way to a target."""
    return Deployment(
        rendered,
        artifacts,
        target.aws,
        target.identity,
        target.sleep,
        target.verbose,
        root=root,
    )
