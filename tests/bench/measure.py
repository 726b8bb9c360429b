"""Wall and CPU time of whole processes, compared fairly on a noisy machine."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

Argv = Sequence[str]


class Failed(Exception):
    """A measured command didn't do its work, so that its time means nothing."""


class Cost(NamedTuple):
    """Seconds: on the clock, and of all processors together."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Command:
    """What is run, and where; `made` is a file that it has to have written, if any.

    `before` is done each time before the clock starts: an edit, say. `variables` are added to ours.
    """

    argv: Argv
    folder: Path
    made: str = ""
    before: Callable[[], object] = lambda: None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with the bytecode cache on."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return kept | {**self.variables}

    def cost(self) -> Cost:
        """What one process and its children cost; its output is thrown away.

        One that fails, or hasn't written what it is for, is an error and no figure.
        """
        made = self.folder / self.made
        if self.made:
            made.unlink(missing_ok=True)
        self.before()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            self.argv, cwd=self.folder, env=self.environment,
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or not made.exists():
            why = f"exit code {done.returncode}" if done.returncode else f"no {self.made}"
            said = (done.stdout + done.stderr).strip()[-800:]
            raise Failed(f"{' '.join(self.argv)} in {self.folder}: {why}.\n{said}")
        return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def alternating(what: str, commands: Mapping[str, Command], runs: int) -> dict[str, Cost]:
    """The medians of the commands' costs, each run in turn.

    One run of each before counts for nothing: it fills the caches that all use.
    """
    for command in commands.values():
        command.cost()
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for run in range(runs):
        print(f"\r{what}: {run + 1} of {runs}", end="", file=sys.stderr, flush=True)
        for name, command in commands.items():
            costs[name].append(command.cost())
    print(file=sys.stderr)
    return {name: median(taken) for name, taken in costs.items()}


def within(what: str, mine: Cost, theirs: Cost, most: float) -> bool:
    """Print the ratios; True if CPU and wall are within `most`."""
    fast = all(one <= most * another for one, another in zip(mine, theirs, strict=True))
    print(f"{what}: {told('CPU', mine.cpu, theirs.cpu)}; {told('wall', mine.wall, theirs.wall)}"
          f" (at most {most}) {'ok' if fast else 'TOO SLOW'}")  # fmt: skip
    return fast


def told(kind: str, mine: float, theirs: float) -> str:
    return f"{kind} {mine:.3f} s / {theirs:.3f} s = {mine / theirs:.2f}"


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))
