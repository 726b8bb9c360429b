"""Rendered templates + rules/ -> findings: the station that says whether policy holds.

Guard's own answer is a tree for one rules file and one template. Here it becomes one finding for
each rule and resource, with the line of the Jinja template to mend. A rule that skips where it has
to pass is a finding too: a check that saw nothing has failed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from pipeline import redaction
from pipeline.errors import brief, shortened
from pipeline.findings import RULES_FILE, TOOL_GUARD, Finding, Level, Place, Pointer
from pipeline.policy import (
    allowed,
    allowed_guard,
    catalogue,
    crosschecks,
    judging,
    rulebook,
    unseen,
    waivers,
)
from pipeline.policy.judging import Broken, Judgement
from pipeline.policy.rulebook import Required, Rule
from pipeline.policy.verdicts import Failure, Verdict
from pipeline.verdict_cache import NO_CACHE, Cache, today

RULES = "rules"
FOUND_CHARACTERS = 100

_ITEMS = re.compile(r"(?:%\w+(?:\[\*\])?\.)?((?:\w+\.)+) \(filter-clauses\)")


class Named(Protocol):
    """Of an environment's settings: its name, how strictly it is judged, what it names outside."""

    @property
    def name(self) -> str: ...
    @property
    def tier(self) -> str: ...
    def foreign(self) -> frozenset[str]: ...


class Template(Protocol):
    """What the station asks of a rendered template (pipeline.render.Rendered)."""

    @property
    def settings(self) -> Named: ...
    @property
    def value(self) -> dict[str, Any]: ...
    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]: ...


def guard(
    rendered: Sequence[Template],
    root: Path,
    clock: Callable[[], date] = today,
    cache: Cache = NO_CACHE,
) -> list[Finding]:
    """What the rules of `root` find in these templates; only INFO findings mean all is well."""
    with begun(rendered, root, clock, cache) as findings:
        return findings()


@contextmanager
def begun(
    rendered: Sequence[Template], root: Path, clock: Callable[[], date], cache: Cache
) -> Iterator[Callable[[], list[Finding]]]:
    """The same, begun in processes of the engine's; call what you get to wait.

    The rules of change sets say nothing of a template. They are read along, so that a mistake in
    them is told here and not in the middle of a deployment.
    """
    folder = root / RULES
    of_templates, of_changesets = rulebook.read_all(folder), rulebook.of_changesets(folder)
    files = [*of_templates, *of_changesets]
    with judging.begun({one.settings.name: one.value for one in rendered}, files, cache) as waited:
        rulebook.demand_cases(files, folder)
        rules = catalogue.with_checks(of_templates)
        required = rulebook.required(folder, rules)
        excused = waivers.read(folder, root)
        waivers.read(folder / rulebook.CHANGESETS, root)

        def findings() -> list[Finding]:
            judgement = waited()
            found = [_broken(broken) for broken in judgement.broken]
            found += _stale(root)
            not_here = {file.name for file in of_changesets}
            for template in rendered:
                name = template.settings.name
                mine = [
                    one
                    for one in judgement.verdicts
                    if one.template == name and one.file not in not_here
                ]
                foreign = template.settings.foreign()
                mine += crosschecks.judge(name, template.value, clock(), foreign)
                found += findings_of(template, mine, rules)
                found += _silences(template, mine, _judged(rules, judgement), required)
            names = {one.settings.name for one in rendered}
            return waivers.apply(found, excused, names, clock())

        yield findings


def guard_outside(
    template: Template, root: Path, clock: Callable[[], date] = today
) -> list[Finding]:
    """What the general rules find in a template that comes from elsewhere.

    A rule that finds nothing to judge doesn't fail there; the result names those, and the rules
    that are this stack's own. What CloudFormation makes only later can't be judged: an error.
    """
    rules = catalogue.rules(root)
    rendered = rulebook.required(root / RULES, rules).rendered
    files = [one for one in rulebook.read_all(root / RULES) if _is_general(one.name)]
    name = template.settings.name
    judgement = judging.judge({name: template.value}, files)
    verdicts = [*judgement.verdicts, *crosschecks.judge(name, template.value, clock())]
    verdicts = [one for one in verdicts if one.rule not in rendered]
    silent = [one.rule for one in verdicts if one.status == "SKIP"]
    own = [rule.name for rule in rules if rule.file.startswith(f"{rulebook.APPLICATION}/")]
    findings = [_broken(broken) for broken in judgement.broken]
    findings += findings_of(template, verdicts, rules)
    findings += _unseen(template)
    return [*findings, *_not_judged(silent, len(own), len(rendered), template)]


