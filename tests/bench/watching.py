"""How soon `watch` has its last verdict after a save, of contents that were never judged before."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.bench.figures import Result, Scale
from tests.bench.measure import Command, Failed
from tests.bench.measure import told as compared
from tests.bench.pipeline import PIPELINE, copy

MOST = 0.5  # of a cold check
GOOD = re.compile(r"no findings|\d+ infos?\b")  # the end of a runtime is only noted
_NEVER_BEFORE = count(1_000_000)


@dataclass(frozen=True)
class Saved:
    """What is watched, and the number in a file that each save changes."""

    title: str
    watched: tuple[str, ...]
    file: str
    number: str

    def save(self, folder: Path) -> None:
        path = folder / self.file
        changed = rf"\g<1>{next(_NEVER_BEFORE)}"
        text, times = re.subn(rf"({self.number})\d*", changed, path.read_text())
        if times != 1:
            raise Failed(f"{self.file} has no {self.number} to change")
        path.write_text(text)


SETTING = "max_bytes: "
PART = ("templates/parts/uploads.yaml.j2", "Id: DeleteOldUploads")
SAVES = (
    Saved("a setting of dev, dev watched", ("dev",), "environments/dev.yaml", SETTING),
    Saved("a template part, dev watched", ("dev",), *PART),
    Saved("a setting of prod, both watched", (), "environments/prod.yaml", SETTING),
    Saved("a template part, both watched", (), *PART),
)


def watch(scale: Scale) -> Result:
    """From a save to the last verdict of `watch`, beside a cold check of dev."""
    runs = scale.runs(9)
    seconds = {}
    for saved in SAVES:
        with copy() as folder, _watching(folder, saved.watched) as verdict:
            verdict()
            rounds = [_measured(saved, folder, verdict, run / runs) for run in range(runs)]
        seconds[saved.title] = round(statistics.median(rounds), 3)
        print(f"watch, {saved.title}: {seconds[saved.title]:.2f} s")
    for names in (("dev",), ("dev", "prod")):
        with copy() as folder:
            check = Command((*PIPELINE, "check", *names, "--no-cache"), folder)
            check.cost()
            cold = statistics.median(check.cost().wall for _ in range(runs))
            seconds[f"check {' and '.join(names)}, cold"] = round(cold, 3)
    fine = True
    for saved, judged in ((SAVES[0], "dev"), (SAVES[2], "dev and prod")):
        mine, cold = seconds[saved.title], seconds[f"check {judged}, cold"]
        fine = fine and mine <= MOST * cold
        print(f"{saved.title}, beside a cold check: {compared('wall', mine, cold)}"
              f" (at most {MOST}) {'ok' if mine <= MOST * cold else 'TOO SLOW'}")  # fmt: skip
    rows = {title: {"wall": wall} for title, wall in seconds.items()}
    return Result({"runs": runs, "seconds": rows}, fine)


def _measured(saved: Saved, folder: Path, verdict: Callable[[], float], moment: float) -> float:
    """`moment`: where between two looks at the files it is saved, from 0 to 1."""
    time.sleep(0.3 + 0.05 * moment)
    began = time.monotonic()
    saved.save(folder)
    return verdict() - began


@contextmanager
def _watching(folder: Path, environments: tuple[str, ...]) -> Iterator[Callable[[], float]]:
    """Begin to watch; call what you get to wait for the end of a round and know when both tools had
    told. A finding is an error: what is measured is a verdict on something good."""
    command = Command((*PIPELINE, "watch", *environments), folder)
    process = subprocess.Popen(
        command.argv, cwd=folder, env=command.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip

    def verdict() -> float:
        told: dict[str, float] = {}
        said = []
        for line in process.stdout or ():
            said.append(line)
            tool, _, rest = line.partition(": ")
            if GOOD.match(rest):
                told[tool] = time.monotonic()
            if line.startswith("Judged in"):
                break
        if told.keys() != {"lint", "guard"}:
            raise Failed(f"{' '.join(command.argv)}: no verdict.\n{''.join(said)[-800:]}")
        return max(told.values())

    try:
        yield verdict
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()
