"""python -m tests.bench [NAME…]: without a name, everything."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import pipeline
from tests.bench.measure import Failed


def handlers() -> bool:
    """The functions: cold start, own code, calls and zip sizes."""
    from tests.bench.handlers import main as measure

    return measure() == 0


def local() -> bool:
    """The local cloud: time to ready, upload to picture, 200 sessions at once, with chaos."""
    from tests.bench.localcloud import main as measure

    return measure() == 0


BENCHES: dict[str, Callable[[], bool]] = {
    "render": pipeline.render,
    "check": pipeline.check,
    "growth": pipeline.growth,
    "nox": pipeline.nox,
    "handlers": handlers,
    "local": local,
}


def main(names: list[str]) -> int:
    """Run the named benches; 1 if one of them misses its figure, or a command fails."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"there is no bench {unknown[0]!r}.\nBenches: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    try:
        results = [BENCHES[name]() for name in names or BENCHES]
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