def _is_general(file: str) -> bool:
    return file.startswith(f"{rulebook.GENERAL}/")


def _unseen(template: Template) -> Iterator[Finding]:
    for pointer, message in unseen.parts(template.value):
        place, _ = template.places(pointer)
        yield Finding(
            tool=TOOL_GUARD,
            rule=unseen.RULE,
            level=Level.ERROR,
            message=message,
            environment=template.settings.name,
            pointer=pointer,
            mend=unseen.MEND,
            place=place,
        )


def _not_judged(
    silent: Sequence[str], own: int, rendered: int, template: Template
) -> Iterator[Finding]:
    place, _ = template.places(())
    said = {
        "NOTHING_TO_JUDGE": silent
        and f"{len(silent)} general rules found nothing to judge here: {', '.join(silent)}.",
        "RULES_LEFT_OUT": (own or rendered)
        and (f"{own} rules of rules/{rulebook.APPLICATION} and " if own else "")
        + f"{rendered} rules about how a repository renders were left out: they are about its own"
        " templates.",
    }
    for rule, message in said.items():
        if message:
            yield Finding(
                tool=TOOL_GUARD,
                rule=rule,
                level=Level.INFO,
                message=str(message),
                environment=template.settings.name,
                place=place,
            )


def _stale(root: Path) -> Iterator[Finding]:
    """A finding if the templates were judged by another list than the one that people read."""
    if allowed_guard.is_stale(root):
        yield Finding(
            tool=TOOL_GUARD,
            rule=RULES_FILE,
            level=Level.ERROR,
            message=f"{allowed_guard.RULES} isn't made of the list in {allowed.FILE}.",
            mend="`nox -s refresh`, and look at the difference.",
            place=Place(allowed.FILE, 1),
        )


def _broken(broken: Broken) -> Finding:
    return Finding(
        tool=TOOL_GUARD,
        rule=RULES_FILE,
        level=Level.ERROR,
        message=f"rules/{broken.file}: {broken.what} None of its rules was judged.",
        mend="Correct the file; `cfn-guard test` with its tests shows the same. A rule must not"
        " refer to itself, and every %variable needs its `let`.",
        place=Place(f"{RULES}/{broken.file}", broken.line),
    )


def findings_of(
    template: Template, verdicts: Sequence[Verdict], rules: Sequence[Rule]
) -> Iterator[Finding]:
    """One template's findings, one for each failing rule and resource."""
    why = {rule.name: f"{rule.protects} ({rule.source})" for rule in rules}
    for verdict in verdicts:
        for finding in _failed(verdict, template):
            yield replace(finding, why=why[verdict.rule])


def _judged(rules: Sequence[Rule], judgement: Judgement) -> list[Rule]:
    """The rules that the engine could be asked about at all."""
    broken = {one.file for one in judgement.broken}
    return [rule for rule in rules if rule.file not in broken]


def _silences(
    template: Template, verdicts: Sequence[Verdict], rules: Sequence[Rule], required: Required
) -> Iterator[Finding]:
    """A finding for each rule that had to pass here and said nothing."""
    status = {(one.file, one.rule): one.status for one in verdicts}
    for rule in rules:
        said = status.get((rule.file, rule.name), "nothing")
        must_pass = rule.name in required.tiers[template.settings.tier]
        if said == "nothing" or (said == "SKIP" and must_pass):
            yield _silent(rule, said, template, required.listed.get(rule.name))


def _silent(rule: Rule, said: str, template: Template, listed: str | None) -> Finding:
    way_out = (
        f"take the rule from {listed}, which demands it"
        if listed
        else f"list the rule in {rule.exceptions}: under the tiers where it has to pass, or under"
        " optional with the reason"
    )
    return Finding(
        tool=TOOL_GUARD,
        rule=rule.name,
        level=Level.ERROR,
        message=f"The rule says {said}: the template has nothing for it to judge, and in the"
        f" tier {template.settings.tier} it has to pass.",
        mend=f"Bring back what is missing from the template. Or {way_out}.",
        environment=template.settings.name,
        place=rule.place,
    )


def _failed(verdict: Verdict, template: Template) -> Iterator[Finding]:
    """One finding for each resource that the rule fails on; clauses after the first are notes."""
    failures = verdict.failures
    if verdict.status == "FAIL" and not failures:
        failures = (Failure("", None, "", "", verdict.rule),)
    groups: dict[str, list[tuple[Pointer, Failure]]] = {}
    for failure in failures:
        pointer = pointer_of(failure.path, template.value) or _empty_list(failure, template.value)
        resource = str(pointer[1]) if pointer[:1] == ("Resources",) and pointer[1:] else ""
        groups.setdefault(resource, []).append((pointer, failure))
    for group in groups.values():
        yield _finding(verdict, group, template)


