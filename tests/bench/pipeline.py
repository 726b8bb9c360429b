"""What the pipeline costs beside the least that could do the same.

All of it runs in a copy of the project, so that nothing depends on what was built or judged before:
each reference makes its own input there.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.figures import Result, Scale
from tests.bench.measure import Command, Cost, alternating, within
from tests.conftest import ROOT, copy_of_the_project
from tests.rules.cli import binary

PIPELINE = (sys.executable, "-m", "pipeline")
ENVIRONMENTS = (1, 2, 10, 50)
RESOURCES = (25, 100, 500)


def told(costs: Mapping[Any, Cost], runs: int) -> dict[str, Any]:
    """The costs as figures."""
    rows = {
        str(name): {"wall": round(c.wall, 3), "cpu": round(c.cpu, 3)} for name, c in costs.items()
    }
    return {"runs": runs, "seconds": rows}


def render(scale: Scale) -> Result:
    """`render dev` with settings, source map and validation, beside Jinja and YAML alone."""
    runs = scale.runs(21)
    with copy() as folder:
        plain = Command(
            (sys.executable, str(ROOT / "tests/bench/plain_render.py"), "dev"),
            folder, made="build/plain-dev.yaml",
        )  # fmt: skip
        ours = Command((*PIPELINE, "render", "dev"), folder, made="build/dev/template.yaml")
        costs = alternating("render", {"render dev": ours, "Jinja and YAML alone": plain}, runs)
    mine, theirs = costs.values()
    return Result(told(costs, runs), within("render dev", mine, theirs, 2.5))


def check(scale: Scale) -> Result:
    """From an edit to a verdict on both environments, beside cfn-lint and cfn-guard alone."""
    runs = scale.runs(7)
    with copy() as folder:
        Command((*PIPELINE, "render"), folder, made="build/prod/template.yaml").cost()
        costs = alternating("check", _judges(folder), runs)
    cold, warm, lint = (
        costs["check, cold"],
        costs["check, nothing changed"],
        costs["cfn-lint alone"],
    )
    fast = within("check, cold, beside cfn-lint", cold, lint, 1.2)
    return Result(told(costs, runs), within("check, warm, beside cold", warm, cold, 0.15) and fast)


def _judges(folder: Path) -> dict[str, Command]:
    """Ours, and the two official programs, on the same two templates."""
    templates, documents = (
        sorted(str(path) for path in folder.glob(f"build/*/template.{kind}"))
        for kind in ("yaml", "json")
    )
    cfn_lint = str(Path(sys.executable).parent / "cfn-lint")
    guard = (str(binary()), "validate", "--show-summary", "none", "--rules", "rules", "--data")
    edited = Command((*PIPELINE, "check"), folder, before=_edits(folder))
    return {
        "check, cold": Command((*PIPELINE, "check", "--no-cache"), folder),
        "check, one file edited": edited,
        "check, nothing changed": Command((*PIPELINE, "check"), folder),
        "cfn-lint alone": Command((cfn_lint, "--", *templates), folder),
        "cfn-guard alone": Command((*guard, *documents), folder),
    }


def _edits(folder: Path) -> Callable[[], object]:
    """Each call changes dev's template, and never to what it was before."""
    path, sizes = folder / "environments/dev.yaml", count(1_000_000)

    def edit() -> None:
        text, times = re.subn(r"max_bytes: \d+", f"max_bytes: {next(sizes)}", path.read_text())
        if times != 1:
            raise ValueError("environments/dev.yaml has no uploads.max_bytes to change")
        path.write_text(text)

    return edit


def growth(scale: Scale) -> Result:
    """A cold `check` of ever more environments, and of ever more resources: linear in both."""
    runs = scale.runs(3)
    environments = _grown(_environments, scale.sizes(ENVIRONMENTS), runs, "environments")
    resources = _grown(_resources, scale.sizes(RESOURCES), runs, "resources")
    figures = {"environments": told(environments, runs), "resources": told(resources, runs)}
    fine = [_linear("environment", environments), _linear("resource", resources)]
    return Result(figures, all(fine))


