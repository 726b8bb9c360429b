"""How long each peer takes for what it does, beside our own command for the same."""

from __future__ import annotations

from tests.bench.figures import Result, Scale
from tests.bench.measure import Command, Failed, alternating
from tests.bench.peers.programs import PROGRAMS
from tests.bench.peers.work import different, workshop
from tests.bench.pipeline import PIPELINE, told


def measure(scale: Scale) -> Result:
    """Fine if every program could be installed; a stack that differs is an error."""
    runs = scale.runs(7)
    with workshop() as made:
        for peer, command in made.commands.items():
            if names := different(peer, command, made.folder):
                raise Failed(f"{peer.title} makes another stack: {', '.join(names)}")
        if not made.commands:
            raise Failed("no peer could be installed.\n" + "\n".join(made.missing))
        renders = {
            peer.title: command for peer, command in made.commands.items() if not peer.judges
        }
        checks = {peer.title: command for peer, command in made.commands.items() if peer.judges}
        ours = Command((*PIPELINE, "render", "dev"), made.folder, made="build/dev/template.yaml")
        ours_too = Command((*PIPELINE, "check", "dev", "--no-cache"), made.folder)
        costs = alternating("peers", {"render dev": ours, **renders,
                                      "check dev, cold": ours_too, **checks}, runs)  # fmt: skip
        missing = list(made.missing)
    for name, cost in costs.items():
        print(f"{name}: wall {cost.wall:.2f} s, CPU {cost.cpu:.2f} s")
    print("".join(f"{line}\n" for line in missing), end="")
    there = {peer.program.name for peer in made.commands}
    programs = {program.package: program.version for program in PROGRAMS if program.name in there}
    return Result(told(costs, runs) | {"notes": missing, "programs": programs}, not missing)
