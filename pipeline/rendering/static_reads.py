"""What a parsed template reads, found without rendering it: also in branches that aren't taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from jinja2 import nodes

from pipeline.findings import Pointer
from pipeline.rendering.marks import chain
from pipeline.rendering.scope import METHODS

# The names that Jinja itself gives to what stands within.
_GIVES: dict[type, tuple[str, ...]] = {
    nodes.For: ("loop",),
    nodes.Macro: ("caller", "varargs", "kwargs"),
    nodes.Block: ("self", "super"),
}


class Use(NamedTuple):
    """A setting that a template reads, and the line on which it does."""

    at: Pointer
    file: str
    line: int


@dataclass
class Reading:
    """One template's parts: the names it reads and gives, the settings, the files, the outputs."""

    read: list[nodes.Name] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    settings: list[tuple[Pointer, int]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    outputs: list[nodes.Output] = field(default_factory=list)


def reading(tree: nodes.Template) -> Reading:
    """Everything of interest in one walk: a walk costs as much as compiling a fifth of the tree."""
    reads = Reading()
    for node in _settings_first(tree, reads):
        reads.given.update(_GIVES.get(type(node), ()))
        if isinstance(node, nodes.Name):
            reads.read.append(node) if node.ctx == "load" else reads.given.add(node.name)
        elif isinstance(node, nodes.Output):
            reads.outputs.append(node)
        elif isinstance(node, nodes.Macro):
            reads.given.add(node.name)
        elif isinstance(node, nodes.Call):
            _reach_method(node)
        elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            _file(node, reads)
    return reads


def _reach_method(call: nodes.Call) -> None:
    """Let `env.tags.items()` be the method, even where a tag is called items."""
    method = call.node
    if isinstance(method, nodes.Getattr) and chain(method.node) is not None:
        method.attr = METHODS.get(method.attr, method.attr)


def _settings_first(node: nodes.Node, reading: Reading) -> Iterator[nodes.Node]:
    """Every node but those of `env.a.b`, which is one setting."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.TemplateData):
            continue
        at = chain(child) if isinstance(child, nodes.Getattr | nodes.Getitem) else None
        if at is not None:
            reading.settings.append((at, child.lineno))
            continue
        yield child
        yield from _settings_first(child, reading)


def _file(
    node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends, reading: Reading
) -> None:
    if isinstance(node.template, nodes.Const):
        reading.files.add(str(node.template.value))
    if isinstance(node, nodes.Import):
        reading.given.add(node.target)
    elif isinstance(node, nodes.FromImport):
        reading.given |= {name if isinstance(name, str) else name[1] for name in node.names}