def _grown(
    grow: Callable[[Path, int], Path], sizes: tuple[int, ...], runs: int, what: str
) -> dict[int, Cost]:
    """One size after the other: a large one would drive the small ones' files out of the caches."""
    costs: dict[int, Cost] = {}
    for size in sizes:
        with copy() as folder:
            command = Command((*PIPELINE, "check", "--no-cache"), grow(folder, size))
            (costs[size],) = alternating(f"{size} {what}", {"check": command}, runs).values()
    for size, cost in costs.items():
        print(f"check of {size} {what}: CPU {cost.cpu:.2f} s, wall {cost.wall:.2f} s")
    return costs


def _linear(what: str, costs: Mapping[int, Cost]) -> bool:
    """Does one more cost no more at the end than at the beginning?"""
    if len(costs) < 3:
        return True
    first, *_, some, many = costs
    early = (costs[some].cpu - costs[first].cpu) / (some - first)
    late = (costs[many].cpu - costs[some].cpu) / (many - some)
    linear = late <= 1.3 * early
    print(f"one more {what} costs {early * 1000:.1f} ms of CPU up to {some}, {late * 1000:.1f}"
          f" ms up to {many} (at most 1.3 times) {'ok' if linear else 'GROWS'}")  # fmt: skip
    return linear


def _environments(folder: Path, size: int) -> Path:
    """So many development environments, each a stack of its own."""
    files = folder / "environments"
    dev = (files / "dev.yaml").read_text()
    for path in files.glob("*.yaml"):
        path.unlink()
    for number in range(size):
        (files / f"dev{number}.yaml").write_text(dev)
    return folder


def _resources(folder: Path, size: int) -> Path:
    """The smaller stack of examples/worker, filled up with log groups to so many resources."""
    worker = folder / "worker"
    shutil.copytree(ROOT / "examples/worker", worker, ignore=shutil.ignore_patterns("__pycache__"))
    (worker / "rules/general").symlink_to(ROOT / "rules/general")
    (worker / "pipeline").symlink_to(ROOT / "pipeline")
    for path in (worker / "environments").glob("*.yaml"):
        if path.stem != "dev":
            path.unlink()
    Command((*PIPELINE, "render"), worker, made="build/dev/template.yaml").cost()
    text = (worker / "build/dev/template.yaml").read_text()
    held = len(re.findall(r"^    Type: AWS::", text, re.MULTILINE))
    if size > 450:  # cfn-lint tells how near the limit is; the size is what is measured here
        decision = {"rule": "I3010", "resource": "*", "reason": "a benchmark of large templates"}
        (worker / "rules/lint.yaml").write_text(json.dumps({"decided": [decision]}))
    main, part = worker / "templates/main.yaml.j2", worker / "templates/parts/worker.yaml.j2"
    group = part.read_text().partition("  WorkerLogGroup:")[2]
    more = "  More{{ number }}LogGroup:" + group.replace("-worker-", "-more{{ number }}-")
    loop = f"{{% for number in range({size - held}) %}}\n\n{more}{{% endfor %}}\n\nOutputs:"
    main.write_text(main.read_text().replace("\nOutputs:", loop, 1))
    return worker


def nox(scale: Scale) -> Result:
    """A warm `nox -s render -- dev` beside the work itself."""
    runs = scale.runs(11)
    command = shutil.which("nox") or str(Path(sys.executable).parent / "nox")
    ours = Command((command, "-s", "render", "--", "dev"), ROOT)
    work = Command((*PIPELINE, "render", "dev"), ROOT)
    costs = alternating("nox", {"nox -s render -- dev": ours, "the work itself": work}, runs)
    mine, theirs = costs.values()
    return Result(told(costs, runs), within("nox -s render", mine, theirs, 3))


@contextmanager
def copy() -> Iterator[Path]:
    """What a person edits and the engine, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = copy_of_the_project(Path(made).resolve())
        (folder / "pipeline").symlink_to(ROOT / "pipeline")
        yield folder
