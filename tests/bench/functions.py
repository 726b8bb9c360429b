"""What the functions cost: cold start, own code, calls by number of sessions, zip sizes.

`python -m tests.bench.functions FILE RUNS` prints the figures, and writes them into the file; it
fails where one misses its limit. `python -m tests.bench handlers` calls it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from moto import mock_aws
from moto.server import ThreadedMotoServer

from pipeline.packaging.zips import package
from tests.bench import cold_start, own_code
from tests.handlers import aws
from tests.handlers.calls import Functions, calls_per_route, fill

ROOT = Path(__file__).resolve().parents[2]
MANY = 100_000
MOST_OF_USUAL = 0.75
MOST_OWN = 0.10
MOST_BYTES = 40_000


Figures = dict[str, Any]


def main(told: Path, runs: int) -> int:
    """Prints the figures; 1 where one misses its limit."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    figures: Figures = {}
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        environment = _environment(f"http://127.0.0.1:{port}")
        results = [_cold(environment, runs, figures), _warm(environment, figures)]
    finally:
        server.stop()
    results += [_calls(), _zips(figures)]
    told.write_text(json.dumps(figures))
    return 0 if all(results) else 1


def _environment(endpoint: str) -> dict[str, str]:
    """What the children see: AWS is moto's server; bytecode is written and found, as usual."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))}
    here = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": aws.REGION}
    return kept | aws.ENVIRONMENT | here | {"MAX_UPLOADS_PER_SESSION": "100"}


def _cold(environment: dict[str, str], runs: int, figures: Figures) -> bool:
    """Whole processes, in turn: our function, and the shape that one usually writes."""
    shapes = {"ours": environment, "usual": environment}
    with tempfile.TemporaryDirectory() as folder:
        shapes["ours, not yet compiled"] = environment | {"PYTHONPYCACHEPREFIX": folder}
        cold_start.prepare(environment)
        taken: dict[str, list[float]] = {name: [] for name in shapes}
        phases: dict[str, list[float]] = {}
        for run in range(runs + 1):
            for name, variables in shapes.items():
                seconds, told = _child(name.split(",")[0], variables, fresh=folder)
                if run:
                    taken[name].append(seconds)
                    _add(phases, told if name == "ours" else {})
    medians = {name: statistics.median(values) for name, values in taken.items()}
    ratio = medians["ours"] / medians["usual"]
    print(f"cold start, medians of {runs} alternating runs of a whole process:")
    for name, median in medians.items():
        print(f"  {name:24} {median * 1000:6.0f} ms  {median / medians['usual']:.2f} of the usual")
    for phase, values in phases.items():
        print(f"    of ours: {phase:40} {statistics.median(values) * 1000:6.1f} ms")
    figures |= {
        "runs": runs,
        "cold_start_ms": {name: round(value * 1000, 1) for name, value in medians.items()},
        "parts_ms": {
            phase: round(statistics.median(values) * 1000, 1) for phase, values in phases.items()
        },
    }
    return _verdict("cold start", ratio, MOST_OF_USUAL)


def _child(shape: str, environment: dict[str, str], *, fresh: str) -> tuple[float, Any]:
    if "PYTHONPYCACHEPREFIX" in environment:
        environment = cold_start.without_our_bytecode(environment, Path(fresh))
    command = [sys.executable, "-m", "tests.bench.cold_start", shape]
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=environment | {"BEGUN": repr(time.time())}, cwd=ROOT, check=True, stdout=-1
    )
    return time.perf_counter() - begun, json.loads(done.stdout.splitlines()[-1])


def _add(phases: dict[str, list[float]], told: dict[str, float]) -> None:
    for phase, seconds in told.items():
        phases.setdefault(phase, []).append(seconds)


def _warm(environment: dict[str, str], figures: Figures) -> bool:
    """CPU of our own code in a warm process, beside all of a request's."""
    command = [sys.executable, "-m", "tests.bench.own_code"]
    environment = environment | {"PYTHONPATH": os.environ["PYTHONPATH"]}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    rows: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    print(f"warm, CPU a request, mean of {own_code.ROUNDS}; own is all but botocore:")
    shares = {}
    for route, (total, own) in rows.items():
        shares[route] = own / total
        print(f"  {route:44} {total * 1e6:6.0f} us, own {own * 1e6:4.0f} us, {own / total:.3f}")
    figures["warm_us"] = {
        route: {"all": round(total * 1e6), "own": round(own * 1e6)}
        for route, (total, own) in rows.items()
    }
    return _verdict("own code's share at most", max(shares.values()), MOST_OWN)


def _calls() -> bool:
    """The calls of each route at 10 and at 100,000 sessions; moto in this process holds them."""
    with mock_aws(), redirect_stdout(io.StringIO()):
        aws.make_table(aws.dynamodb())
        aws.make_bucket(aws.s3())
        fill(10)
        functions = Functions()
        few = calls_per_route(functions)
        begun = time.perf_counter()
        fill(MANY - 10)
        took = time.perf_counter() - begun
        many = calls_per_route(functions)
    print(f"{MANY} sessions in moto's table, by BatchWriteItem in {took:.0f} s:")
    for route, calls in few.items():
        print(f"  {route:44} {len(calls)} at 10, {len(many[route])} at {MANY}: {', '.join(calls)}")
    same = few == many and not any("Scan" in call for calls in many.values() for call in calls)
    print(f"calls at {MANY} sessions: {'the same, no Scan: ok' if same else 'MORE, or a Scan'}")
    return same


def _zips(figures: Figures) -> bool:
    sizes = {artifact.name: len(artifact.data) for artifact in package(ROOT)}
    figures["zip_bytes"] = sizes
    for name, size in sizes.items():
        print(f"  {name:28} {size} bytes")
    return _verdict("largest zip in bytes", max(sizes.values()), MOST_BYTES)


def _verdict(what: str, value: float, most: float) -> bool:
    good = bool(value <= most)
    shown = f"{value:.2f}" if most < 1 else f"{value:.0f}"
    print(f"{what}: {shown} (at most {most}) {'ok' if good else 'TOO MUCH'}", flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
