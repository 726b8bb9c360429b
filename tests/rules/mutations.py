"""Every leaf of a template flipped, emptied and removed, and what an evader adds: who notices.

A leaf is a scalar, an empty container, or a reference as a whole. `python -m tests.rules.mutations`
writes the record, tests/golden/mutations.txt. It names tiers, not environments: another environment
of a tier adds a line only where its template has a leaf or a resource of its own, or where rules
answer differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.findings import Pointer
from pipeline.policy import catalogue, crosschecks, rulebook
from pipeline.policy.outward import may_leave
from pipeline.policy.rulebook import read_all
from pipeline.render import Rendered
from tests.rules import additions, engine
from tests.rules.cases import ROOT, RULES
from tests.rules.siblings import BAD
from tests.rules.slices import Slice, slices

GOLDEN = ROOT / "tests/golden/mutations.txt"
DAY = date(2026, 11, 22)
KINDS = ("flip", "empty", "remove", "literal", "add", "item", "rename", "delete", "sibling")
_REFERENCES = {"Ref", "Fn::GetAtt", "Fn::Sub"}
_WORKERS = 2

Noticed = dict[str, dict[tuple[str, str], list[str]]]  # environment -> (path, kind) -> rules


@dataclass(frozen=True)
class Mutant:
    """A template that differs in one thing from one that keeps every rule."""

    pointer: Pointer
    kind: str
    template: dict[str, Any]

    @property
    def changed(self) -> set[str]:
        """The resources that are not as they were."""
        return {str(self.pointer[1])} if self.pointer[0] == "Resources" else set()

    @property
    def path(self) -> str:
        return ".".join(map(str, self.pointer))


def mutants(template: dict[str, Any]) -> Iterator[Mutant]:
    """Each leaf of the template in each of the ways that a mistake or an evader changes it."""
    for pointer, value in leaves(template):
        for kind, new in (("flip", _flipped(value)), ("empty", _emptied(value))):
            if new != value:
                yield Mutant(pointer, kind, _with(template, pointer, [new]))
        yield Mutant(pointer, "remove", _with(template, pointer, []))
    for pointer, literal in additions.literals(template):
        yield Mutant(pointer, "literal", _with(template, pointer, [literal]))


def added(template: dict[str, Any]) -> Iterator[Mutant]:
    """The template with a property, a variable or an item more, or with a variable renamed."""
    for pointer, value in (*additions.properties(template), *additions.variables(template)):
        yield Mutant(pointer, "add", _with(template, pointer, [value]))
    for pointer, last in additions.items(template):
        yield Mutant(pointer, "item", _with(template, pointer, [_flipped_whole(last)]))
    for (*above, old), new in additions.renamed(template):
        variables = _at(template, above)
        renamed = {new if name == old else name: value for name, value in variables.items()}
        yield Mutant((*above, old), "rename", _with(template, tuple(above), [renamed]))


def _at(value: Any, pointer: Sequence[str | int]) -> Any:
    for key in pointer:
        value = value[key]
    return value


def _flipped_whole(value: Any) -> Any:
    if isinstance(value, dict) and value and not _REFERENCES & value.keys():
        return {key: _flipped_whole(item) for key, item in value.items()}
    if isinstance(value, list) and value:
        return [_flipped_whole(item) for item in value]
    return _flipped(value)


def leaves(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict) and value and not _REFERENCES & value.keys():
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, (*at, number))
    else:
        yield at, value


def _flipped(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 1000 + 1
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return {"Fn::GetAtt": ["Mutated", value["Fn::GetAtt"][1]]}
    if isinstance(value, dict) and value:
        return dict.fromkeys(value, "Mutated")
    return "mutated"


def _emptied(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"  # the text that looks like it
    return 0 if isinstance(value, int | float) else ""


def _with(value: Any, pointer: Pointer, new: list[Any]) -> Any:
    """A copy of `value` in which what stands at `pointer` is the one item of `new`, or gone.

    What isn't there yet is added.
    """
    key, *rest = pointer
    inner = new if not rest else [_with(value[key], tuple(rest), new)]
    if isinstance(value, list):
        assert isinstance(key, int)
        return [*value[:key], *inner, *value[key + 1 :]]
    if not inner:
        return {other: item for other, item in value.items() if other != key}
    return {**value, key: inner[0]}


def deletions(template: dict[str, Any]) -> Iterator[Mutant]:
    """The template without each of its resources."""
    for name in template["Resources"]:
        pointer = ("Resources", name)
        yield Mutant(pointer, "delete", _with(template, pointer, []))


def siblings(template: dict[str, Any]) -> Iterator[Mutant]:
    """The template with one more resource of each type, a bad one."""
    for kind, properties in BAD.items():
        name = sibling_name(kind)
        bad = {"Type": kind, "Properties": properties}
        resources = {**template["Resources"], name: bad}
        yield Mutant(("Resources", name), "sibling", {**template, "Resources": resources})


def sibling_name(kind: str) -> str:
    """The logical id of the bad resource of a type."""
    return f"Bad{kind.replace('::', '')}"


class Rules:
    """All rules, to ask which of them a mutant of an environment's template falls foul of."""

    def __init__(self) -> None:
        self.slices = [one for file in read_all(RULES) for one in slices(file)]
        self.required = rulebook.required(RULES, catalogue.rules(ROOT)).tiers

    def noticed(self, mutants: Sequence[Mutant], original: Rendered) -> list[list[str]]:
        """For each mutant the names of the rules that notice it, sorted."""
        jobs = [
            (one, number, json.dumps(one.view(mutant.template, mutant.changed)))
            for number, mutant in enumerate(mutants)
            for one in self.slices
            if one.concerns(mutant.pointer, mutant.kind, _both(original.value, mutant))
        ]
        found: list[set[str]] = [set() for _ in mutants]
        required = self.required[original.settings.tier]
        for (one, number, _), status in zip(jobs, self._statuses(jobs), strict=True):
            silent = status == "SKIP" and one.rule in required and not one.each
            if status == "FAIL" or silent:
                found[number].add(one.rule)
        for number, mutant in enumerate(mutants):
            found[number] |= self._cross(mutant, original)
        return [sorted(names) for names in found]

    def _statuses(self, jobs: Sequence[tuple[Slice, int, str]]) -> list[str]:
        """The engine's answers; each question is asked once, by processes side by side."""
        asked = {(one.rule, text): one for one, _, text in jobs}
        questions = list(asked)
        parts = [questions[number::_WORKERS] for number in range(_WORKERS)]
        texts = {one.rule: one.text for one in self.slices}
        with ThreadPoolExecutor(_WORKERS) as pool:
            answers = list(pool.map(lambda part: _ask(part, texts), parts))
        known = {
            question: status
            for part, told in zip(parts, answers, strict=True)
            for question, status in zip(part, told, strict=True)
        }
        return [known[one.rule, text] for one, _, text in jobs]

    def _cross(self, mutant: Mutant, original: Rendered) -> set[str]:
        if not _may_matter_to_crosschecks(mutant, original.value):
            return set()
        required = self.required[original.settings.tier]
        foreign = original.settings.foreign()
        verdicts = crosschecks.judge("mutant", mutant.template, DAY, foreign)
        return {
            one.rule
            for one in verdicts
            if one.status == "FAIL" or (one.status == "SKIP" and one.rule in required)
        }


