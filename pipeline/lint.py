"""cfn-lint over rendered templates: its rules are loaded once, copies of the process share them.

Informational findings are decided one by one in rules/lint.yaml; an undecided one fails, and so
does a decision that nothing needs any more.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import copies, files, verdict_cache
from pipeline.copies import Copy
from pipeline.documents import parse_settings
from pipeline.documents.lines import Lines
from pipeline.environment.settings import names
from pipeline.errors import UserError, shortened
from pipeline.findings import TOOL_LINT, Finding, Level, Place
from pipeline.render import Rendered
from pipeline.verdict_cache import NO_CACHE, Cache, watched

DECISIONS = "rules/lint.yaml"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "informational": Level.INFO}
_CHECKS = ["E", "W", "I"]
# Of a runtime that is deprecated, or has no new functions any more: whether one is new is in no
# template. FUNCTIONS_RUN_MAINTAINED_RUNTIMES tells the first, a deployment the second.
_TOLD_ELSEWHERE = {"W2531", "E2531"}
LONGEST = 300  # characters of a message: cfn-lint repeats values whole


@dataclass(frozen=True)
class Decision:
    """One informational rule that a resource may break, and why; `*` is every resource."""

    rule: str
    resource: str
    reason: str
    line: int

    def covers(self, finding: Finding) -> bool:
        return self.rule == finding.rule and self.resource in {"*", finding.logical_id}


@dataclass(frozen=True)
class Match:
    """What cfn-lint says of a template: `line` counts from 1 as YAML counts."""

    rule: str
    severity: str
    message: str
    path: Sequence[str | int]
    line: int
    url: str


def lint(rendered: Sequence[Rendered], root: Path, cache: Cache = NO_CACHE) -> list[Finding]:
    """What cfn-lint says of the templates; informational findings with a decision are left out."""
    with begun(rendered, root, cache) as findings:
        return findings()


@contextmanager
def begun(
    rendered: Sequence[Rendered], root: Path, cache: Cache
) -> Iterator[Callable[[], list[Finding]]]:
    """The same, begun in copies of this process where that is worth it; call it to wait."""
    known = [cache.get(TOOL_LINT, _question(template)) for template in rendered]
    unknown = [template for template, said in zip(rendered, known, strict=True) if said is None]
    answered: list[_Answer] = []
    asked = [_Asked.of(template) for template in unknown]
    with copies.shared_out(asked, _ask, loaded_judge, _at_hand) as answers:

        def findings() -> list[Finding]:
            answered[:] = answers()
            matches = iter(answered)
            found = [
                _finding(template, match)
                for template, said in zip(rendered, known, strict=True)
                for match in (next(matches)[0] if said is None else [Match(*one) for one in said])
            ]
            whole = {template.name for template in rendered} == set(names(root))
            return decide(found, decisions(root), whole=whole)

        try:
            yield findings
        finally:  # who waits for the findings needn't wait for this
            for template, (matches, opened) in zip(unknown, answered, strict=False):
                if _at_hand:
                    verdict_cache.inherit(opened)
                _keep(template, matches, opened, cache)


def stand_by(number: int) -> None:
    """Have so many copies of this process at hand, which do all linting for it and its copies.

    They stay until `dismiss`: what cfn-lint found out for one template, it needn't for the next.
    """
    for copy in [copy for copy in _at_hand if copy.has_ended()]:
        copy.close()
        _at_hand.remove(copy)
    while len(_at_hand) < number:
        _at_hand.append(Copy(_remembering(), at_rest=gc.collect))


def is_at_hand() -> bool:
    return bool(_at_hand)


def is_awaited() -> bool:
    """Is there an answer that this process asked a copy for and didn't take?"""
    return any(copy.is_awaited for copy in _at_hand)


def dismiss() -> None:
    while _at_hand:
        _at_hand.pop().close()


def decide(findings: Iterable[Finding], decided: list[Decision], *, whole: bool) -> list[Finding]:
    """The findings that stand. An informational one without a decision becomes a warning;
    an unused decision is one too, where the `whole` set of environments was judged."""
    standing, used = [], set()
    for finding in findings:
        covering = [decision for decision in decided if decision.covers(finding)]
        if finding.level is Level.INFO and covering:
            used.update(covering)
        elif finding.level is Level.INFO:
            standing.append(_undecided(finding))
        else:
            standing.append(finding)
    unused = [decision for decision in decided if decision not in used] if whole else []
    return standing + [_unused(decision) for decision in unused]


def decisions(root: Path) -> list[Decision]:
    """rules/lint.yaml, checked; no file means no decisions."""
    path = root / DECISIONS
    if not path.exists():
        return []
    document = parse_settings(files.read_text(path, DECISIONS), DECISIONS)
    entries = document.value.get("decided")
    if set(document.value) != {"decided"} or not isinstance(entries, list):
        raise UserError(
            "it should hold one list, `decided`.",
            where=f"{DECISIONS}:1",
            mend="Each entry has rule, resource and reason.",
        )
    return [
        _decision(entry, document.line(("decided", number))) for number, entry in enumerate(entries)
    ]


