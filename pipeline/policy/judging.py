"""Rules and templates -> verdicts: what the Guard engine says, and what it said before.

A file that crashes the engine is named, and the others are judged; an answer is asked for once, as
long as nothing changes that it rests on (pipeline/verdict_cache.py).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline import copies
from pipeline.errors import UserError
from pipeline.findings import TOOL_GUARD
from pipeline.policy import engines, rulebook
from pipeline.policy.rulebook import RulesFile
from pipeline.policy.verdicts import Failure, Verdict
from pipeline.verdict_cache import Cache

_AT_LINE = re.compile(r"at line (\d+) at column (\d+)")


@dataclass(frozen=True)
class Broken:
    """A rules file that the engine couldn't judge with; `line` 0 means the whole file."""

    file: str
    what: str
    line: int = 0


@dataclass(frozen=True)
class Judgement:
    """Every verdict of every file that the engine could use, and the files that it couldn't.

    `ran` are the files of the engine's own modules.
    """

    verdicts: tuple[Verdict, ...]
    broken: tuple[Broken, ...]
    ran: frozenset[str] = frozenset()


def verdicts(templates: Mapping[str, dict[str, Any]], rules: Path) -> Judgement:
    """The verdicts of the rules files in `rules` on any templates, by name."""
    return judge(templates, rulebook.read_all(rules))


@contextmanager
def begun(
    templates: Mapping[str, dict[str, Any]], files: Sequence[RulesFile], cache: Cache
) -> Iterator[Callable[[], Judgement]]:
    """Begin to judge what isn't known yet, in processes of their own; call what you get to wait."""
    asked = [_Asked.of(name, template, files, cache) for name, template in templates.items()]
    parts: list[Judgement] = []
    with ExitStack() as at_work:
        jobs = [
            (job, at_work.enter_context(_begun({one.name: one.question for one in job}, unknown)))
            for job, unknown in _jobs(asked)
        ]

        def judgement() -> Judgement:
            parts[:] = [part() for _, part in jobs]
            broken = {one.file: one for part in parts for one in part.broken}
            verdicts = [verdict for one in asked for verdict in one.remembered]
            verdicts += [verdict for part in parts for verdict in part.verdicts]
            standing = [verdict for verdict in verdicts if verdict.file not in broken]
            return Judgement(tuple(standing), tuple(broken.values()))

        try:
            yield judgement
        finally:  # who waits for the verdicts needn't wait for this
            for (job, _), part in zip(jobs, parts, strict=False):
                for one in job:
                    one.keep(part, cache)


@dataclass(frozen=True)
class _Asked:
    """A template: what the cache knows of it, and the rules files that are still to judge it."""

    name: str
    question: str
    known: dict[str, list[Any]]  # by the digests of today's rules files
    remembered: tuple[Verdict, ...]
    unknown: tuple[RulesFile, ...]

    @classmethod
    def of(
        cls, name: str, template: dict[str, Any], files: Sequence[RulesFile], cache: Cache
    ) -> _Asked:
        question = _strict_json(name, template)
        said: dict[str, list[Any]] = cache.get(TOOL_GUARD, question) or {}
        known = {_digest(file): said[_digest(file)] for file in files if _digest(file) in said}
        remembered = [
            verdict
            for file in files
            for verdict in _verdicts(file.name, name, known.get(_digest(file), []))
        ]
        unknown = [file for file in files if _digest(file) not in known]
        return cls(name, question, known, tuple(remembered), tuple(unknown))

    def keep(self, now: Judgement, cache: Cache) -> None:
        broken = {one.file for one in now.broken}
        judged = [file for file in self.unknown if file.name not in broken]
        answers = {_digest(file): _answer(file, self.name, now) for file in judged}
        cache.put(TOOL_GUARD, self.question, {**self.known, **answers}, now.ran)


def _jobs(asked: Sequence[_Asked]) -> Iterator[tuple[list[_Asked], tuple[RulesFile, ...]]]:
    """Templates for one process each, two and more, and the files that are to judge all of them."""
    alike: dict[tuple[str, ...], list[_Asked]] = {}
    for one in asked:
        if one.unknown:
            alike.setdefault(tuple(file.name for file in one.unknown), []).append(one)
    for group in alike.values():
        shares = copies.shares(len(group))
        yield from ((group[share::shares], group[0].unknown) for share in range(shares))


def _digest(file: RulesFile) -> str:
    return hashlib.sha256(file.text.encode()).hexdigest()


def _answer(file: RulesFile, template: str, judgement: Judgement) -> list[Any]:
    """A file's verdicts on a template, as the engine gives them."""
    return [
        [verdict.rule, verdict.status, [asdict(failure) for failure in verdict.failures]]
        for verdict in judgement.verdicts
        if (verdict.file, verdict.template) == (file.name, template)
    ]


def judge(templates: Mapping[str, dict[str, Any]], files: Sequence[RulesFile]) -> Judgement:
    """The engine's verdicts. A file that crashes it is named, the others are still judged."""
    texts = {name: _strict_json(name, template) for name, template in templates.items()}
    with _begun(texts, files) as judgement:
        return judgement()


@contextmanager
def _begun(
    texts: Mapping[str, str], files: Sequence[RulesFile]
) -> Iterator[Callable[[], Judgement]]:
    """The same, of templates in JSON, begun in one process."""
    task = {"files": {file.name: file.text for file in files}, "templates": texts}
    jobs = [(file.name, name) for file in files for name in texts]
    with ExitStack() as at_work:

        def ask(jobs: Sequence[tuple[str, str]]) -> Callable[[], engines.Answers]:
            return at_work.enter_context(engines.asked({**task, "jobs": jobs}))

        first = ask(jobs)

        def judgement() -> Judgement:
            verdicts: list[Verdict] = []
            broken: dict[str, Broken] = {}
            ran: set[str] = set()
            left, answers_of = jobs, first
            while left:
                (ready, *answers), died = answers_of()
                ran.update(ready["ready"])
                for (file, template), answer in zip(left, answers, strict=False):
                    if "error" in answer:
                        broken.setdefault(file, _engine_error(file, answer["error"]))
                    else:
                        verdicts += _verdicts(file, template, answer["verdicts"])
                left = left[len(answers) :]
                if left:
                    file = left[0][0]
                    broken.setdefault(file, Broken(file, died))
                    left = [job for job in left if job[0] != file]
                    answers_of = ask(left)
            standing = [verdict for verdict in verdicts if verdict.file not in broken]
            return Judgement(tuple(standing), tuple(broken.values()), frozenset(ran))

        yield judgement


def _strict_json(name: str, template: dict[str, Any]) -> str:
    try:
        return json.dumps(template, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"the template isn't JSON: {error}.",
            where=name,
            mend="A template holds texts, finite numbers, true, false, lists and mappings only.",
        ) from None


def _engine_error(file: str, text: str) -> Broken:
    """The engine's exception in words of ours, with the line where it names one."""
    kind, _, said = text.partition(": ")
    at = _AT_LINE.search(said)
    if at:
        return Broken(file, f"Guard can't read the rule near column {at[2]}.", int(at[1]))
    if kind == "PanicException":
        return Broken(file, "the engine panicked on it.")
    return Broken(file, f"Guard can't evaluate it: {said.strip()}.")


def _verdicts(file: str, template: str, answers: Iterable[list[Any]]) -> Iterator[Verdict]:
    for rule, status, failures in answers:
        failed = tuple(Failure(**failure) for failure in failures)
        yield Verdict(template, file, rule, status, failed)
