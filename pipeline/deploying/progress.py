"""A stack's events on the screen while it changes: a live table on a terminal, else lines."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich import live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.deploying.events import Event

SHOWN = 12  # rows of the live table; a terminal has 24 lines


def line(event: Event, seconds: float | None = None) -> Text:
    """One event; `seconds` is how long the resource took, once that is known."""
    text = Text.assemble(
        f"{event.at.astimezone():%H:%M:%S} ",
        (f"{event.status:<24}", style(event.status)),
        f" {event.logical_id} ",
        (event.type, "dim"),
    )
    if seconds is not None and seconds >= 1:
        text.append(f" {seconds:.0f} s", style="dim")
    if event.reason:
        text.append(f" {event.reason}")
    return text


def style(status: str) -> str:
    """The colour of a status."""
    if status.endswith("_FAILED") or "ROLLBACK" in status:
        return "red"
    return "green" if status.endswith("_COMPLETE") else "dim"


class Lines:
    """A line when a resource begins and one when it ends; all events if `verbose`."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console, self._verbose = console, verbose
        self._begun: dict[str, Event] = {}

    @property
    def working(self) -> list[Event]:
        """What has begun and not ended, oldest first."""
        return list(self._begun.values())

    def show(self, event: Event) -> None:
        """Print what is news of an event."""
        key = event.logical_id
        if event.status.endswith("_IN_PROGRESS"):
            before = self._begun.get(key)
            if self._verbose or before is None or before.status != event.status:
                self._begun[key] = event
                self.begins(event)
            return
        begun = self._begun.pop(key, None)
        seconds = (event.at - begun.at).total_seconds() if begun else None
        self._console.print(line(event, seconds))

    def begins(self, event: Event) -> None:
        """Say that something is being worked on."""
        self._console.print(line(event))


class Live(Lines):
    """What is being worked on stays at the bottom with its seconds; what has ended goes above."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, verbose=False)
        self._ended = 0
        self._live = live.Live(
            console=console,
            get_renderable=lambda: self.table(datetime.now(UTC)),
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        super().show(event)
        self._ended += not event.of_stack and event.status.endswith("_COMPLETE")

    def begins(self, event: Event) -> None:
        """Its row says so; of the stack itself only a reason is worth a line."""
        if event.of_stack:
            super().begins(event)

    def table(self, now: datetime) -> Table:
        """What is being worked on, and for how long."""
        rows = [one for one in self.working if not one.of_stack]
        table = Table.grid(padding=(0, 2))
        for event in rows[:SHOWN]:
            seconds = max(0, (now - event.at).total_seconds())
            table.add_row(
                Text(event.status, style=style(event.status)),
                event.logical_id,
                Text(event.type, style="dim"),
                f"{seconds:.0f} s",
            )
        more = f", {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        table.add_row(Text(f"{self._ended} done, {len(rows)} at work{more}", style="bold"))
        return table
