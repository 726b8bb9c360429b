"""python -m tests.bench [--write] [--quick] [NAME…]: without a name, everything."""

from __future__ import annotations

import argparse
import sys

from tests.bench import figures, pipeline, watching
from tests.bench.figures import Bench, Result, Scale
from tests.bench.measure import Failed


def handlers(scale: Scale) -> Result:
    """The functions: cold start, own code, calls and zip sizes."""
    from tests.bench.handlers import measure

    return measure(scale)


def local(scale: Scale) -> Result:
    """The local cloud: time to ready, upload to picture, many sessions at once, with chaos."""
    from tests.bench.localcloud import measure

    return measure(scale)


def peers(scale: Scale) -> Result:
    """An equal stack with sceptre, AWS SAM and the CDK."""
    from tests.bench.peers.bench import measure

    return measure(scale)


BENCHES: dict[str, Bench] = {
    "render": pipeline.render,
    "check": pipeline.check,
    "watch": watching.watch,
    "growth": pipeline.growth,
    "nox": pipeline.nox,
    "handlers": handlers,
    "local": local,
    "peers": peers,
}


def main(words: list[str]) -> int:
    """Run the named benches; 1 if one of them misses its figure, or a command fails.

    A bench's figures are kept as soon as it has ended, so that a later one may fail.
    """
    options = _parser().parse_args(words)
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        print(f"there is no bench {unknown[0]!r}.\nBenches: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    scale, fine = Scale(quick=options.quick), True
    try:
        for name in options.names or BENCHES:
            circumstances = figures.circumstances(scale)
            result = BENCHES[name](scale)
            fine = fine and result.fine
            if options.write:
                figures.keep(name, result, circumstances)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if options.write:
            _write_page()
    return 0 if fine else 1


def _write_page() -> None:
    from tests.bench.page import main as write

    write()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument(
        "--write", action="store_true", help="rewrite docs/benchmarks.md with what is measured"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one run and small sizes: does it work?"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
