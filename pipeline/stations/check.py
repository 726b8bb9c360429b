"""lint, guard and check at the command line: judge, then report in the format that was asked for.

With a format for machines, standard output holds the report and nothing else; what is said of the
work goes to standard error. With a file, the report goes there, whole or not at all. A mistake that
keeps anything from being judged stands in the report like a finding.
"""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import checks, files, formats, pattern, terminal, verdict_cache
from pipeline.errors import UsageError, UserError, tell
from pipeline.findings import (
    RULES_FILE,
    TOOL_GUARD,
    TOOL_LINT,
    TOOL_RENDER,
    TOOL_SETTINGS,
    Finding,
    finding_from_json,
    of_error,
)
from pipeline.formats import HUMAN, Report
from pipeline.stations import arguments
from pipeline.verdict_cache import Cache

if TYPE_CHECKING:  # a verdict that is known needs neither a render nor the rules
    from pipeline.environment.settings import Loaded
    from pipeline.policy.rulebook import Rule
    from pipeline.render import Rendered


@dataclass(frozen=True)
class Destination:
    """How a report is written, and where to; no file means standard output."""

    format: str = HUMAN
    file: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What is to be judged: by which tools, of which environments; all of them if none is named.

    `anew`: whatever was judged before.
    """

    tools: Sequence[str]
    environments: Sequence[str]
    anew: bool = False


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)
    arguments.report(parser)
    arguments.flag(parser, "--no-cache", "judge again what was judged before")


def run(options: Namespace, root: Path) -> int:
    return environments(wanted(checks.ALL, options), root, destination(options))


def wanted(tools: Sequence[str], options: Namespace) -> Wanted:
    return Wanted(tools, options.environments, options.no_cache)


def destination(options: Namespace) -> Destination:
    if options.output == "":
        raise UsageError("--output has no file's name.", mend="Name a file, or - for the screen.")
    return Destination(options.format, None if options.output == "-" else options.output)


def environments(
    wanted: Wanted, root: Path, destination: Destination, told: checks.Told | None = None
) -> int:
    """Render these environments and let each tool judge them; 1 if anything was found.

    `told` hears what each tool finds, as soon as it does; nobody needs to be told of that again.
    """
    cache = verdict_cache.NO_CACHE if wanted.anew else Cache(root / verdict_cache.FOLDER)
    question = [wanted.tools, wanted.environments, str(root), verdict_cache.today().isoformat()]
    known = cache.get("check", question) if told is None else None
    if known is not None:
        work = _Work.known(wanted, known)
    else:
        with verdict_cache.watched_everywhere() as opened:
            work = _judged(wanted, root, cache, told)
        if work.lasts:
            cache.put("check", question, work.as_json(), opened)
    return _report(work, root, destination)


def _judged(wanted: Wanted, root: Path, cache: Cache, told: checks.Told | None) -> _Work:
    from pipeline.environment import settings

    work = _Work(wanted.tools, wanted.environments, tools=["settings"])
    with work.noting(TOOL_SETTINGS):
        work.names = settings.chosen(wanted.environments, root)
    rendered = _rendered(root, work)
    if not work.errors:
        doing = f"{' and '.join(wanted.tools)} {', '.join(work.names)}"
        with terminal.step(doing) if told is None else nullcontext():
            _judge(rendered, root, work, cache, told)
        work.told = told is not None
    return work


def outside(paths: Sequence[str], root: Path, destination: Destination) -> int:
    """Judge templates from anywhere by the general rules of `root`, or by those of the engine."""
    from pipeline.policy import guard
    from pipeline.policy.foreign import read
    from pipeline.policy.rulebook import GENERAL

    rules = root if (root / guard.RULES / GENERAL).is_dir() else pattern.ROOT
    work = _Work(["guard"], paths, tools=["guard"])
    for path in paths:
        with terminal.step(f"guard {path}"), work.noting(TOOL_GUARD, path):
            work.found += guard.guard_outside(read(root / path, path), rules)
    return _report(work, root, destination, rules)


@dataclass
class _Work:
    """A judgement and its results; `tools` are those that had something to look at."""

    stations: Sequence[str]
    names: Sequence[str]
    tools: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    complaints: list[Finding] = field(default_factory=list)  # the errors, as machines read them
    judged_before: bool = False
    told: bool = False  # what was found was shown when it was found

    @classmethod
    def known(cls, wanted: Wanted, said: dict[str, Any]) -> _Work:
        """What `as_json` said of the same question."""
        findings = [finding_from_json(finding) for finding in said["found"]]
        return cls(wanted.tools, said["names"], said["tools"], findings, judged_before=True)

    @property
    def lasts(self) -> bool:
        """Would it be judged the same again? An engine that was killed says more next time."""
        return not self.errors and all(one.rule != RULES_FILE for one in self.found)

    def as_json(self) -> dict[str, Any]:
        findings = [asdict(finding) for finding in self.found]
        return {"names": self.names, "tools": self.tools, "found": findings}

    @contextmanager
    def noting(self, tool: str, name: str = "") -> Iterator[None]:
        """A person's mistake is noted as one that `tool` found, and the work goes on.

        A wrong command line isn't one: it gets no report.
        """
        try:
            yield
        except UsageError:
            raise
        except UserError as error:
            about_lint = error.where.startswith("rules/lint.yaml")
            self.errors.append(error)
            self.complaints += of_error(error, TOOL_LINT if about_lint else tool, name)


def _rendered(root: Path, work: _Work) -> list[Rendered]:
    """Every environment that can be rendered; the mistakes of all of them are noted."""
    from pipeline import render
    from pipeline.environment import settings
    from pipeline.rendering.templates import Templates

    loaded: list[Loaded] = []
    rendered: list[Rendered] = []
    for name in () if work.errors else work.names:
        with work.noting(TOOL_SETTINGS, name):
            loaded.append(settings.load(name, root))
    if work.errors:
        return []
    work.tools.append("render")
    templates = Templates(root)
    for environment in loaded:
        with work.noting(TOOL_RENDER, environment.name):
            rendered.append(render.render(environment, root, templates))
    return rendered


def _judge(
    rendered: Sequence[Rendered], root: Path, work: _Work, cache: Cache, told: checks.Told | None
) -> None:
    work.tools += work.stations
    with work.noting(TOOL_GUARD if "guard" in work.stations else TOOL_LINT):
        work.found += checks.judge(work.stations, rendered, root, cache, told)


def _report(work: _Work, root: Path, destination: Destination, rules_of: Path | None = None) -> int:
    """Write the report, and tell a person's mistakes in their own words too."""
    for error in {str(error): error for error in work.errors}.values():
        tell(error)
    code = max([int(checks.fails(work.found)), *(error.exit_code for error in work.errors)])
    if destination.format == HUMAN and destination.file is None:
        if not work.told and (work.found or not work.errors):
            terminal.show_findings(work.found, root)
            terminal.say(_summary(work, work.found))
        return code
    findings = [*work.found, *work.complaints]
    rules = [] if work.errors else _rules(work.stations, rules_of or root)
    report = Report(work.tools, work.names, findings, rules, stopped=bool(work.errors))
    summary = _summary(work, findings)
    text = _text(report, root, destination.format)
    if destination.format == HUMAN:
        text += f"{summary}\n"
    if destination.file is None:
        terminal.report(text)
    else:
        files.write(root / destination.file, text.encode())
    print(summary, file=sys.stderr, flush=True)
    return code


def _summary(work: _Work, findings: Sequence[Finding]) -> str:
    stations, names = " and ".join(work.stations), ", ".join(work.names)
    before = ", as judged before" if work.judged_before else ""
    return f"{stations}: {terminal.summary(findings)} in {names}{before}"


def _text(report: Report, root: Path, form: str) -> str:
    if form != HUMAN:
        return formats.text(form, report)
    stream = io.StringIO()
    terminal.show_findings(report.findings, root, stream)
    return stream.getvalue()


def _rules(stations: Sequence[str], root: Path) -> list[Rule]:
    if "guard" not in stations:
        return []
    from pipeline.policy import catalogue

    return catalogue.rules(root)
