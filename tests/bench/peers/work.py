"""Each peer at work beside our own render: made, compared, and ready to be measured."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.measure import Command, Failed
from tests.bench.peers.programs import NotInstalled
from tests.bench.peers.stacks import PEERS, Peer
from tests.bench.pipeline import PIPELINE, copy


@dataclass
class Workshop:
    """A copy of the project, rendered; what each peer runs there, and who couldn't be installed."""

    folder: Path
    commands: dict[Peer, Command] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


@contextmanager
def workshop() -> Iterator[Workshop]:
    """Every program that can be installed, with its input."""
    with copy() as folder:
        rendered = Command((*PIPELINE, "render", "dev"), folder, made="build/dev/template.json")
        rendered.cost()
        made = Workshop(folder)
        for peer in PEERS:
            try:
                peer.program.install()
            except NotInstalled as why:
                made.missing.append(f"{peer.program.name} could not be installed: {why}")
            else:
                made.commands[peer] = peer.command(folder)
        yield made


def different(peer: Peer, command: Command, project: Path) -> list[str]:
    """The logical ids of the resources that the program makes otherwise than we do."""
    expected = json.loads((project / "build/dev/template.json").read_text())["Resources"]
    made = peer.made(command.folder, _printed(command))
    return [name for name in sorted(expected.keys() | made.keys())
            if _plain(expected.get(name)) != _plain(made.get(name))]  # fmt: skip


def _printed(command: Command) -> str:
    """What it prints; an error where it fails."""
    command.cost()
    done = subprocess.run(
        command.argv, cwd=command.folder, env=command.environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"{' '.join(command.argv)}: {done.stderr[-400:]}")
    return done.stdout


def _plain(resource: Any) -> Any:
    """A resource in one writing: what has no order is sorted, `Fn::GetAtt` is a list."""
    if isinstance(resource, list):
        return [_plain(each) for each in resource]
    if not isinstance(resource, dict):
        return resource
    plain = {name: _plain(value) for name, value in resource.items()}
    if isinstance(attribute := plain.get("Fn::GetAtt"), str):
        plain["Fn::GetAtt"] = attribute.split(".", 1)
    if isinstance(before := plain.get("DependsOn"), str):
        plain["DependsOn"] = [before]
    unordered = ("DependsOn", "Tags")
    return plain | {name: sorted(plain[name], key=json.dumps) for name in unordered
                    if isinstance(plain.get(name), list)}  # fmt: skip
