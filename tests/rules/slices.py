"""A rule by itself, and the part of a template that it can see.

Judging thousands of templates by all rules would take an hour. A rule's verdict depends on the
lets and rules with parameters that it uses, and on the resources whose types and names its text
mentions; a rule that looks at every resource looks at each by itself. A test compares such
verdicts with those of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy import allowed
from pipeline.policy.rulebook import RulesFile

_TOP = re.compile(r"^(?=(?:let|rule) )", re.MULTILINE)
_HEAD = re.compile(r"(let|rule) (\w+)(\(?)")
_COMMENT = re.compile(r"^\s*#[^\n]*$|<<.*?>>", re.MULTILINE | re.DOTALL)
_TYPE = re.compile(r"'(AWS::[\w:]+)'")
_EVERY = re.compile(
    r"(\bsome\s+)?Resources\.\*"
    r"(\s*\[\s*Type\s+(?:==\s*'|in\b)|\.Type ==|\s*\[[^\]]*?\bProperties\.(\w+)[\w.]* exists)?"
)
_WORD = re.compile(r"\w+")
SECTIONS = ("Metadata", "Parameters", "Outputs", "Conditions", "Mappings", "Transform", "Rules")


@dataclass(frozen=True)
class Slice:
    """One rule with all that it uses: a rules file of its own.

    `each` is empty for a rule about named types. A rule that looks at every resource by itself has
    there the properties without which it leaves a resource alone, or `*`. `any_key`: it goes
    through all properties, not those that it names. `compares`: it reads values, not only keys.
    `adds`: it forbids keys, each resource by itself, so that only what is new can matter to it.
    """

    rule: str
    text: str
    types: frozenset[str]
    words: frozenset[str]
    each: frozenset[str]
    any_key: bool
    compares: bool
    adds: bool

    def sees(self, name: str, resource: dict[str, Any]) -> bool:
        """Can this resource matter to the rule at all?"""
        if resource.get("Type") in self.types or name in self.words or "*" in self.each:
            return True
        return bool(self.each & resource.get("Properties", {}).keys())

    def concerns(self, pointer: Pointer, kind: str, template: dict[str, Any]) -> bool:
        """Can a change of this kind at `pointer` matter to the rule?"""
        if self.adds:
            return kind in ("add", "item", "rename", "sibling")
        if pointer[0] != "Resources":
            return pointer[0] in self.words
        if not self.sees(str(pointer[1]), template["Resources"][pointer[1]]):
            return False
        if kind == "delete":
            return not self.each  # what looks at each by itself has nothing to look at
        if not self.compares and kind not in ("remove", "add"):
            return False  # it asks whether keys are there; another value is no other key
        return all(key in self.words or self.any_key for key in pointer[2:4])

    def view(self, template: dict[str, Any], changed: set[str]) -> dict[str, Any]:
        """The part of `template` that decides, when only the `changed` resources are new."""
        resources = template["Resources"]
        if self.each:
            kept = {name: one for name, one in resources.items() if name in changed}
        else:
            kept = {
                name: one
                for name, one in resources.items()
                if name in changed or self.sees(name, one)
            }
        sections = {name: template[name] for name in SECTIONS if name in template}
        mine = {name: value for name, value in sections.items() if name in self.words}
        return {**mine, "Resources": kept or {"Nothing": {"Type": "Custom::Nothing"}}}


def slices(file: RulesFile) -> list[Slice]:
    """Each named rule of a rules file."""
    blocks = {match[2]: block for block in _TOP.split(file.text) if (match := _HEAD.match(block))}
    return [_slice(rule.name, blocks) for rule in file.rules]


def _slice(rule: str, blocks: dict[str, str]) -> Slice:
    used = list(dict.fromkeys(_used(rule, blocks)))
    text = "\n".join(block for name, block in blocks.items() if name in used)
    code = _COMMENT.sub("", text)
    adds = rule == allowed.RULE
    return Slice(
        rule,
        text,
        frozenset(_TYPE.findall(code)),
        frozenset(_WORD.findall(code)),
        frozenset("*" if adds else filter(None, map(_each, _EVERY.finditer(code)))),
        any_key=re.search(r"%\w+\.\*", code) is not None,
        compares=re.search(r"==|!=|<|>|\bin\b|\bis_|\bnot in\b", _body(code)) is not None,
        adds=adds,
    )


def _body(code: str) -> str:
    """Without what only searches: a regular expression in brackets of keys."""
    return re.sub(r"\[\s*keys [^\]]*\]", "", code)


def _each(query: re.Match[str]) -> str:
    """What a query about every resource asks of one before it looks: a property, or nothing.

    Nothing to say of a query that only resources of a named type can answer.
    """
    some, asked, key = query.groups()
    if key:
        return key
    return "" if asked and (some or asked != ".Type ==") else "*"


def _used(name: str, blocks: dict[str, str]) -> Iterator[str]:
    yield name
    code = _COMMENT.sub("", blocks[name])
    for other in dict.fromkeys(_WORD.findall(code)):
        if other != name and other in blocks:
            yield from _used(other, blocks)
