"""What rules/ holds: rules files, the tests beside them, and which rule must pass where.

Read as text, before the engine sees anything: a check that saw nothing has failed, so everything
that would let a rule stay silent is an error here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline import files
from pipeline.documents import Document, parse_settings
from pipeline.errors import UserError
from pipeline.findings import Place

OUTCOMES = ("PASS", "FAIL", "SKIP")
EVERYWHERE = "everywhere"
TIERS = ("development", "production")
OPTIONAL = "optional"
RENDERED = "rendered"
GENERAL, APPLICATION, CHANGESETS = "general", "application", "changesets"

_SOURCES = ("docs/", "https://", "rules/")
_RULE = re.compile(r"^rule[ \t]+(\w+)(?![\w(])", re.MULTILINE)
_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*\Z")
_CASE_NAME = re.compile(r"^- name: ", re.MULTILINE)
# the outcome first, which is rare, then the rule before it
_OUTCOME = re.compile(r":[ \t]*['\"]?(PASS|FAIL|SKIP)\b['\"]?[ \t]*(?=#|,|\}|$)", re.MULTILINE)
_BEFORE = re.compile(r"(?:\A[ \t]+|[{,][ \t]*)(\w+)\Z")


@dataclass(frozen=True)
class Rule:
    """A named rule; `comment` is the comment right above it, without the number signs.

    `file` is its path in rules/, or in pipeline/policy/ for a check that is written in Python.
    """

    name: str
    file: str
    line: int
    comment: str

    @property
    def place(self) -> Place:
        folder = "rules" if self.file.endswith(".guard") else "pipeline/policy"
        return Place(f"{folder}/{self.file}", self.line)

    @property
    def exceptions(self) -> str:
        """The file in which the tiers of a rule that needn't pass everywhere stand."""
        folder = APPLICATION if self.file.startswith(f"{APPLICATION}/") else GENERAL
        return f"rules/{folder}/required.yaml"

    @property
    def protects(self) -> str:
        """What it is for, on one line."""
        return " ".join(self.comment.splitlines()[: self._source_line()])

    @property
    def source(self) -> str:
        """The page, of docs/ or on the web, that asks for it."""
        return " ".join(self.comment.splitlines()[self._source_line() :])

    def _source_line(self) -> int:
        lines = self.comment.splitlines()
        return next((n for n, line in enumerate(lines) if line.startswith(_SOURCES)), len(lines))


@dataclass(frozen=True)
class RulesFile:
    """One *.guard file: its path in the folder that was read, its text and its named rules."""

    name: str
    text: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Required:
    """In which tiers each rule has to pass. An optional one may skip; its reason says why.

    `rendered`: rules about how this repository renders, which foreign templates needn't keep.
    """

    tiers: dict[str, frozenset[str]]
    optional: dict[str, str]
    rendered: frozenset[str] = frozenset()
    listed: Mapping[str, str] = field(default_factory=dict)
    """The file and line that demand a rule by its name."""

    def tiers_of(self, rule: str) -> list[str]:
        return [tier for tier in TIERS if rule in self.tiers[tier]]

    def in_words(self, rule: str) -> str:
        """Where the rule has to pass, for people."""
        if rule in self.optional:
            return f"where it applies: {self.optional[rule]}"
        tiers = self.tiers_of(rule)
        return "every environment" if tiers == list(TIERS) else ", ".join(tiers)


def read_all(rules: Path) -> list[RulesFile]:
    """The rules files that judge templates: those of rules/general and of rules/application."""
    judged = {rules / name for name in (GENERAL, APPLICATION, CHANGESETS)}
    for path in files.ours(rules.rglob("*.guard"), rules):
        if path.parent in judged:
            continue
        raise UserError(
            "no station judges a rules file in this folder.",
            where=f"{_shown(path.parent)}/{path.name}",
            mend=f"Move it to {_shown(rules)}/{APPLICATION}/, or to {_shown(rules)}/{GENERAL}/ if"
            " it names nothing of this stack.",
        )
    folders = [name for name in (GENERAL, APPLICATION) if (rules / name).is_dir()]
    if not folders:
        raise _nothing_here(rules)
    rules_files = [file for name in folders for file in _files(rules / name, f"{name}/")]
    _refuse_twins([rule for file in rules_files for rule in file.rules], rules)
    return rules_files


