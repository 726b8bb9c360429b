"""A picture as Mermaid's flowchart, which GitHub and editors draw from text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.diagrams.picture import COLUMNS, Arrow, Box, Picture

_LINES = {"request": "-->", "event": "-.->", "right": "==>"}
_PARAMETER = re.compile(r"\{[^{}]+\}")


def mermaid(picture: Picture) -> str:
    """The flowchart: a subgraph for each column, arrows by their kind."""
    lines = ["flowchart LR", *_boxes(picture)]
    lines += [f"    {_arrow(arrow)}" for arrow in picture.arrows]
    for number, watch in enumerate(picture.watches):
        told = f"{len(watch.alarms)} alarms" if len(watch.alarms) != 1 else "1 alarm"
        topic = _text(watch.topic, *watch.told) if watch.topic else _text(*watch.told)
        lines.append(f'    alarms{number}(["{told}"]) -.-> topic{number}["{topic}"]')
    return "\n".join([*lines, ""])


def _boxes(picture: Picture) -> Iterator[str]:
    for number, column in enumerate(COLUMNS):
        boxes = [box for box in picture.boxes if box.column == number]
        if boxes:
            yield f'    subgraph column{number}["{column}"]'
            yield from (f"        {_box(box)}" for box in boxes)
            yield "    end"


def _box(box: Box) -> str:
    routes = (_PARAMETER.sub(":id", route) for route in box.routes)
    return f'{_id(box.name)}["{_text(f"<b>{box.name}</b>", box.service, *box.told, *routes)}"]'


def _arrow(arrow: Arrow) -> str:
    label = f'|"{_text(", ".join(arrow.label))}"|' if arrow.label else ""
    return f"{_id(arrow.source)} {_LINES[arrow.kind]}{label} {_id(arrow.target)}"


def _id(name: str) -> str:
    """An id that is no word of Mermaid's own (`end`)."""
    return f"box{name}"


def _text(*lines: str) -> str:
    """Lines of a label; a quote would end it, and `#` begins an entity."""
    return "<br>".join(line.replace("#", "#35;").replace('"', "#quot;") for line in lines)
