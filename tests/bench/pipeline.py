"""What the pipeline costs beside the least that could do the same.

All of it runs in a copy of the project, so that nothing depends on what was built or judged before:
each reference makes its own input there.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Command, Cost, compare, median
from tests.conftest import ROOT, copy_of_the_project

PIPELINE = (sys.executable, "-m", "pipeline")
COUNTS = (1, 2, 10, 50)


def render() -> bool:
    """`render dev` with settings, source map and validation, beside Jinja and YAML alone."""
    with _copy() as folder:
        plain = Command(
            (sys.executable, str(ROOT / "tests/bench/plain_render.py"), "dev"),
            folder, made="build/plain-dev.yaml",
        )  # fmt: skip
        ours = Command((*PIPELINE, "render", "dev"), folder, made="build/dev/template.yaml")
        return compare("render dev", ours, plain, runs=21, most=2.5)


def check() -> bool:
    """Both environments rendered, linted and judged, beside cfn-lint alone on both; then again."""
    with _copy() as folder:
        Command((*PIPELINE, "render"), folder, made="build/prod/template.yaml").cost()
        templates = sorted(str(path) for path in folder.glob("build/*/template.yaml"))
        lint = Command((str(Path(sys.executable).parent / "cfn-lint"), "--", *templates), folder)
        cold = Command((*PIPELINE, "check", "--no-cache"), folder)
        warm = Command((*PIPELINE, "check"), folder)
        fast = compare("check, cold, beside cfn-lint", cold, lint, runs=7, most=1.2)
        return compare("check, warm, beside cold", warm, cold, runs=7, most=0.15) and fast


def growth() -> bool:
    """A cold `check` of 1, 2, 10 and 50 environments: what one more costs may not grow."""
    costs: dict[int, Cost] = {}
    for count in COUNTS:
        with _copy() as folder:
            _grow(folder, count)
            command = Command((*PIPELINE, "check", "--no-cache"), folder)
            costs[count] = median([command.cost() for _ in range(3)])
        print(f"check of {count}: CPU {costs[count].cpu:.2f} s, wall {costs[count].wall:.2f} s")
    first, some, many = COUNTS[0], COUNTS[-2], COUNTS[-1]
    early = (costs[some].cpu - costs[first].cpu) / (some - first)
    late = (costs[many].cpu - costs[some].cpu) / (many - some)
    linear = late <= 1.3 * early
    print(f"one more costs {early:.2f} s of CPU up to {some}, {late:.2f} s up to {many}"
          f" (at most 1.3 times) {'ok' if linear else 'GROWS'}")  # fmt: skip
    return linear


def nox() -> bool:
    """A warm `nox -s render -- dev` beside the work itself."""
    command = shutil.which("nox") or str(Path(sys.executable).parent / "nox")
    ours = Command((command, "-s", "render", "--", "dev"), ROOT)
    return compare(
        "nox -s render", ours, Command((*PIPELINE, "render", "dev"), ROOT), runs=11, most=3
    )


@contextmanager
def _copy() -> Iterator[Path]:
    """What a person edits and the engine, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = copy_of_the_project(Path(made).resolve())
        (folder / "pipeline").symlink_to(ROOT / "pipeline")
        yield folder


def _grow(folder: Path, count: int) -> None:
    """So many development environments, each a stack of its own."""
    files = folder / "environments"
    dev = (files / "dev.yaml").read_text()
    for path in files.glob("*.yaml"):
        path.unlink()
    for number in range(count):
        (files / f"dev{number}.yaml").write_text(dev)
