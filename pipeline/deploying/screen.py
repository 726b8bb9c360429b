"""What a person sees of a deployment: a table on a terminal, plain lines elsewhere.

Results (changes, outputs) go to standard output, the rest to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline import redaction

if TYPE_CHECKING:  # rich takes as long to import as a render; only what prints pays for it
    from rich.console import Console

    from pipeline.deploying.changeset import Change
    from pipeline.deploying.comparing import Difference
    from pipeline.deploying.drift_detection import Difference as PropertyDrift
    from pipeline.deploying.drift_detection import Drifted
    from pipeline.deploying.events import Event
    from pipeline.deploying.log_lines import Line
    from pipeline.deploying.stacks import Output
    from pipeline.findings import Pointer
    from pipeline.render import Rendered

_ACTIONS = {
    "Remove": "red",
    "Modify": "yellow",
    "Dynamic": "yellow",
    "Import": "cyan",
    "SyncWithActual": "cyan",
    "Add": "green",
}
_COUNTED = {"SyncWithActual": "as the template says already"}
_REPLACES = {"True": "replaced", "Conditional": "may be replaced"}


def note(text: str) -> None:
    """A line about the work itself."""
    print(text, file=sys.stderr, flush=True)


def result(text: str) -> None:
    """A line of what was asked for."""
    print(text, flush=True)


def can_ask() -> bool:
    """Is there a terminal to ask at?"""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """What the person types; empty if they end the input instead."""
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def changes(changes: Sequence[Change], rendered: Rendered) -> None:
    """The change set: what happens to each resource, why, and the line that says so.

    Removals stand first, then modifications, then additions; each in the template's order.
    """
    actions = list(_ACTIONS)
    line = rendered.document.line
    changes = sorted(
        changes,
        key=lambda entry: (
            actions.index(entry.action) if entry.action in actions else len(actions),
            line(("Resources", entry.logical_id)),
            entry.logical_id,
        ),
    )
    heads = ["action", "resource", "type", "replacement", "line"]
    rows = [_row(change, rendered) for change in changes]
    styles = [_ACTIONS.get(change.action, "") for change in changes]
    _table(heads, rows, styles, [_below(change) for change in changes])
    counts = {action: sum(one.action == action for one in changes) for action in _ACTIONS}
    told = ", ".join(_counted(action, n) for action, n in counts.items() if n)
    print(told or "No resource changes: only outputs, tags or metadata.", flush=True)


def _below(change: Change) -> list[str]:
    """What is said below a change: its causes, and what CloudFormation couldn't look at."""
    said = [str(cause) for cause in change.causes]
    if change.drift in {"DELETED", "UNKNOWN", "UNSUPPORTED"}:
        said.append(_SEEN[change.drift])
    if change.unseen:
        said.append(f"not compared, so not mended: {', '.join(change.unseen)}")
    return said


_SEEN = {
    "DELETED": "it was deleted outside CloudFormation",
    "UNKNOWN": "CloudFormation could not look at it: template against template only",
    "UNSUPPORTED": "CloudFormation can't look at its type: template against template only",
}


def _counted(action: str, number: int) -> str:
    return f"{number} {_COUNTED.get(action) or f'to {action.lower()}'}"


def agree(question: str) -> bool:
    """Does the person say yes? Nobody there is a no."""
    return can_ask() and ask(f"{question} [yes/no]").lower() in {"y", "yes"}


def goes(rows: Sequence[Sequence[str]]) -> None:
    """The resources that a deletion would delete, and those that it would retain."""
    nothing: list[list[str]] = [[] for _ in rows]
    styles = ["red" if row[0] == "delete" else "green" for row in rows]
    _table(["", "resource", "type", "what it is called"], rows, styles, nothing)
    counts = {word: sum(row[0] == word for row in rows) for word in ("delete", "keep")}
    told = ", ".join(f"{number} to {word}" for word, number in counts.items() if number)
    print(told or "The stack is empty.", flush=True)


def difference(change: Difference, rendered: Rendered, before: dict[str, Any]) -> None:
    """One difference between the deployed template and the rendered one."""
    from pipeline.deploying.changeset import beside

    section, *keys = change.place
    gone = section == "Resources" and keys and keys[0] not in rendered.value["Resources"]
    at = "" if gone else origin(rendered, change.place)
    values = [value for value in (change.before, change.after) if value is not None]
    shown = " → ".join(beside(redaction.change(values, change.place)))
    if len(change.place) == 2 and change.place[0] == "Resources" and change.kind != "~":
        side = before["Resources"] if change.kind == "-" else rendered.value["Resources"]
        shown = side[change.place[1]]["Type"]
    _difference_line(change.kind, ".".join(map(str, change.place)), shown, at)


def value(change: Difference) -> None:
    """One difference between the stack's parameters or tags and what would be passed now."""
    values = [str(each) for each in (change.before, change.after) if each is not None]
    told = " → ".join(redaction.change(values, change.place))
    _difference_line(change.kind, " ".join(map(str, change.place)), told, "")


