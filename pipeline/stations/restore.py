"""What was lost and AWS still keeps -> where it was: a table, or objects of a versioned bucket.

It looks first, shows its plan, and begins when the environment's name is typed. Interrupted, it
goes on where it was when it is run again.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import render as rendering
from pipeline.connecting import clients
from pipeline.deploying import adoption, recovery, restoring, screen, stacks, streams, undeleting
from pipeline.deploying.consent import (
    Consent,
    check_account_is_known,
    check_confirmation,
    confirmed,
)
from pipeline.deploying.deployment import Deployment, Taken, build
from pipeline.deploying.inventory import BUCKET
from pipeline.deploying.restoring import Backup, Table, moment
from pipeline.deploying.target import enter
from pipeline.environment import settings
from pipeline.errors import Refused, UsageError, UserError
from pipeline.packaging import zips
from pipeline.stations import arguments
from pipeline.stations.deploy import bring_up_to_date

TABLE = recovery.TABLE
BEGINNING = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Wish:
    """What is to be restored. `resource`: its logical id, where there are several."""

    resource: str | None = None
    backup: str | None = None
    to: datetime | None = None
    objects: str | None = None
    since: datetime = field(default_factory=lambda: moment(BEGINNING))
    until: datetime = field(default_factory=lambda: datetime.now(UTC))


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.confirm(parser)
    parser.add_argument("--resource", metavar="ID", help="which table or bucket, by logical id")
    parser.add_argument("--backup", metavar="ARN", help="which backup of a deleted table")
    parser.add_argument("--to", metavar="TIME", help="a second table beside, as it was then")
    parser.add_argument("--objects", metavar="PREFIX", help="deleted objects instead of a table")
    parser.add_argument("--since", metavar="TIME", help="…deleted at that time or later")
    parser.add_argument("--until", metavar="TIME", help="…deleted at that time or before")
    arguments.verbose(parser)


def run(options: Namespace, root: Path) -> int:
    times = {
        name: moment(text)
        for name in ("to", "since", "until")
        if (text := getattr(options, name)) is not None
    }
    _refuse_what_would_do_nothing(options, times)
    wish = Wish(options.resource, options.backup, objects=options.objects, **times)
    name = arguments.the_environment(options, root)
    return restore(name, root, wish, options.confirm, verbose=options.verbose)


def _refuse_what_would_do_nothing(options: Namespace, times: Mapping[str, datetime]) -> None:
    """A table from a backup, a second table, and objects are three wishes."""
    ways = {
        "--objects": options.objects is not None,
        "--to": "to" in times,
        "--backup": options.backup is not None,
    }
    first, *others = [*(way for way, is_meant in ways.items() if is_meant), ""]
    if more := [other for other in others if other]:
        raise UsageError(
            f"{first} and {more[0]} restore different things.", mend="Leave one of them out."
        )
    given = [f"--{name}" for name in ("since", "until") if name in times]
    if given and first != "--objects":
        raise UsageError(
            f"{given[0]} is about deleted objects.", mend="Add --objects PREFIX, or leave it out."
        )
    if {"since", "until"} <= times.keys() and times["since"] > times["until"]:
        raise UsageError("--since is later than --until.", mend="Exchange them.")


def restore(
    name: str, root: Path, wish: Wish, confirm: str | None = None, *, verbose: bool = False
) -> int:
    """Show the state and the plan, and carry it out."""
    loaded = settings.load(name, root)
    check_account_is_known(loaded)
    check_confirmation(loaded, confirm, always=True)
    if wish.objects is None:
        rendered, artifacts = build(loaded, root)
    else:
        rendered, artifacts = rendering.render(loaded, root), zips.package(root)
    with clients.spoken(loaded.settings.aws):
        deployment = Deployment(enter(loaded, verbose=verbose), rendered, artifacts, root)
        bring_back(deployment, wish, confirm)
    return 0


def bring_back(
    deployment: Deployment,
    wish: Wish,
    confirm: str | None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """What is wished for, and how long that took."""
    watch = _Watch(clock, deployment.target.sleep)
    target = replace(deployment.target, sleep=watch.sleep)
    deployment = replace(deployment, target=target)
    if wish.objects is not None:
        undelete(deployment, wish, confirm)
    elif wish.to is not None:
        restore_beside(deployment, wish, wish.to, confirm)
    else:
        restore_table(deployment, wish, confirm, watch)


class _Watch:
    """A clock that knows how much of the time was waiting for AWS."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock, self._sleep = clock, sleep
        self.waited = 0.0
        self.begun = clock()

    def sleep(self, seconds: float) -> None:
        before = self._clock()
        self._sleep(seconds)
        self.waited += self._clock() - before

    def begin(self) -> None:
        self.begun, self.waited = self._clock(), 0.0

    def told(self) -> str:
        passed = self._clock() - self.begun
        return f"Done in {passed:.0f} s, {self.waited:.0f} s of them waiting for AWS."


