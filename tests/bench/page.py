"""docs/benchmarks.md and its plots, from docs/benchmarks/figures.json.

`python -m tests.bench.page` writes them; a test says whether they are current.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import files
from tests.bench import figures
from tests.bench.plots import TEMPLATES, bars, lines, told

PAGE = figures.ROOT / "docs/benchmarks.md"


def drawn(benches: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each file that is made of the figures, and its text."""
    text = TEMPLATES.get_template("page.md.j2").render(benches=benches, told=told)
    yield PAGE, text.rstrip() + "\n"
    for name, draw in PLOTS.items():
        if name in benches:
            for file, picture in draw(benches[name]):
                yield figures.FOLDER / f"{file}.svg", picture


def _check(bench: Any) -> Iterator[tuple[str, str]]:
    yield "check", bars("From an edit to a verdict on dev and prod", bench["seconds"], "s")


def _watch(bench: Any) -> Iterator[tuple[str, str]]:
    yield "watch", bars("From a save to the last verdict of watch", bench["seconds"], "s")


def _peers(bench: Any) -> Iterator[tuple[str, str]]:
    yield "peers", bars("An equal stack with other programs", bench["seconds"], "s")


def _growth(bench: Any) -> Iterator[tuple[str, str]]:
    for kind in ("environments", "resources"):
        title = f"A cold check of ever more {kind}"
        yield f"growth-{kind}", lines(title, kind, bench[kind]["seconds"], "s")


def _handlers(bench: Any) -> Iterator[tuple[str, str]]:
    parts = {f"of ours: {name}": value for name, value in bench["parts_ms"].items()}
    rows = {name: {"wall": value} for name, value in (bench["cold_start_ms"] | parts).items()}
    yield "cold-start", bars("A function's cold start", rows, "ms")


def _local(bench: Any) -> Iterator[tuple[str, str]]:
    rows = {
        f"{crowd['sessions']:,} at once": {"p50": crowd["p50_ms"], "p95": crowd["p95_ms"]}
        for crowd in bench["crowds"]
    }
    yield "local", bars("From upload to picture, sessions at once", rows, "ms")


PLOTS = {
    "check": _check,
    "watch": _watch,
    "peers": _peers,
    "growth": _growth,
    "handlers": _handlers,
    "local": _local,
}


def main() -> None:
    for path, text in drawn(figures.read()):
        path.parent.mkdir(parents=True, exist_ok=True)
        if files.write(path, text.encode()):
            print(f"wrote {path.relative_to(figures.ROOT)}")


if __name__ == "__main__":
    main()
