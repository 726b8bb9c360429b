"""A table brought back from what DynamoDB keeps of it: looked for, shown, carried out step by step.

A restored table has its items, indexes, billing mode and encryption, and none of its settings
(AWS's page "Restoring a table in DynamoDB"). Every step looks first whether it is done already, so
that a restoration that was interrupted goes on when it is begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.connecting.clients import patiently
from pipeline.deploying import screen
from pipeline.errors import Refused, UsageError, UserError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from pipeline.deploying.target import Target

LACKING = (
    "time to live, the stream, point-in-time recovery, deletion protection and tags, and every"
    " policy or alarm that somebody attached by hand"
)
READY = "ACTIVE"  # in any other state nobody can see whether it holds something
_WORKED_ON = {"CREATING", "UPDATING"}  # by a restoration of ours that was interrupted
POLL_SECONDS = 5
TELL_EVERY = 12  # polls
ABSENT = 12  # polls: a table that was asked for isn't told of at once


@dataclass(frozen=True)
class Backup:
    """What DynamoDB kept of a table when it was deleted."""

    arn: str
    made_at: datetime


@dataclass(frozen=True)
class Table:
    """A table as it is now. `source`: the backup or table that it was restored from."""

    name: str
    is_there: bool = False
    status: str = ""
    holds_something: bool = False
    source: str = ""
    stream: str = ""
    protected: bool = False
    earliest: datetime | None = None
    latest: datetime | None = None

    @property
    def is_ready(self) -> bool:
        return self.status == READY


def look(tables: DynamoDBClient, name: str) -> Table:
    """How the table is, and to which seconds it could be restored."""
    try:
        described: Any = tables.describe_table(TableName=name)["Table"]
    except tables.exceptions.ResourceNotFoundException:
        return Table(name)
    summary = described.get("RestoreSummary", {})
    ready = described["TableStatus"] == READY
    window = _window(tables, name) if ready else {}
    return Table(
        name,
        is_there=True,
        status=described["TableStatus"],
        holds_something=ready and bool(tables.scan(TableName=name, Limit=1)["Count"]),
        source=summary.get("SourceBackupArn") or summary.get("SourceTableArn", ""),
        stream=described.get("LatestStreamArn", ""),
        protected=described.get("DeletionProtectionEnabled", False),
        earliest=window.get("EarliestRestorableDateTime"),
        latest=window.get("LatestRestorableDateTime"),
    )


def _window(tables: DynamoDBClient, name: str) -> Any:
    answer = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return answer.get("PointInTimeRecoveryDescription", {})


def backups(tables: DynamoDBClient, name: str) -> list[Backup]:
    """What deletions of tables of that name left, the newest first."""
    left: list[Backup] = []
    page: dict[str, Any] = {}
    while True:
        answer = tables.list_backups(TableName=name, BackupType="SYSTEM", **page)
        left += [
            Backup(summary["BackupArn"], summary["BackupCreationDateTime"])
            for summary in answer["BackupSummaries"]
            if summary["BackupType"] == "SYSTEM" and summary["BackupStatus"] == "AVAILABLE"
        ]
        if not answer.get("LastEvaluatedBackupArn"):
            return sorted(left, key=lambda one: one.made_at, reverse=True)
        page = {"ExclusiveStartBackupArn": answer["LastEvaluatedBackupArn"]}


def chosen(name: str, backups: Sequence[Backup], wanted: str | None) -> Backup:
    """The one that is wanted; without a wish the only one there is."""
    named = [one for one in backups if wanted in (None, one.arn)]
    if len(named) == 1:
        return named[0]
    told = "\n".join(f"  {one.made_at:%Y-%m-%d %H:%M:%S %Z}  --backup {one.arn}" for one in backups)
    if not backups:
        raise Refused(
            f"DynamoDB kept no backup of a table {name}.",
            mend="It makes one at a deletion, for 35 days, if point-in-time recovery was on. Deploy"
            " an empty table, or restore a backup of your own under that name.",
        )
    what = "has no such backup" if wanted else "was deleted more than once"
    raise Refused(f"{name} {what}.", mend=f"Say which backup:\n{told}")


def check_at_rest(table: Table, backups: Sequence[Backup] = ()) -> None:
    """Refuse a table that can't be looked into, unless one of these is being restored to it."""
    if not table.is_there or table.is_ready:
        return
    if table.status in _WORKED_ON and table.source in {one.arn for one in backups}:
        return
    raise Refused(
        f"the table {table.name} is in state {table.status}: what it holds can't be seen.",
        mend="Nothing was changed. Wait until that has ended, or end it, and restore then:"
        f" `aws dynamodb describe-table --table-name {table.name}` shows the state.",
    )