# ---- a table that is gone


def restore_table(deployment: Deployment, wish: Wish, confirm: str | None, watch: _Watch) -> None:
    """From the backup that its deletion left, under its name, and to what the template says."""
    target, own = deployment.target, deployment.settings
    taken = _the_one(deployment, TABLE, wish.resource)
    table = restoring.look(target.aws.tables, taken.name)
    backups = restoring.backups(target.aws.tables, taken.name)
    restoring.check_at_rest(table, backups)
    if table.holds_something and table.source not in {one.arn for one in backups}:
        _tell_nothing_is_lost(table)
        return
    _check_stack(deployment)
    begun = table.source if table.is_there and table.source else None
    backup = restoring.chosen(taken.name, backups, wish.backup or begun)
    restoring.check_room(table, backup)
    _show(deployment, table, backup)
    confirmed(own.name, confirm, f"Type {own.name} to restore:")
    watch.begin()
    restoring.from_backup(target, table, backup)
    restoring.stream(target, taken.name, _view(deployment, taken))
    consent = Consent(own.name, take_in=True, revert_drift=True)
    bring_up_to_date(deployment, consent)
    _mend_streams(deployment, consent)
    screen.note(watch.told())
    screen.note(f"What was written after {_at(backup.made_at)} is not in {taken.name}.")


def _view(deployment: Deployment, table: Taken) -> str:
    properties = deployment.rendered.value["Resources"][table.logical_id]["Properties"]
    view: str = properties.get("StreamSpecification", {}).get("StreamViewType", "")
    return view


def _tell_nothing_is_lost(table: Table) -> None:
    screen.note(f"{table.name} is there, and holds something: nothing is lost.")
    if table.earliest and table.latest:
        screen.note(
            f"--to TIME makes it a second time, as it was at any second from {_at(table.earliest)}"
            f" to {_at(table.latest)}."
        )


def _check_stack(deployment: Deployment) -> None:
    """Refuse before anything is restored what the deployment afterwards would refuse."""
    stack = deployment.target.stack()
    if stack is not None and stack.status not in recovery.UNFINISHED:
        stacks.kind(stack, deployment.settings)


def _show(deployment: Deployment, table: Table, backup: Backup) -> None:
    state = "is gone"
    if table.is_there:
        restored = table.source == backup.arn
        state = "is restored already" if restored else "is there, and empty: it gives way"
    screen.note(f"{table.name} {state}.")
    screen.note(f"From: the backup that its deletion left at {_at(backup.made_at)}, {backup.arn}")
    screen.note("To: that very second. What was written later is lost.")
    screen.note(f"Under: its own name, {table.name}, so that the stack has its table again.")
    screen.note(f"A restored table lacks {restoring.LACKING}.")
    stack = deployment.target.stack()
    how = (
        "--revert-drift" if stack and stack.status in stacks.SETTLED else "--import --revert-drift"
    )
    screen.note(
        f"Then: `deploy {how}`, which brings it to the template, and a look whether its function"
        " listens to its new stream."
    )


