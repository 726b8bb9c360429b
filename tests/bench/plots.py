"""Figures as SVG that is readable in light and in dark: bars, and lines over a linear axis.

Both begin at zero. docs/decisions/ says why no library draws them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

WIDTH, LEFT, RIGHT = 760, 230, 90
THICK, GAP, TOP = 13, 12, 66
TALL, TICKS = 300, 4

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - the templates escape what is text
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
Rows = Mapping[str, Mapping[str, float]]


def bars(title: str, rows: Rows, unit: str) -> str:
    """A row for each name, in it a bar for each series."""
    series = list(next(iter(rows.values())))
    most = max(value for row in rows.values() for value in row.values()) or 1
    room = WIDTH - LEFT - RIGHT
    deep = len(series) * (THICK + 2)
    placed = []
    for number, (label, row) in enumerate(rows.items()):
        top = TOP + number * (deep + GAP)
        placed.append(
            {
                "label": label,
                "y": top + deep // 2 + 3,
                "bars": [
                    {
                        "kind": f"s{place}",
                        "y": top + place * (THICK + 2),
                        "length": round(max(1.0, row[name] / most * room), 1),
                        "told": told(row[name], unit),
                    }
                    for place, name in enumerate(series)
                ],
            }
        )
    height = TOP + len(rows) * (deep + GAP) + 6
    frame = {"title": title, "width": WIDTH, "height": height, "left": LEFT, "thick": THICK}
    return _drawn("bars.svg.j2", **frame, rows=placed, legend=_legend(series))


def lines(title: str, axis: str, rows: Rows, unit: str) -> str:
    """A point for each number that names a row; a line for each series."""
    series = list(next(iter(rows.values())))
    left, right, bottom = 70, WIDTH - 30, TOP + TALL - 60
    most, step = _steps(max(value for row in rows.values() for value in row.values()))
    far = max(float(at) for at in rows)

    def x(at: str) -> float:
        return round(left + float(at) / far * (right - left), 1)

    def y(value: float) -> float:
        return round(bottom - value / most * (bottom - TOP), 1)

    return _drawn(
        "lines.svg.j2",
        title=title,
        axis=axis,
        width=WIDTH,
        height=bottom + 48,
        left=left,
        right=right,
        bottom=bottom,
        legend=_legend(series),
        across=[{"y": y(n * step), "told": told(n * step, unit)} for n in range(TICKS + 1)],
        along=[{"x": x(at), "told": at} for at in _apart(rows, x)],
        lines=[
            {
                "kind": f"s{place}",
                "points": [{"x": x(at), "y": y(row[name])} for at, row in rows.items()],
            }
            for place, name in enumerate(series)
        ],
    )


def _apart(rows: Rows, x: Any) -> Sequence[str]:
    """The points whose names don't run into one another, the last ones first."""
    kept: list[str] = []
    for at in reversed(list(rows)):
        if not kept or x(kept[-1]) - x(at) > 30:
            kept.append(at)
    return kept


def _steps(value: float) -> tuple[float, float]:
    """The axis' end and its step: a round number that leaves room for the value."""
    rough = (value or 1) / TICKS
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= rough)
    return step * TICKS, step


def told(value: float, unit: str) -> str:
    """A figure as a person reads it: three digits."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _legend(series: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"kind": f"s{place}", "name": name, "x": 16 + place * 120}
        for place, name in enumerate(series)
    ]


def _drawn(template: str, **values: Any) -> str:
    return TEMPLATES.get_template(template).render(**values)
