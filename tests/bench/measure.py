"""CPU time of whole processes, compared fairly on a noisy machine."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence

Command = Sequence[str]


def cpu_seconds(command: Command) -> float:
    """User and system time of one process and its children; its output is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def compare(what: str, ours: Command, other: Command, *, runs: int, most: float) -> bool:
    """Print the ratio of medians of alternating runs; True if it is at most `most`.

    One run of each before counts for nothing: it fills the caches that both use.
    """
    cpu_seconds(other), cpu_seconds(ours)
    pairs = []
    for run in range(runs):
        print(f"\r{what}: {run + 1} of {runs}", end="", file=sys.stderr, flush=True)
        pairs.append((cpu_seconds(ours), cpu_seconds(other)))
    print(file=sys.stderr)
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    fast = bool(mine <= most * theirs)
    verdict = "ok" if fast else "TOO SLOW"
    print(f"{what}: {mine:.3f} s / {theirs:.3f} s = {mine / theirs:.2f} (at most {most}) {verdict}")
    return fast
