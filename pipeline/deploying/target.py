"""An environment's place in an account: who we are there, refused where it isn't what was meant."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.connecting import clients
from pipeline.connecting.clients import Clients
from pipeline.deploying import screen, stacks
from pipeline.deploying.bucket import Bucket
from pipeline.deploying.stacks import Stack
from pipeline.environment.fields import BaseSettings
from pipeline.environment.settings import Loaded
from pipeline.errors import Refused


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
class Target:
    """An environment's place in an account: all that a step needs that renders nothing.

    `verbose`: every event is shown.
    """

    settings: BaseSettings
    aws: Clients
    identity: Identity
    sleep: Callable[[float], None] = time.sleep
    verbose: bool = False

    def stack(self) -> Stack | None:
        """The environment's stack as it is now, if there is one."""
        return stacks.find(self.aws.cloudformation, self.settings.stack_name)

    def existing_stack(self) -> Stack:
        """The same; that there is none is an error."""
        return stacks.existing(self.stack(), self.settings)

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
