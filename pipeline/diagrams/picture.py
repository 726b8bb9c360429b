"""What a diagram shows, before anything is placed: boxes, arrows, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["request", "event", "right"]
# From left to right, as a request goes; a column without a box isn't drawn.
COLUMNS = ("Outside", "Edge", "Entrances", "Functions", "Data")
OUTSIDE, EDGE, ENTRANCE, FUNCTION, DATA = range(len(COLUMNS))
CALLERS = "Callers"


@dataclass(frozen=True)
class Box:
    """One resource, or who is outside. `told`: its lines; `routes`: what an API answers to;
    `alarms`: how many watch it.
    """

    name: str
    service: str
    column: int
    told: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    alarms: int = 0


@dataclass(frozen=True)
class Arrow:
    """What goes from one box to another: a request, an event, or a right that a function has."""

    source: str
    target: str
    kind: Kind
    label: tuple[str, ...] = ()


@dataclass(frozen=True)
class Watch:
    """A topic, the alarms that it hears, and what is told of it."""

    topic: str
    alarms: tuple[str, ...]
    told: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """The whole of it. `beside`: each resource without a box -> the boxes that it is part of."""

    title: str
    about: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    watches: Sequence[Watch]
    beside: Mapping[str, tuple[str, ...]]