def _both(original: dict[str, Any], mutant: Mutant) -> dict[str, Any]:
    """The resources of before and after: what is gone was seen, what is new is seen."""
    return {"Resources": {**mutant.template["Resources"], **original["Resources"]}}


def _may_matter_to_crosschecks(mutant: Mutant, original: dict[str, Any]) -> bool:
    """They read references, and few other things; a whole resource always matters."""
    read = {"Type", "Runtime", "Statement", "Resource", "Namespace", "MetricName", "Dimensions"}
    if mutant.pointer[0] != "Resources":
        return False
    if len(mutant.pointer) == 2 or mutant.kind in ("literal", "add", "item", "rename"):
        return True
    return bool(read & set(mutant.pointer)) or _is_reference(original, mutant.pointer)


def _is_reference(template: Any, pointer: Pointer) -> bool:
    """Is it a reference, or a value where something outside may be named?"""
    kind = template["Resources"][pointer[1]]["Type"]
    named = may_leave(kind, additions.path_of(pointer))
    return (named and pointer[2] == "Properties") or isinstance(_at(template, pointer), dict)


def _ask(questions: Sequence[tuple[str, str]], texts: dict[str, str]) -> list[str]:
    templates = {str(number): text for number, (_, text) in enumerate(questions)}
    jobs = [(rule, str(number)) for number, (rule, _) in enumerate(questions)]
    return [verdicts[0][1] for verdicts in engine.ask(texts, templates, jobs)]


def record(noticed: Noticed, tiers: Mapping[str, str]) -> str:
    """The rules that notice each mutant, a line for each path and set of rules.

    `tiers` has the tier of each environment. Tiers that agree share a line. A tier has the lines of
    all its environments, so each line is true of at least one environment of each tier that it
    names.
    """
    lines: dict[tuple[str, str], list[str]] = {}
    for tier in rulebook.TIERS:
        answers = [answer for name, answer in noticed.items() if tiers[name] == tier]
        for path, kinds, rules in _grouped(answers):
            lines.setdefault((path, f"{kinds}: {rules}"), []).append(tier)
    return "".join(f"{path} [{','.join(held)}] {said}\n" for (path, said), held in lines.items())


def _grouped(answers: Sequence[dict[tuple[str, str], list[str]]]) -> Iterator[tuple[str, str, str]]:
    by_rules: dict[tuple[str, str], set[str]] = {}
    for answer in answers:
        for (path, kind), rules in answer.items():
            if rules:
                by_rules.setdefault((path, " ".join(rules)), set()).add(kind)
    for (path, said), kinds in by_rules.items():
        yield path, ",".join(sorted(kinds, key=KINDS.index)), said


def sweep(rendered: Sequence[Rendered]) -> Noticed:
    """For each environment and each of its mutants the rules that notice it."""
    rules = Rules()
    result = {}
    for one in rendered:
        every = [
            *mutants(one.value),
            *added(one.value),
            *deletions(one.value),
            *siblings(one.value),
        ]
        names = rules.noticed(every, one)
        pairs = zip(every, names, strict=True)
        result[one.name] = {(mutant.path, mutant.kind): noticed for mutant, noticed in pairs}
    return result


if __name__ == "__main__":
    from pipeline.environment import settings
    from pipeline.render import render_all

    rendered = render_all(settings.names(ROOT), ROOT)
    tiers = {one.name: one.settings.tier for one in rendered}
    GOLDEN.write_text(record(sweep(rendered), tiers), encoding="utf-8")
