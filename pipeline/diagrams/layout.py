"""Boxes in columns and arrows between them -> where each of them is, with few crossings.

The columns are given. Within one, the order is improved by sweeps until nothing gets better; an
arrow that passes a column has a place there like a box; between two columns each arrow has a lane
of its own. Only sums and comparisons: the same picture has the same places on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

SPACE = 26.0  # between two boxes of a column
PASSING = 12.0  # height of an arrow that passes a column
LANE = 8.0  # between two arrows that run up or down side by side
STUB = 10.0  # an arrow's first pixels
SWEEPS = 24
PORT = 8.0  # between two arrows on one side of a box, and to its corners
NEARLY = 16.0  # an arrow that arrives this much higher or lower is made straight


@dataclass(frozen=True)
class Size:
    """A box before it has a place."""

    column: int
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """An arrow before it has a way. `height`, `width`: of its label."""

    source: str
    target: str
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """Where everything is: boxes by x, y, width and height, arrows as the corners of their ways, a
    label by its right lower corner, columns by x and width.
    """

    boxes: Mapping[str, tuple[float, float, float, float]]
    ways: Sequence[tuple[tuple[float, float], ...]]
    labels: Sequence[tuple[float, float]]
    columns: Mapping[int, tuple[float, float]]
    height: float
    width: float


@dataclass
class _Item:
    """Something in a column: a box, or an arrow on its way past."""

    name: str
    column: int
    height: float
    y: float = 0.0


@dataclass
class _Hop:
    """A part of an arrow between two neighbouring columns, from left to right."""

    line: int
    left: str
    right: str
    ends: bool  # at the arrow's own right end, where its label is
    start: float = 0.0
    stop: float = 0.0
    lane: int = 0


@dataclass
class _Plan:
    items: dict[str, _Item] = field(default_factory=dict)
    hops: list[_Hop] = field(default_factory=list)
    loops: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Arrows within one column, by number: from box to box."""

    def column(self, number: int) -> list[_Item]:
        return [one for one in self.items.values() if one.column == number]


def place(boxes: Mapping[str, Size], lines: Sequence[Line]) -> Placed:
    """The whole picture's places."""
    used = sorted({box.column for box in boxes.values()})
    ranks = {column: rank for rank, column in enumerate(used)}
    plan = _plan(boxes, lines, ranks)
    orders = _ordered(plan, len(used))
    _grown(plan, boxes, lines, orders)
    _spread(plan, orders)
    _docked(plan, lines, boxes)
    return _drawn(plan, boxes, lines, used)


def _plan(boxes: Mapping[str, Size], lines: Sequence[Line], ranks: Mapping[int, int]) -> _Plan:
    """Boxes and passing arrows as items, arrows as hops from each column to the next."""
    plan = _Plan()
    for name, box in boxes.items():
        plan.items[name] = _Item(name, ranks[box.column], box.height)
    for number, line in enumerate(lines):
        left, right = sorted((line.source, line.target), key=lambda name: plan.items[name].column)
        first, last = plan.items[left].column, plan.items[right].column
        if first == last:
            plan.loops[number] = (line.source, line.target)
            continue
        before = left
        for column in range(first + 1, last):
            name = f"{number}/{column}"
            plan.items[name] = _Item(name, column, PASSING)
            plan.hops.append(_Hop(number, before, name, ends=False))
            before = name
        plan.hops.append(_Hop(number, before, right, ends=True))
    return plan


# ---- the order within each column


def _ordered(plan: _Plan, columns: int) -> list[list[str]]:
    """Each column's items from the top, with the fewest crossings that sweeps and swaps find."""
    orders = [[one.name for one in plan.column(number)] for number in range(columns)]
    best, fewest = orders, _crossings(plan, orders)
    for sweep in range(SWEEPS):
        there = range(columns) if sweep % 2 == 0 else range(columns - 1, -1, -1)
        orders = _swept(plan, [list(order) for order in orders], there)
        orders = _swapped(plan, orders)
        if (now := _crossings(plan, orders)) < fewest:
            best, fewest = [list(order) for order in orders], now
    return best


def _swept(plan: _Plan, orders: list[list[str]], columns: Sequence[int]) -> list[list[str]]:
    """Each column by the mean place of what its items are joined to."""
    for number in columns:
        place = {
            name: at / max(len(order) - 1, 1) for order in orders for at, name in enumerate(order)
        }
        mean = {
            name: _mean([place[other] for other in _joined(plan, name)], place[name])
            for name in orders[number]
        }
        orders[number].sort(key=lambda name: mean[name])
    return orders


