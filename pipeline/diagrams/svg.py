"""A picture as SVG, for light and for dark screens; the same picture gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from pipeline.diagrams import layout, lettering
from pipeline.diagrams.layout import Line, Placed, Size
from pipeline.diagrams.picture import COLUMNS, Arrow, Box, Picture, Watch

SMALL, PLAIN, LARGE = 10.5, 11.5, 12.5
ROW = 14.5  # from line to line
PAD = 9.0
MARGIN = 24.0
HEAD = 104.0  # above the boxes: the title, and what the columns are called
RADIUS = 7.0
LABEL_ROOM = 76.0
NARROWEST = 96.0  # a column
LEAST = 700.0  # the whole drawing, whose head has its words
CHIP = 22.0
_PARAMETER = re.compile(r"\{[^{}]+\}")

_STYLE = """
  .paper { fill: #ffffff } .lane { fill: #f5f7fa } .box { fill: #ffffff; stroke: #c3ccd8 }
  .chip { fill: #eef1f6; stroke: none } .title { fill: #131a24 } .name { fill: #131a24 }
  .kind { fill: #5a6879 } .told { fill: #3b4757 } .head { fill: #5a6879 }
  .request { stroke: #1f6feb } .event { stroke: #b3560a } .right { stroke: #23813f }
  .request-text { fill: #1a5fca } .event-text { fill: #97480a } .right-text { fill: #1d6e36 }
  .request-fill { fill: #1f6feb } .event-fill { fill: #b3560a } .right-fill { fill: #23813f }
  .c0 { fill: #7b8794 } .c1 { fill: #7c4dce } .c2 { fill: #c0347a } .c3 { fill: #c96a10 }
  .c4 { fill: #2764c9 } .c5 { fill: #bb2f2f }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .lane { fill: #131a23 } .box { fill: #1a222d; stroke: #3a4655 }
    .chip { fill: #232d3a } .title { fill: #f0f4f9 } .name { fill: #f0f4f9 }
    .kind { fill: #9aa8b8 } .told { fill: #c5cfdb } .head { fill: #9aa8b8 }
    .request { stroke: #58a6ff } .event { stroke: #f0a04b } .right { stroke: #56c271 }
    .request-text { fill: #79b8ff } .event-text { fill: #f3b36c } .right-text { fill: #79d491 }
    .request-fill { fill: #58a6ff } .event-fill { fill: #f0a04b } .right-fill { fill: #56c271 }
    .c0 { fill: #8b98a7 } .c1 { fill: #a98af0 } .c2 { fill: #f06aa8 } .c3 { fill: #f0a04b }
    .c4 { fill: #6ea8ff } .c5 { fill: #ff7b72 }
  }
  .line { fill: none; stroke-width: 1.6 } .event.line { stroke-dasharray: 5 3.5 }
  .right.line { stroke-width: 1.3; stroke-dasharray: 1.4 3; stroke-linecap: round }
  text { font-family: Helvetica, Arial, "Liberation Sans", sans-serif }
  .mono { font-family: ui-monospace, Menlo, Consolas, "Liberation Mono", monospace }
"""
_LEGEND = (
    ("request", "a request, on its way"),
    ("event", "an event, sent by AWS"),
    ("right", "what a function's role allows it"),
)


def svg(picture: Picture) -> str:
    """The whole file."""
    labels = {number: _label(arrow) for number, arrow in enumerate(picture.arrows)}
    widths = {box.column: _width(picture, box.column) for box in picture.boxes}
    sizes = {box.name: Size(box.column, widths[box.column], _height(box)) for box in picture.boxes}
    lines = [
        Line(
            arrow.source,
            arrow.target,
            max((lettering.width(text, SMALL) for text in labels[number]), default=0.0),
            len(labels[number]) * (SMALL + 2),
        )
        for number, arrow in enumerate(picture.arrows)
    ]
    placed = layout.place(sizes, lines)
    width = max(placed.width + 2 * MARGIN, LEAST)
    body = list(_columns(placed))
    for arrow, way in zip(picture.arrows, placed.ways, strict=True):
        body += _arrow(arrow, way)
    for box in picture.boxes:
        body += _box(box, placed)
    for number, arrow in enumerate(picture.arrows):
        body += _words(arrow, labels[number], placed.labels[number])
    below = HEAD + placed.height + 34
    watched, height = _watches(picture.watches, below, width)
    return "\n".join([*_head(picture, width, height), *body, *watched, "</svg>", ""])


def _head(picture: Picture, width: float, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}"'
        f' viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-labelledby="title about">'
    )
    yield f'<title id="title">{escape(picture.title)}</title>'
    yield f'<desc id="about">{escape(picture.about)}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="paper" width="{_n(width)}" height="{_n(height)}" rx="10"/>'
    yield _text(MARGIN, 34, picture.title, "title", 19, bold=True)
    yield _text(MARGIN, 52, picture.about, "kind", PLAIN)
    x = width - MARGIN
    for kind, told in reversed(_LEGEND):
        yield _text(x, 33, told, "told", SMALL, anchor="end")
        x -= lettering.width(told, SMALL) + 44
        yield f'<path class="line {kind}" d="M{_n(x)} 29.5h28"/>'
        yield _tip(x + 36, 29.5, 1, kind)
        x -= 16


# ---- boxes


def _height(box: Box) -> float:
    lines = len(box.told) + len(box.routes) + (1 if box.alarms else 0)
    return 2 * PAD + 28 + lines * ROW + (5 if box.routes else 0)


def _width(picture: Picture, column: int) -> float:
    """What the widest line of the column's boxes needs."""
    needed = [NARROWEST]
    for box in picture.boxes:
        if box.column == column:
            needed += [
                lettering.width(box.name, LARGE, bold=True),
                lettering.width(box.service, SMALL),
                *(lettering.width(line, PLAIN) for line in box.told),
                *(lettering.monospaced(_short(route), SMALL - 0.5) for route in box.routes),
            ]
    return round(max(needed) + 2 * PAD + 4)


def _short(route: str) -> str:
    return _PARAMETER.sub("{}", route)


def _columns(placed: Placed) -> Iterator[str]:
    for column, (x, width) in placed.columns.items():
        at, wide = x + MARGIN - 9, width + 18
        yield (
            f'<rect class="lane" x="{_n(at)}" y="{_n(HEAD - 16)}" width="{_n(wide)}"'
            f' height="{_n(placed.height + 32)}" rx="9"/>'
        )
        middle = x + MARGIN + width / 2
        yield _text(middle, HEAD - 22, COLUMNS[column], "head", SMALL, bold=True, anchor="middle")


def _box(box: Box, placed: Placed) -> Iterator[str]:
    x, y, width, height = placed.boxes[box.name]
    x, y = x + MARGIN, y + HEAD
    yield "<g>"
    yield (
        f'<rect class="box" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        ' rx="6"/>'
    )
    yield (
        f'<rect class="c{box.column}" x="{_n(x)}" y="{_n(y)}" width="4" height="{_n(height)}"'
        ' rx="2"/>'
    )
    x, y = x + PAD + 3, y + PAD
    yield _text(x, y + 10, box.name, "name", LARGE, bold=True)
    yield _text(x, y + 24, box.service, "kind", SMALL)
    y += 24
    for line in box.told:
        y += ROW
        yield _text(x, y, line, "told", PLAIN)
    if box.alarms:
        y += ROW
        yield f'<circle class="c5" cx="{_n(x + 3.5)}" cy="{_n(y - 4)}" r="3.5"/>'
        yield _text(x + 12, y, _alarms(box.alarms), "told", PLAIN)
    y += 5
    for route in box.routes:
        y += ROW
        yield _text(x, y, _short(route), "told", SMALL - 0.5, mono=True)
    yield "</g>"


# ---- arrows


def _label(arrow: Arrow) -> tuple[str, ...]:
    """The arrow's words in lines, near its right end; rights in a row as long as they fit."""
    if arrow.kind == "right":
        return lettering.wrapped(", ".join(arrow.label), SMALL, LABEL_ROOM)
    return tuple(
        line for part in arrow.label for line in lettering.wrapped(part, SMALL, LABEL_ROOM)
    )


def _arrow(arrow: Arrow, way: Sequence[tuple[float, float]]) -> Iterator[str]:
    points = [(x + MARGIN, y + HEAD) for x, y in way]
    forward = 1 if points[-1][0] > points[-2][0] else -1
    end = (points[-1][0] - 7 * forward, points[-1][1])
    yield f'<path class="line {arrow.kind}" d="{_path([*points[:-1], end])}"/>'
    yield _tip(points[-1][0], points[-1][1], forward, arrow.kind)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Straight lines whose corners are round."""
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(RADIUS, _length(before, corner) / 2, _length(corner, after) / 2)
        near, far = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{_n(near[0])} {_n(near[1])}")
        parts.append(f"Q{_n(corner[0])} {_n(corner[1])} {_n(far[0])} {_n(far[1])}")
    parts.append(f"L{_n(points[-1][0])} {_n(points[-1][1])}")
    return "".join(parts)


def _length(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(
    corner: tuple[float, float], other: tuple[float, float], by: float
) -> tuple[float, float]:
    far = _length(corner, other) or 1.0
    return (
        corner[0] + (other[0] - corner[0]) * by / far,
        corner[1] + (other[1] - corner[1]) * by / far,
    )


def _tip(x: float, y: float, forward: int, kind: str) -> str:
    back = x - 8 * forward
    sides = "".join(f"L{_n(back)} {_n(y + by)}" for by in (-4, 4))
    return f'<path class="{kind}-fill" d="M{_n(x)} {_n(y)}{sides}Z"/>'


def _words(arrow: Arrow, label: Sequence[str], at: tuple[float, float]) -> Iterator[str]:
    x, y = at[0] + MARGIN, at[1] + HEAD
    for number, line in enumerate(reversed(label)):
        yield _text(x, y - number * (SMALL + 2), line, f"{arrow.kind}-text", SMALL, anchor="end")


# ---- what watches


def _watches(watches: Sequence[Watch], y: float, width: float) -> tuple[list[str], float]:
    """The alarms below the boxes, and how high the drawing is with them."""
    parts: list[str] = []
    for watch in watches:
        y += 14
        parts.append(f'<circle class="c5" cx="{_n(MARGIN + 4)}" cy="{_n(y - 4)}" r="4"/>')
        parts.append(_text(MARGIN + 14, y, _heard(watch), "told", PLAIN))
        y += 10
        x = MARGIN
        for alarm in watch.alarms:
            wide = lettering.width(alarm, SMALL) + 16
            if x + wide > width - MARGIN:
                x, y = MARGIN, y + CHIP + 5
            parts.append(
                f'<rect class="chip" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(CHIP)}"'
                f' rx="{_n(CHIP / 2)}"/>'
            )
            parts.append(_text(x + 8, y + 15, alarm, "told", SMALL))
            x += wide + 6
        y += CHIP + 14
    return parts, y + (6 if watches else 0)


def _heard(watch: Watch) -> str:
    told = ", ".join(watch.told)
    return f"{_alarms(len(watch.alarms))} → {watch.topic}: {told}".replace(" → :", ":")


def _alarms(number: int) -> str:
    return "1 alarm" if number == 1 else f"{number} alarms"


# ---- text


def _text(
    x: float,
    y: float,
    text: str,
    kind: str,
    size: float,
    *,
    bold: bool = False,
    mono: bool = False,
    anchor: str = "",
) -> str:
    more = ' font-weight="600"' if bold else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    classes = f"{kind} mono" if mono else kind
    return (
        f'<text class="{classes}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"{more}>'
        f"{escape(text)}</text>"
    )


def _n(value: float) -> str:
    """A number as short as it can be, to half a pixel."""
    return f"{round(value * 2) / 2:g}"