def _finding(
    verdict: Verdict, group: Sequence[tuple[Pointer, Failure]], template: Template
) -> Finding:
    pointer, first = group[0]
    message, mend = _texts(verdict.rule, pointer, first, template)
    place, value_place = template.places(pointer)
    return Finding(
        tool=TOOL_GUARD,
        rule=verdict.rule,
        level=Level.INFO if first.note else Level.ERROR,
        message=message,
        environment=verdict.template,
        pointer=pointer,
        found=_found(pointer, first),
        mend=mend,
        place=place,
        value_place=value_place,
        notes=_notes(verdict.rule, message, group, template),
    )


def _notes(
    rule: str, message: str, group: Sequence[tuple[Pointer, Failure]], template: Template
) -> tuple[str, ...]:
    """The other clauses that fail on the same resource, each text once."""
    notes: dict[str, str] = {}
    for pointer, failure in group[1:]:
        other, mend = _texts(rule, pointer, failure, template)
        if other != message:
            where = shortened(".".join(map(str, pointer[2:])), FOUND_CHARACTERS) or "template"
            notes.setdefault(other, f"{where}: {other} Mend: {mend}".removesuffix(" Mend: "))
    return tuple(notes.values())


def _texts(rule: str, pointer: Pointer, failure: Failure, template: Template) -> tuple[str, str]:
    """A rule's <<text>> as what is wrong and how to mend it, each on one line.

    A rule that looks for something inside a text or a number says nothing that is true of it, and a
    clause may have no text at all. The engine's own words are for the authors of rules.
    """
    if rule == allowed.RULE and len(pointer) > len(("Resources", "Name", "Properties")):
        return allowed.told(template.value, pointer)
    if rule == allowed.TYPES and isinstance(kind := _at(template.value, pointer), str):
        return allowed.told_type(kind)
    name = brief(str(pointer[-1])) if pointer else "The template"
    if failure.missing and isinstance(_at(template.value, pointer), str | int | float):
        return (
            f"{name} is a plain value, and {rule} looks for {failure.missing} in it.",
            f"write {name} in the form that CloudFormation's documentation gives.",
        )
    if not failure.message.strip():
        return f"{name} is not as {rule} asks.", f"`guard --explain {rule}` shows what that is."
    what, _, mend = failure.message.partition("Mend:")
    return " ".join(what.split()), " ".join(mend.split())


def _found(pointer: Pointer, failure: Failure) -> str:
    """The offending value, cut short; a value that may be a secret never appears."""
    if failure.missing:
        return f"no {failure.missing}"
    if not pointer or failure.found is None:
        return ""
    text = json.dumps(redaction.shown(failure.found, pointer), ensure_ascii=False)
    return text if len(text) <= FOUND_CHARACTERS else text[: FOUND_CHARACTERS - 1] + "…"


def _at(value: Any, pointer: Pointer) -> Any:
    for key in pointer:
        value = value[key]
    return value


def pointer_of(path: str, template: Any) -> Pointer:
    """Guard's path as a pointer. Guard joins keys by slashes and escapes none, so look them up."""
    pointer: list[str | int] = []
    here, rest = template, path.removeprefix("/")
    while rest:
        key = _longest_key(here, rest)
        if key is None:
            break
        here = here[key]
        pointer.append(key)
        rest = rest[len(str(key)) :].removeprefix("/")
    return tuple(pointer)


def _empty_list(failure: Failure, template: dict[str, Any]) -> Pointer:
    """The first empty list that a clause on its items was about; Guard names no place for it."""
    query = _ITEMS.match(failure.clause)
    keys = query[1].rstrip(".").split(".") if query else []
    resources = template.get("Resources")
    for name, resource in resources.items() if keys and isinstance(resources, dict) else ():
        here = resource
        for key in keys:
            here = here.get(key) if isinstance(here, dict) else None
        if here == []:
            return ("Resources", name, *keys)
    return ()


def _longest_key(here: Any, rest: str) -> str | int | None:
    if isinstance(here, list):
        at, _, _ = rest.partition("/")
        return int(at) if at.isdecimal() and int(at) < len(here) else None
    if not isinstance(here, dict):
        return None
    while rest and rest not in here:
        rest = rest.rpartition("/")[0]
    return rest or None