def _swapped(plan: _Plan, orders: list[list[str]]) -> list[list[str]]:
    """Neighbours exchanged for as long as that takes crossings away."""
    fewest, better = _crossings(plan, orders), True
    while better:
        better = False
        for order in orders:
            for one, other in combinations(range(len(order)), 2):
                order[one], order[other] = order[other], order[one]
                if (now := _crossings(plan, orders)) < fewest:
                    fewest, better = now, True
                else:
                    order[one], order[other] = order[other], order[one]
    return orders


def _joined(plan: _Plan, name: str) -> list[str]:
    return [
        other
        for hop in plan.hops
        for own, other in ((hop.left, hop.right), (hop.right, hop.left))
        if own == name
    ]


def _crossings(plan: _Plan, orders: Sequence[Sequence[str]]) -> int:
    place = {name: at for order in orders for at, name in enumerate(order)}
    ways = [(plan.items[hop.left].column, place[hop.left], place[hop.right]) for hop in plan.hops]
    return sum(a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0 for a, b in combinations(ways, 2))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


# ---- how far down everything is


def _grown(
    plan: _Plan, boxes: Mapping[str, Size], lines: Sequence[Line], orders: Sequence[Sequence[str]]
) -> None:
    """Boxes that are as high as their arrows' labels need, on the side where those are more."""
    for name in boxes:
        left = sum(_room(lines[hop.line], hop) for hop in plan.hops if hop.right == name)
        right = sum(LANE * 1.6 for hop in plan.hops if hop.left == name)
        plan.items[name].height = max(plan.items[name].height, left + 10, right + 10)
    for order in orders:
        y = 0.0
        for name in order:
            plan.items[name].y = y
            y += plan.items[name].height + SPACE


def _room(line: Line, hop: _Hop) -> float:
    return (line.height if hop.ends else 0.0) + 12.0


def _spread(plan: _Plan, orders: Sequence[Sequence[str]]) -> None:
    """Each column as near as can be to what its items are joined to, in its order."""
    for sweep in range(SWEEPS):
        for order in orders if sweep % 2 == 0 else orders[::-1]:
            wanted = [
                _mean([_middle(plan, one) for one in _joined(plan, name)], _middle(plan, name))
                - plan.items[name].height / 2
                for name in order
            ]
            gaps = [plan.items[name].height + SPACE for name in order]
            for name, y in zip(order, _apart(wanted, gaps), strict=True):
                plan.items[name].y = y
    top = min(one.y for one in plan.items.values())
    for item in plan.items.values():
        item.y = round(item.y - top)


def _middle(plan: _Plan, name: str) -> float:
    return plan.items[name].y + plan.items[name].height / 2


