"""What is seen of a change while it goes on."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from pipeline.deploying import screen
from pipeline.deploying.events import Event
from pipeline.deploying.progress import SHOWN, Lines, Live

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(name: str, status: str, second: int = 0, reason: str = "") -> Event:
    at = START + timedelta(seconds=second)
    return Event(f"{name}-{status}-{second}", at, name, "AWS::SQS::Queue", status, reason, False)


def lines(*events: Event, verbose: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=200, record=True)
    shown = Lines(console, verbose=verbose)
    for one in events:
        shown.show(one)
    return console.export_text().splitlines()


QUEUE = [
    event("Queue", "CREATE_IN_PROGRESS"),
    event("Queue", "CREATE_IN_PROGRESS", 2, "Resource creation Initiated"),
    event("Queue", "CREATE_COMPLETE", 64),
]


def test_a_resource_has_two_lines_and_the_second_says_how_long_it_took() -> None:
    begins, ends = lines(*QUEUE)

    assert "CREATE_IN_PROGRESS" in begins
    assert ends.endswith("CREATE_COMPLETE          Queue AWS::SQS::Queue 64 s")


def test_verbose_shows_every_event() -> None:
    assert len(lines(*QUEUE, verbose=True)) == 3


def test_a_failure_shows_awss_reason() -> None:
    failed = event("Queue", "CREATE_FAILED", 3, "queue-1 already exists")

    assert lines(failed)[0].endswith("AWS::SQS::Queue queue-1 already exists")


def test_a_rollback_of_the_same_resource_is_news() -> None:
    deletes = event("Queue", "DELETE_IN_PROGRESS", 70)

    assert "DELETE_IN_PROGRESS" in lines(*QUEUE, deletes)[-1]


def table(*events: Event) -> str:
    console = Console(file=io.StringIO(), width=200, record=True)
    shown = Live(console)
    for one in events:
        shown.show(one)
    console.print(shown.table(START + timedelta(seconds=90)))
    return console.export_text()


def test_on_a_terminal_what_is_being_worked_on_stays_in_view() -> None:
    text = table(*QUEUE, event("Table", "CREATE_IN_PROGRESS", 60))

    assert "CREATE_IN_PROGRESS  Table  AWS::SQS::Queue  30 s" in text
    assert text.rstrip().endswith("1 done, 1 at work")


def test_the_table_fits_a_small_terminal() -> None:
    many = [event(f"R{number}", "CREATE_IN_PROGRESS") for number in range(40)]

    text = table(*many)

    assert len(text.splitlines()) == SHOWN + 1
    assert "40 at work, 28 more" in text


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_can_not_move_its_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", term)

    with screen.progress(verbose=False) as show:
        for one in QUEUE:
            show(one)

    assert "at work" not in capsys.readouterr().err


def interrupted() -> None:
    with screen.progress(verbose=False) as show:
        show(QUEUE[-1])
        raise KeyboardInterrupt


def test_a_live_table_leaves_the_cursor_and_the_lines_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    shown = capsys.readouterr().err
    assert "CREATE_COMPLETE" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
