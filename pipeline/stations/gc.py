"""Old code in the deployment bucket that no stack needs: shown, then deleted."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import answers
from pipeline.connecting import clients
from pipeline.deploying import bucket as buckets
from pipeline.deploying import collecting, screen
from pipeline.deploying.consent import check_confirmation, confirmed
from pipeline.deploying.target import Target, enter
from pipeline.environment import settings
from pipeline.stations import arguments


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.confirm(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Collect(environment=name)) as answer:
        loaded = settings.load(name, root)
        check_confirmation(loaded, options.confirm, always=True)
        with clients.spoken(loaded.settings.aws):
            collect(enter(loaded), options.confirm, answer)
    return 0


def collect(target: Target, confirm: str | None, answer: answers.Collect | None = None) -> None:
    """Show, ask, delete. `answer` is filled."""
    own = target.settings
    answer = answer or answers.Collect(environment=own.name)
    answer.stack = own.stack_name
    if not buckets.exists(target.aws.s3, target.bucket):
        screen.note(f"There is no deployment bucket {target.bucket.name}.")
        return
    answer.bucket = target.bucket.name
    old = collecting.unneeded(target, datetime.now(UTC))
    answer.unneeded = [
        answers.OldObject(
            key=version.key, version=version.version, size=version.size, at=version.at
        )
        for version in old
    ]
    for version in old:
        screen.result(f"{version.at:%Y-%m-%d}  {version.size:>10,}  {version.key}")
    if not old:
        screen.note(f"{target.bucket.name} holds nothing that no stack needs.")
        return
    size = sum(one.size for one in old)
    screen.note(f"{len(old)} versions in {target.bucket.name}, {size:,} bytes, that nothing needs.")
    confirmed(own.name, confirm, f"This can't be undone. Type {own.name} to delete them:")
    answer.deleted = collecting.collect(target, old)
    screen.note(f"Deleted {answer.deleted}.")