def _apart(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The nearest places to the wanted ones that keep their distances (pool adjacent violators)."""
    offset, offsets = 0.0, []
    for gap in gaps:
        offsets.append(offset)
        offset += gap
    blocks: list[list[float]] = []
    for value, by in zip(wanted, offsets, strict=True):
        blocks.append([value - by])
        while len(blocks) > 1 and _mean(blocks[-2], 0) > _mean(blocks[-1], 0):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    pooled = [_mean(block, 0) for block in blocks for _ in block]
    return [value + by for value, by in zip(pooled, offsets, strict=True)]


# ---- where arrows leave and arrive, and their lanes


def _docked(plan: _Plan, lines: Sequence[Line], boxes: Mapping[str, Size]) -> None:
    """Each hop's two ends on its items' sides, in the order of where it goes."""
    for name, item in plan.items.items():
        right = sorted(
            (hop for hop in plan.hops if hop.left == name),
            key=lambda hop: (_middle(plan, hop.right), hop.line),
        )
        left = sorted(
            (hop for hop in plan.hops if hop.right == name),
            key=lambda hop: (_middle(plan, hop.left), hop.line),
        )
        if name not in boxes:
            for hop in right:
                hop.start = _middle(plan, name)
            for hop in left:
                hop.stop = _middle(plan, name)
            continue
        step = item.height / (len(right) + 1)
        for at, hop in enumerate(right, 1):
            hop.start = round(item.y + step * at)
        rooms = [_room(lines[hop.line], hop) for hop in left]
        y = item.y + (item.height - sum(rooms)) / 2
        for hop, room in zip(left, rooms, strict=True):
            y += room
            hop.stop = round(y - 4)
    _straightened(plan)


def _straightened(plan: _Plan) -> None:
    """An arrow leaves at the height of its arrival, where its box is there and has room."""
    for hop in plan.hops:
        item = plan.items[hop.left]
        others = [one.start for one in plan.hops if one.left == hop.left and one is not hop]
        there = item.y + PORT <= hop.stop <= item.y + item.height - PORT
        near = not others or abs(hop.start - hop.stop) <= NEARLY
        order = [(other > hop.start) == (other > hop.stop) for other in others]
        if there and near and all(order) and all(abs(one - hop.stop) >= PORT for one in others):
            hop.start = hop.stop


def _lanes(hops: list[_Hop]) -> int:
    """Which lane each hop of one gap has, from the left, so that few cross; how many there are."""
    bent = [hop for hop in hops if abs(hop.start - hop.stop) > 1]
    up = sorted((hop for hop in bent if hop.start > hop.stop), key=lambda hop: hop.start)
    down = sorted((hop for hop in bent if hop.start < hop.stop), key=lambda hop: -hop.start)
    bent = [*up, *down]
    better = True
    while better:
        better = False
        for at in range(len(bent) - 1):
            one, other = bent[at], bent[at + 1]
            if _crossed(other, one) < _crossed(one, other):
                bent[at], bent[at + 1] = other, one
                better = True
    for lane, hop in enumerate(bent):
        hop.lane = lane
    return len(bent)


def _crossed(one: _Hop, other: _Hop) -> int:
    """How often two hops cross if the first one's lane is left of the other's."""
    return _between(other.start, one) + _between(one.stop, other)


def _between(y: float, hop: _Hop) -> bool:
    low, high = sorted((hop.start, hop.stop))
    return low < y < high


def _drawn(
    plan: _Plan, boxes: Mapping[str, Size], lines: Sequence[Line], used: Sequence[int]
) -> Placed:
    """Pixels: columns from the left, each gap as wide as its lanes and labels."""
    x, edges, corners = 0.0, {}, {}
    for rank, column in enumerate(used):
        width = max(box.width for box in boxes.values() if box.column == column)
        edges[rank] = (x, width)
        x += width
        loops = [one for one, ends in plan.loops.items() if plan.items[ends[0]].column == rank]
        for lane, number in enumerate(loops):
            corners[number, rank] = x + STUB + lane * LANE
        gap = [hop for hop in plan.hops if plan.items[hop.left].column == rank]
        lanes = _lanes(gap) + len(loops)
        for hop in gap:
            corners[hop.line, rank] = x + STUB + (hop.lane + len(loops)) * LANE
        labels = [lines[hop.line].width for hop in gap if hop.ends]
        labels += [lines[number].width for number in loops]
        if loops or rank < len(used) - 1:
            x += round(STUB + max(lanes - 1, 0) * LANE + max(labels, default=0.0) + 22)
    return _placed(plan, boxes, lines, edges, corners, x)


def _placed(
    plan: _Plan,
    boxes: Mapping[str, Size],
    lines: Sequence[Line],
    edges: Mapping[int, tuple[float, float]],
    corners: Mapping[tuple[int, int], float],
    right: float,
) -> Placed:
    ways, labels = [], []
    for number, line in enumerate(lines):
        if number in plan.loops:
            way = list(_loop(plan, number, edges, corners))
            labels.append((way[1][0] + 8 + line.width, (way[1][1] + way[2][1]) / 2))
        else:
            way = list(_way(plan, number, edges, corners))
            labels.append((way[-1][0] - 10, way[-1][1] - 4))
            if plan.items[line.source].column > plan.items[line.target].column:
                way.reverse()
        ways.append(tuple(way))
    at = {name: plan.items[name] for name in boxes}
    return Placed(
        {name: _place(one, edges) for name, one in at.items()},
        ways,
        labels,
        {boxes[name].column: edges[one.column] for name, one in at.items()},
        max(one.y + one.height for one in plan.items.values()),
        right,
    )


def _place(
    item: _Item, edges: Mapping[int, tuple[float, float]]
) -> tuple[float, float, float, float]:
    x, width = edges[item.column]
    return x, item.y, width, item.height


def _loop(
    plan: _Plan,
    number: int,
    edges: Mapping[int, tuple[float, float]],
    corners: Mapping[tuple[int, int], float],
) -> Iterator[tuple[float, float]]:
    """Out of a box's right side and into that of another, above it or below."""
    source, target = (plan.items[name] for name in plan.loops[number])
    x = sum(edges[source.column])
    below = target.y > source.y
    leaves = source.y + (source.height - PORT if below else PORT)
    arrives = target.y + (PORT if below else target.height - PORT)
    lane = corners[number, source.column]
    yield from ((x, leaves), (lane, leaves), (lane, arrives), (x, arrives))


def _way(
    plan: _Plan,
    number: int,
    edges: Mapping[int, tuple[float, float]],
    corners: Mapping[tuple[int, int], float],
) -> Iterator[tuple[float, float]]:
    """From a box's right side over the lanes of each gap to the left side of another."""
    hops = [hop for hop in plan.hops if hop.line == number]
    yield sum(edges[plan.items[hops[0].left].column]), hops[0].start
    for hop in hops:
        if abs(hop.start - hop.stop) > 1:
            lane = corners[number, plan.items[hop.left].column]
            yield lane, hop.start
            yield lane, hop.stop
    yield edges[plan.items[hops[-1].right].column][0], hops[-1].stop