def _difference_line(kind: str, name: str, shown: str, at: str) -> None:
    from rich.text import Text

    style = {"+": "green", "-": "red", "~": "yellow"}[kind]
    line = Text.assemble((f"{kind} {name}", style), f"  {shown}" if shown else "")
    line.append(f"  {at}" if at else "", style="dim")
    _console(stderr=False).print(line)


def drifted(resource: Drifted, rendered: Rendered) -> None:
    """One resource that is not as it was deployed, and in which properties."""
    from rich.text import Text

    from pipeline.deploying.changeset import beside

    console = _console(stderr=False)
    status, style = ("DELETED", "red") if resource.gone else ("MODIFIED", "yellow")
    what = f"  {resource.type}  {resource.physical_id}"
    console.print(Text.assemble((f"{status} {resource.logical_id}", style), what))
    for difference in resource.differences:
        path = difference.path.strip("/").replace("/", ".")
        values = " → ".join(beside(drift_values(resource, difference)))
        at = drift_place(resource, difference, rendered)
        console.print(Text.assemble(f"        {path} {values}".rstrip(), (f"  {at}", "dim")))
        if difference.doubt:
            console.print(Text(f"          not counted: {difference.doubt}", "dim"))


def drift_values(resource: Drifted, difference: PropertyDrift) -> tuple[str, ...]:
    """A property as it was deployed and as it is; none that may be a secret."""
    return redaction.change(
        (difference.expected, difference.actual), _pointer(resource, difference)
    )


def drift_place(resource: Drifted, difference: PropertyDrift, rendered: Rendered) -> str:
    """The template's line of a property that is not as it was deployed."""
    if resource.logical_id not in rendered.value["Resources"]:
        return ""
    return origin(rendered, _pointer(resource, difference))


def _pointer(resource: Drifted, difference: PropertyDrift) -> Pointer:
    keys = difference.path.strip("/").split("/")
    path = (int(key) if key.isdecimal() else key for key in keys)
    return ("Resources", resource.logical_id, "Properties", *path)


def log_line(line: Line) -> None:
    """One line of a function's log, in local time."""
    from rich.text import Text

    style = "red" if line.is_error else "dim" if line.is_routine else ""
    at = line.at.astimezone()
    when = f"{at:%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
    level = f"{line.level:5} " if line.level else ""
    _console(stderr=False).print(
        Text.assemble(
            (when, "dim"), "  ", (line.function, "cyan"), f"  {level}", (str(line), style)
        )
    )


def outputs(outputs: Sequence[Output]) -> None:
    """The stack's outputs."""
    rows = [[one.key, one.value, one.description] for one in outputs]
    console = _console(stderr=False)
    widest = sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True))
    if console.is_terminal and widest > console.width:
        rows = [[key, value, ""] for key, value, _ in rows]
    nothing: list[list[str]] = [[] for _ in rows]
    _table(["output", "value", "description"], rows, [""] * len(rows), nothing)


@contextmanager
def progress(*, verbose: bool) -> Iterator[Callable[[Event], None]]:
    """What shows a change's events: on a terminal what is being worked on stays in view.

    Without `verbose` a resource has two lines: that it begins, and how it ended.
    """
    from pipeline.deploying.progress import Lines, Live

    console = _console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal and not verbose:
        with Live(console) as shown:
            yield shown.show
    else:
        yield Lines(console, verbose=verbose).show


def _row(change: Change, rendered: Rendered) -> list[str]:
    replaced = _REPLACES.get(change.replacement, "")
    return [change.action, change.logical_id, change.type, replaced, place(change, rendered)]


def place(change: Change, rendered: Rendered) -> str:
    """The template line to look at; one that is gone from the template has none.

    A value that isn't in the template has the line of its surroundings, so the last line is the
    most exact.
    """
    if change.logical_id not in rendered.value["Resources"]:
        return ""
    pointer = max(change.pointers, key=rendered.document.line)
    return origin(rendered, pointer)


def origin(rendered: Rendered, pointer: Pointer) -> str:
    """Where to mend something: the template's line, and the setting's if a value came from one."""
    place, value = rendered.places(pointer)
    return f"{place} (value from {value})" if value else str(place or "")


def of_resource(rendered: Rendered, logical_id: str) -> str:
    """The template's line of a resource, if it is in the template."""
    if logical_id not in rendered.value["Resources"]:
        return ""
    return origin(rendered, ("Resources", logical_id))


def _table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str],
    below: Sequence[Sequence[str]],
) -> None:
    """Rows, each with lines below it. Columns that are empty in every row are left out.

    Nothing is folded: a path that a terminal breaks by itself can still be clicked.
    """
    from rich.text import Text

    kept = [n for n in range(len(heads)) if any(row[n] for row in rows)]
    heads, rows = [heads[n] for n in kept], [[row[n] for n in kept] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    console = _console(stderr=False)
    if console.is_terminal and rows:
        console.print(Text(_joined(heads, widths), style="bold"))
    for row, style, lines in zip(rows, styles, below, strict=True):
        line = Text(_joined(row, widths))
        line.stylize(style, 0, len(row[0]))
        console.print(line)
        for extra in lines:
            console.print(Text(f"        {extra}", style="dim"))


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)
