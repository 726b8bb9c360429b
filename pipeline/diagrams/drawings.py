"""Rendered templates -> the files of docs/diagrams/: a drawing and a page for each environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.diagrams import mermaid, reading, svg
from pipeline.diagrams.picture import Picture
from pipeline.render import Rendered

FOLDER = "docs/diagrams"
_MADE = "Made from the rendered template by `nox -s diagram`; a test says whether it is current."


def contents(rendered: Iterable[Rendered], root: Path) -> dict[Path, bytes]:
    """Each file and what it holds."""
    return {
        root / FOLDER / f"{one.name}.{ending}": text.encode()
        for one in rendered
        for ending, text in _both(one)
    }


def picture(rendered: Rendered) -> Picture:
    """The picture of an environment."""
    own = rendered.settings
    about = f"environment {rendered.name}, {own.tier}, {own.aws.region}"
    return reading.read(own.stack_name, about, rendered.value)


def _both(rendered: Rendered) -> Iterator[tuple[str, str]]:
    drawn = picture(rendered)
    yield "svg", svg.svg(drawn)
    yield "md", "\n".join(_page(rendered.name, drawn))


def _page(name: str, picture: Picture) -> Iterator[str]:
    yield f"# {picture.title}\n"
    yield f"{_MADE}\n"
    yield f"![{picture.title}: {picture.about}]({name}.svg)\n"
    yield "## Who asks whom\n"
    yield "| from | to | what | how |"
    yield "| --- | --- | --- | --- |"
    for arrow in picture.arrows:
        how = ", ".join(map(_code, arrow.label))
        yield f"| {arrow.source} | {arrow.target} | {arrow.kind} | {how} |"
    yield ""
    for box in picture.boxes:
        if box.routes:
            yield f"{box.name} answers to {', '.join(map(_code, box.routes))}.\n"
    for watch in picture.watches:
        yield f"{watch.topic or 'Nobody'} hears {', '.join(watch.alarms)}.\n"
    yield "## What has no box\n"
    yield "| resource | belongs to |"
    yield "| --- | --- |"
    yield from (f"| {one} | {', '.join(to) or 'the stack'} |" for one, to in picture.beside.items())
    yield "\n## The same as text\n"
    yield f"```mermaid\n{mermaid.mermaid(picture)}```\n"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
