"""What each program is given: dev's stack, in the form that it takes, and what it made of it.

Nothing is written out a second time, so that the stacks stay equal when the templates change. Each
gets the easier case: an app of many constructs, or SAM's own resource types, would cost it more.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.documents import parse_template
from tests.bench.measure import Command
from tests.bench.peers.programs import CDK, HERE, SAM, SCEPTRE, Program

Resources = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """A program at work on our stack; `made` reads the resources from its output."""

    program: Program
    title: str
    judges: bool
    command: Callable[[Path], Command]
    made: Callable[[Path, str], Resources]


def _sceptre(project: Path) -> Command:
    """Our templates' parts, and the environment file as Sceptre's user data."""
    folder = project / "sceptre"
    shutil.copytree(HERE / "sceptre", folder)
    shutil.copytree(project / "templates", folder / "templates", dirs_exist_ok=True)
    env = yaml.safe_load((project / "environments/dev.yaml").read_text()) | {"name": "dev"}
    config = {"template": {"path": "stack.yaml.j2", "type": "file"}, "sceptre_user_data": env}
    (folder / "config/dev.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return Command(("sceptre", "generate", "dev.yaml"), folder, variables=SCEPTRE.variables)


def _generated(_: Path, printed: str) -> Resources:
    """`sceptre generate` prints the template as one string of YAML."""
    return _resources(str(yaml.safe_load(printed)))


def _sam(project: Path) -> Command:
    """The rendered template, with the line that makes it SAM's."""
    folder = project / "sam"
    folder.mkdir()
    rendered = (project / "build/dev/template.yaml").read_text()
    head = "Transform: AWS::Serverless-2016-10-31\n"
    (folder / "template.yaml").write_text(head + rendered)
    words = ("sam", "validate", "--lint", "--template-file", "template.yaml")
    return Command(words, folder, variables=SAM.variables)


def _validated(folder: Path, printed: str) -> Resources:
    """It writes nothing: what it was given, if it says that this is valid."""
    if "is a valid SAM Template" not in printed:
        raise ValueError(f"sam says: {printed.strip()[-300:]}")
    return _resources((folder / "template.yaml").read_text())


def _cdk(project: Path) -> Command:
    """An app that includes the rendered template, resource by resource."""
    folder = project / "cdk"
    shutil.copytree(HERE / "cdk", folder)
    shutil.copy(project / "build/dev/template.json", folder)
    made = "out/Stack.template.json"
    return Command(("cdk", "synth", "--quiet"), folder, made=made, variables=CDK.variables)


def _synthesized(folder: Path, _: str) -> Resources:
    return dict(json.loads((folder / "out/Stack.template.json").read_text())["Resources"])


def _resources(text: str) -> Resources:
    """Of a template as CloudFormation's YAML."""
    return dict(parse_template(text, "template.yaml").value["Resources"])


PEERS = (
    Peer(SCEPTRE, "sceptre generate", judges=False, command=_sceptre, made=_generated),
    Peer(CDK, "cdk synth", judges=False, command=_cdk, made=_synthesized),
    Peer(SAM, "sam validate --lint", judges=True, command=_sam, made=_validated),
)