def of_changesets(rules: Path) -> list[RulesFile]:
    """The rules files that judge change sets; a repository without the folder has none."""
    folder = rules / CHANGESETS
    found = _files(folder, f"{CHANGESETS}/") if folder.is_dir() else []
    _refuse_twins([rule for file in found for rule in file.rules], rules)
    return found


def read(folder: Path) -> list[RulesFile]:
    """Every rules file of `folder`, sorted; none, an empty one or a name twice is an error."""
    rules_files = _files(folder, "")
    _refuse_twins([rule for file in rules_files for rule in file.rules], folder)
    return rules_files


def _files(folder: Path, prefix: str) -> list[RulesFile]:
    paths = files.ours(folder.glob("*.guard"), folder)
    if not paths:
        raise _nothing_here(folder)
    return [_file(path, prefix) for path in paths]


def _nothing_here(folder: Path) -> UserError:
    return UserError(
        "there is no rule here, so nothing would be checked.",
        where=_shown(folder),
        mend="Write the rules into files that end in .guard.",
    )


def _file(path: Path, prefix: str) -> RulesFile:
    text = _text(path)
    rules = tuple(_rules(f"{prefix}{path.name}", text))
    if not rules:
        raise UserError(
            "the file holds no rule, and the engine would pass it in silence.",
            where=f"{_shown(path.parent)}/{path.name}",
            mend="Write `rule NAME { ... }` or remove the file.",
        )
    return RulesFile(f"{prefix}{path.name}", text, rules)