def _decision(entry: Any, line: int) -> Decision:
    keys = {"rule", "resource", "reason"}
    if not isinstance(entry, dict) or set(entry) != keys or not all(entry.values()):
        raise UserError(
            "an entry needs rule, resource and reason, and nothing else.",
            where=f"{DECISIONS}:{line}",
            mend='Such as {rule: I3042, resource: "*", reason: why this is right here}.',
        )
    return Decision(str(entry["rule"]), str(entry["resource"]), str(entry["reason"]), line)


@dataclass(frozen=True)
class _Asked:
    """A template's text; `where` its region is said."""

    text: str
    region: str
    where: str

    @classmethod
    def of(cls, template: Rendered) -> _Asked:
        where = str(template.loaded.place(("aws", "region")))
        return cls(template.text, template.settings.aws.region, where)


def _question(template: Rendered) -> list[str]:
    return [template.text, template.settings.aws.region]


_Answer = tuple[list[Match], set[str]]
_at_hand: list[Copy[_Asked, _Answer]] = []


def _ask(asked: _Asked) -> _Answer:
    """What cfn-lint, loaded only if it has to be asked, says of a template; what it opened."""
    judge, _ = loaded_judge()
    with watched() as opened:
        matches = [_match(said) for said in judge(asked)]
    return [match for match in matches if match.rule not in _TOLD_ELSEWHERE], opened


def _remembering() -> Callable[[_Asked], _Answer]:
    """The same in a process that stays: its answers rest on all that it opened since it began."""
    before: set[str] = set()

    def ask(asked: _Asked) -> _Answer:
        gc.disable()  # until nobody waits
        matches, opened = _ask(asked)
        before.update(opened)
        return matches, before

    return ask


def _keep(template: Rendered, matches: list[Match], opened: set[str], cache: Cache) -> None:
    _, loaded = loaded_judge()
    said = [astuple(match) for match in matches]
    cache.put(TOOL_LINT, _question(template), said, loaded | opened)


def _match(said: Any) -> Match:
    """cfn-lint's own match, without what hangs on it: its texts know their lines and no pickle."""
    path = [key if isinstance(key, int) else str(key) for key in getattr(said, "path", None) or ()]
    rule = said.rule
    message = shortened(str(said.message), LONGEST)
    return Match(rule.id, rule.severity, message, path, said.linenumber, rule.source_url)


@functools.cache
def loaded_judge() -> tuple[Callable[[_Asked], list[Any]], frozenset[str]]:
    """What lints one template, and the files that its rules were loaded from: once a process."""
    with watched() as loaded:
        judge = _judge()
    gc.freeze()  # all of that stays: no search for cycles looks at it, and makes copies copy it
    return judge, frozenset(loaded)


def _judge() -> Callable[[_Asked], list[Any]]:
    """A function that lints one template, with cfn-lint imported and its rules loaded."""
    import cfnlint.api
    from cfnlint.config import ManualArgs
    from cfnlint.core import get_rules
    from cfnlint.exceptions import InvalidRegionException

    rules = get_rules([], [], _CHECKS, mandatory_rules=_CHECKS)

    def judge(asked: _Asked) -> list[Any]:
        # mandatory: a template can't switch a rule off for itself
        config = ManualArgs(
            regions=[asked.region],
            include_checks=_CHECKS,
            mandatory_checks=_CHECKS,
        )
        try:
            matches: list[Any] = cfnlint.api.lint(asked.text, rules, config=config)
        except InvalidRegionException:
            raise _unknown_region(asked) from None
        return matches

    return judge


def _unknown_region(asked: _Asked) -> UserError:
    return UserError(
        f"cfn-lint knows no region {asked.region}.",
        where=asked.where,
        mend="Is it misspelt? A new region needs a newer cfn-lint: nox -s lock -- --upgrade",
    )


def _finding(rendered: Rendered, match: Match) -> Finding:
    number = Lines(rendered.text).from_yaml(match.line)
    place, value_place = rendered.line_places(number)
    return Finding(
        tool=TOOL_LINT,
        rule=match.rule,
        level=_LEVELS.get(match.severity, Level.ERROR),
        message=match.message,
        environment=rendered.name,
        pointer=tuple(match.path),
        mend=match.url and f"See {match.url}",
        place=place or Place(rendered.document.file, number),
        value_place=value_place,
    )


def _undecided(finding: Finding) -> Finding:
    mend = f"Mend it, or decide in {DECISIONS} that it is right here, and say why."
    return replace(finding, level=Level.WARNING, mend=mend)


def _unused(decision: Decision) -> Finding:
    return Finding(
        tool=TOOL_LINT,
        rule=decision.rule,
        level=Level.WARNING,
        message=f"The decision on {decision.rule} for {decision.resource} is no longer needed.",
        mend="Remove the entry.",
        place=Place(DECISIONS, decision.line),
    )