def _mend_streams(deployment: Deployment, consent: Consent) -> None:
    """A mapping that still reads the old stream is deleted and created again."""
    stale = streams.left_behind(deployment.target)
    if not stale:
        screen.note("Every function listens to its table's stream.")
        return
    screen.note(f"{', '.join(stale)} still reads the old stream: deleted and created again.")
    plain = replace(consent, revert_drift=False)
    bring_up_to_date(streams.without(deployment, stale), plain)
    bring_up_to_date(deployment, plain)
    if still := streams.left_behind(deployment.target):
        raise UserError(
            f"{', '.join(still)} does not listen to its table's stream.",
            where=deployment.where(still[0]),
            mend="The table is restored. Take the mapping out of the template, deploy, put it back,"
            " deploy again.",
        )


# ---- a table as it was


def restore_beside(deployment: Deployment, wish: Wish, at: datetime, confirm: str | None) -> None:
    """A second table, as the first one was at a second: what is needed of it is copied by hand."""
    target, own = deployment.target, deployment.settings
    taken = _the_one(deployment, TABLE, wish.resource)
    table = restoring.look(target.aws.tables, taken.name)
    restoring.check_at_rest(table)
    restoring.check_second(table, at)
    name = f"{taken.name}-{at.astimezone(UTC):%Y%m%d-%H%M%S}"
    screen.note(f"From: {taken.name}, which stays as it is.")
    screen.note(f"To: {_at(at)}.")
    screen.note(f"Under: {name}. A table can't be restored in place.")
    screen.note(f"It lacks {restoring.LACKING}.")
    confirmed(own.name, confirm, f"Type {own.name} to restore:")
    restoring.beside(target, table, name, at)
    screen.note(
        f"{name} is there. Copy what you need of it into {taken.name}; it costs until somebody"
        f" deletes it: `aws dynamodb delete-table --table-name {name} --region {own.aws.region}`."
    )


# ---- objects


def undelete(deployment: Deployment, wish: Wish, confirm: str | None) -> None:
    """The objects below a prefix that were deleted in a time, as they were before."""
    target, own = deployment.target, deployment.settings
    bucket = _the_one(deployment, BUCKET, wish.resource).name
    s3, account = target.aws.s3, target.identity.account
    where = (wish.objects or "", wish.since, wish.until)
    markers = undeleting.markers(s3, bucket, account, *where)
    if not markers:
        screen.note(f"Nothing below {wish.objects!r} in {bucket} was deleted in that time.")
        return
    screen.note(f"{bucket}: {len(markers):,} objects were deleted, and their versions are there.")
    for marker in (markers[0], markers[-1]):
        screen.note(f"  {_at(marker.at)}  {marker.key}")
    confirmed(own.name, confirm, f"Type {own.name} to bring them back:")
    undeleting.undelete(s3, bucket, account, markers, target.sleep)
    left = undeleting.markers(s3, bucket, account, *where)
    if left:
        raise UserError(f"{len(left):,} objects are still deleted.", mend="Run it again.")
    screen.note(f"{len(markers):,} objects are there again.")


# ---- which


def _the_one(deployment: Deployment, kind: str, wanted: str | None) -> Taken:
    """The resource that is meant; only a bucket that keeps versions can have deleted objects."""
    resources = [one for one in adoption.named(deployment) if one.type == kind]
    if kind == BUCKET:
        resources = [one for one in resources if _keeps_versions(deployment, one)]
    named = [one for one in resources if wanted in (None, one.logical_id)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(one.logical_id for one in resources)
    what = "bucket that keeps versions" if kind == BUCKET else "table with a name of its own"
    if not resources:
        raise Refused(
            f"{deployment.settings.name} has no {what}: nothing of it can be restored.",
            mend="Switch it on in the environment file, for the next time.",
        )
    raise Refused(f"which {what}?", mend=f"Write --resource and one of {names}.")


def _keeps_versions(deployment: Deployment, bucket: Taken) -> bool:
    properties = deployment.rendered.value["Resources"][bucket.logical_id]["Properties"]
    status: str = properties.get("VersioningConfiguration", {}).get("Status", "")
    return status == "Enabled"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