def _text(path: Path) -> str:
    """A file's text with the line ends that rules have everywhere."""
    text = files.read_text(path, f"{_shown(path.parent)}/{path.name}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rules(file: str, text: str) -> Iterator[Rule]:
    for match in _RULE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        _refuse_name(match[1], file, line)
        yield Rule(match[1], file, line, _comment_above(text[: match.start()]))


def _refuse_name(name: str, file: str, line: int) -> None:
    if not _NAME.match(name):
        raise UserError(
            f"the rule's name {name} is not in upper snake case.",
            where=f"rules/{file}:{line}",
            mend="Name the claim that holds when it passes: PRIVATE_BUCKETS_BLOCK_PUBLIC_ACCESS."
            " A rule with parameters, name(argument), may have a small name.",
        )


def _comment_above(text: str) -> str:
    lines: list[str] = []
    for line in reversed(text.splitlines()):
        if not line.startswith("#"):
            break
        lines.insert(0, line.lstrip("# ").rstrip())
    return "\n".join(lines)


def _refuse_twins(rules: Sequence[Rule], folder: Path) -> None:
    counted = Counter(rule.name for rule in rules)
    for rule in rules:
        if counted[rule.name] > 1:
            places = [f"{twin.file}:{twin.line}" for twin in rules if twin.name == rule.name]
            raise UserError(
                f"the rule {rule.name} is there {len(places)} times: {', '.join(places)}.",
                where=f"{_shown(folder)}/{rule.file}:{rule.line}",
                mend="A verdict names its rule only. Give each rule a name of its own.",
            )


def demand_cases(rules_files: Iterable[RulesFile], folder: Path) -> None:
    """An error unless each rule has a case that passes, one that fails and one that skips.

    `cfn-guard test` itself accepts a rule without tests.
    """
    for file in rules_files:
        tests = folder / tests_of(file.name)
        text = _text(tests) if tests.is_file() else ""
        seen = set(_outcomes(text))
        for rule in file.rules:
            missing = [outcome for outcome in OUTCOMES if (rule.name, outcome) not in seen]
            if missing:
                raise UserError(
                    f"the rule {rule.name} has no case that ends in {' or '.join(missing)}.",
                    where=f"{_shown(folder)}/{file.name}:{rule.line}",
                    mend=f"Add it to {_shown(folder)}/{tests_of(file.name)}.",
                )


def _outcomes(text: str) -> Iterator[tuple[str, str]]:
    """Each rule and outcome that cases expect."""
    for outcome in _OUTCOME.finditer(text):
        line = text.rfind("\n", 0, outcome.start()) + 1
        if rule := _BEFORE.search(text[line : outcome.start()]):
            yield rule[1], outcome[1]


def tests_of(file: str) -> str:
    """The path of the cases of a rules file; both are relative to the same folder."""
    path = PurePosixPath(file)
    return str(path.parent / "tests" / f"{path.stem}_tests.yaml")


def cases(rule: Rule, folder: Path) -> dict[str, list[str]]:
    """The names of a rule's cases, by outcome."""
    tests = folder / tests_of(rule.file)
    names: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    text = _text(tests) if tests.is_file() else ""
    for case in _CASE_NAME.split(text)[1:]:
        name = case.splitlines()[0].strip()
        for outcome in [said for other, said in _outcomes(case) if other == rule.name]:
            names[outcome].append(name)
    return names


def required(folder: Path, rules: Iterable[Rule]) -> Required:
    """Where each rule has to pass: everywhere, unless required.yaml of rules/ says otherwise.

    The application's file may demand a general rule that is optional for stacks in general.
    """
    known = {rule.name: rule for rule in rules}
    paths = [folder / name / "required.yaml" for name in (GENERAL, APPLICATION)]
    lists: dict[str, list[str]] = {key: [] for key in (EVERYWHERE, *TIERS, OPTIONAL, RENDERED)}
    reasons: dict[str, str] = {}
    places: dict[str, str] = {}
    for document in [read_document(path) for path in paths if path.is_file()]:
        mine = _required_keys(document)
        _refuse_unknown(mine, known, document)
        reasons |= document.value.get(OPTIONAL, {})
        for key, names in mine.items():
            lists[key] += names
            if key in {EVERYWHERE, *TIERS}:
                lines = {name: document.line((key, at)) for at, name in enumerate(names)}
                places |= {name: f"{document.file}:{line}" for name, line in lines.items()}
    excepted = {name for key in (*TIERS, OPTIONAL) for name in lists[key]}
    everywhere = {*(known.keys() - excepted), *lists[EVERYWHERE]}
    tiers = {tier: frozenset([*everywhere, *lists[tier]]) for tier in TIERS}
    demanded = frozenset[str]().union(*tiers.values())
    optional = {name: reason for name, reason in reasons.items() if name not in demanded}
    return Required(tiers, optional, frozenset(lists[RENDERED]), places)


def _refuse_unknown(
    lists: Mapping[str, Sequence[str]], known: Container[str], document: Document
) -> None:
    """All names that aren't rules at once: removing a file of rules takes removing its names."""
    lines = {
        name: document.line((key, name) if key == OPTIONAL else (key, at))
        for key, names in lists.items()
        for at, name in enumerate(names)
        if name not in known
    }
    if lines:
        (first, line), *more = lines.items()
        others = [f"{name} (line {number})" for name, number in more]
        fault = "aren't rules" if more else "isn't a rule"
        raise UserError(
            f"{', '.join([first, *others])} {fault}.",
            where=f"{document.file}:{line}",
            mend="Correct each name, or remove it with the rule that is gone.",
        )


def _required_keys(document: Document) -> dict[str, list[str]]:
    """The names under each key that is there; another key, or another shape, is an error."""
    shapes = {**dict.fromkeys((EVERYWHERE, *TIERS, RENDERED), list), OPTIONAL: dict}
    for key, names in document.value.items():
        fits = isinstance(names, shapes.get(key, ()))
        reasons = names.values() if isinstance(names, dict) else ()
        texts = [*names, *reasons] if fits else []
        if not fits or not all(isinstance(text, str) and text.strip() for text in texts):
            raise UserError(
                f"{key} isn't a part of this file in this form.",
                where=f"{document.file}:{document.line((key,))}",
                mend=f"It may have a list of rules for each of {EVERYWHERE}, {', '.join(TIERS)}"
                f" and {RENDERED}, and a reason for each rule under {OPTIONAL}:"
                f" {OPTIONAL}: {{RULE: reason}}. A rule in none of them has to pass everywhere.",
            )
    return {key: list(names) for key, names in document.value.items()}


def read_document(path: Path) -> Document:
    """A YAML file of a rules folder."""
    shown = f"{_shown(path.parent)}/{path.name}"
    return parse_settings(files.read_text(path, shown), shown)


def _shown(folder: Path) -> str:
    """A folder of rules as people write it, wherever the repository is."""
    above = [folder.name]
    for parent in folder.parents if folder.name != "rules" else ():
        above.insert(0, parent.name)
        if parent.name == "rules":
            return "/".join(above)
    return folder.name