def check_room(table: Table, backup: Backup) -> None:
    """Refuse to replace a table that holds anything."""
    if table.is_there and table.holds_something and table.source != backup.arn:
        raise Refused(
            f"there is a table {table.name}, and it holds something.",
            mend="Nothing is deleted for a restoration. --to TIME makes the table of an earlier"
            " second beside this one.",
        )


def from_backup(target: Target, table: Table, backup: Backup) -> None:
    """The table under its name again; an empty one that has the name goes first."""
    tables = target.aws.tables
    if table.is_there and table.source != backup.arn:
        table = look(tables, table.name)  # a person read the plan meanwhile, and others wrote
        check_at_rest(table)
        check_room(table, backup)
        _remove_empty(target, table)
        table = Table(table.name)
    if not table.is_there:
        tables.restore_table_from_backup(TargetTableName=table.name, BackupArn=backup.arn)
        screen.note(f"{table.name} is being restored.")
    _wait_until_restored(target, table.name)


def stream(target: Target, name: str, view: str) -> None:
    """The table's stream, of the view type that the template says.

    Without one a template can't be imported whose function listens to it: Fn::GetAtt has no answer.
    """
    if not view or look(target.aws.tables, name).stream:
        return
    target.aws.tables.update_table(
        TableName=name,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},  # type: ignore[typeddict-item]
    )
    _wait(target, name, lambda now: now.is_ready and bool(now.stream))


def beside(target: Target, table: Table, name: str, at: datetime) -> None:
    """The table as it was at a second, under another name."""
    tables = target.aws.tables
    if not look(tables, name).is_there:
        tables.restore_table_to_point_in_time(
            SourceTableName=table.name, TargetTableName=name, RestoreDateTime=at
        )
        screen.note(f"{name} is being restored.")
    _wait_until_restored(target, name)


def check_second(table: Table, at: datetime) -> None:
    """Refuse a second that DynamoDB can't go back to."""
    if not table.is_there:
        raise Refused(
            f"there is no table {table.name}, so DynamoDB can't go back to a second.",
            mend="Leave --to away: what its deletion left is restored.",
        )
    if table.earliest is None or table.latest is None:
        raise Refused(
            f"{table.name} has no point-in-time recovery.",
            mend="Only what was switched on before can be restored: sessions of then are gone.",
        )
    if not table.earliest <= at <= table.latest:
        raise Refused(
            f"{table.name} can't be restored to {at.isoformat()}.",
            mend=f"Any second from {table.earliest.isoformat()} to {table.latest.isoformat()}.",
        )


def _remove_empty(target: Target, table: Table) -> None:
    """Seen to be empty; its own backup is made if it has point-in-time recovery."""
    tables = target.aws.tables
    if table.protected:
        tables.update_table(TableName=table.name, DeletionProtectionEnabled=False)
    tables.delete_table(TableName=table.name)
    screen.note(f"{table.name}, which is empty, is being deleted.")
    _wait(target, table.name, lambda now: not now.is_there)


def _wait_until_restored(target: Target, name: str) -> None:
    absent = 0

    def is_restored(table: Table) -> bool:
        nonlocal absent
        absent = 0 if table.is_there else absent + 1
        if table.status == "DELETING" or absent > ABSENT:
            raise UserError(
                f"{name} is gone again: somebody deleted it during its restoration.",
                mend="Its backup is still there. Restore again.",
            )
        return table.is_ready

    _wait(target, name, is_restored)


def _wait(target: Target, name: str, done: Callable[[Table], bool]) -> None:
    """As long as DynamoDB takes: minutes for a small table, hours for a large one."""
    turn = 0
    while not done(patiently(partial(look, target.aws.tables, name), target.sleep)):
        turn += 1
        if turn % TELL_EVERY == 0:
            screen.note(f"{name}: DynamoDB is still at it. Ctrl-C leaves it to that; run it again.")
        target.sleep(POLL_SECONDS)


def moment(text: str) -> datetime:
    """A time as a person types it, with its zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(
            f"{text!r} isn't a time with a zone.",
            mend="Write 2026-11-28T04:30:00Z, or +01:00 for Z.",
        )
    return at
