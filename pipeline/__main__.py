"""python -m pipeline STATION [ENV…]: the stations of the way from a file to a running stack."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError, UserError, tell

if TYPE_CHECKING:
    from pipeline.stations.check import Destination

_PYTHONS = ((3, 11), (3, 13))  # from, below: pyproject.toml says why
_INTERRUPTED = 130
_OURS = {"environments", "pipeline"}


def main(argv: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Run a station on the repository at `root` (the working folder); its exit code.

    0: done. 1: findings, or a mistake that the message tells how to mend. 2: the command line is
    wrong. 3: refused, to protect an account or data. 130: interrupted.
    """
    try:
        _check_python(sys.version_info[:2])
        words = list(sys.argv[1:] if argv is None else argv)
        options = _parser(words[0] if words else "").parse_args(words)
        station: Callable[[argparse.Namespace, Path], int] = options.station
        return station(options, root or Path.cwd())
    except UserError as error:
        tell(error)
        return error.exit_code
    except ModuleNotFoundError as error:
        tell(_not_installed(error))
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return _INTERRUPTED


def _not_installed(error: ModuleNotFoundError) -> UserError:
    """The error of somebody who calls this without the dependencies; a bug of ours rises."""
    if error.name in {"environments", "environments.schema"}:
        return UserError(
            "it isn't there: run this in the project's folder, or write the file.",
            where="environments/schema.py",
            mend="It holds `class Settings(BaseSettings)`, what an environment file may say.",
        )
    if error.name is None or error.name.split(".")[0] in _OURS:
        raise error
    return UserError(
        f"the Python module {error.name} is not installed here.",
        mend="`nox -s <session>` installs what a station needs; README.md shows how to get nox.",
    )


def _check_python(version: tuple[int, ...]) -> None:
    first, below = _PYTHONS
    if not first <= version < below:
        raise UserError(
            f"this is Python {version[0]}.{version[1]}; Python 3.11 or 3.12 is needed.",
            mend="cfn-guard-rs, the policy engine, has no build for others. "
            "`nox -s <session>` finds or fetches Python 3.11 by itself.",
        )


class _Parser(argparse.ArgumentParser):
    """argparse whose errors look like every other error."""

    def error(self, message: str) -> None:  # type: ignore[override]  # it raises, as exit() would
        raise UsageError(f"{message}.", mend=f"{self.format_usage().strip()}")


def _parser(named: str) -> argparse.ArgumentParser:
    """A parser of the named station alone; of all of them where none is named rightly."""
    parser = _Parser(prog="python -m pipeline", description=__doc__)
    stations = parser.add_subparsers(metavar="STATION", required=True)
    chosen = {named: _STATIONS[named]} if named in _STATIONS else _STATIONS
    for name, (run, about, options) in chosen.items():
        sub = stations.add_parser(name, help=about, description=about)
        for flags, settings in options:
            sub.add_argument(*flags, **settings)
        sub.set_defaults(station=run)
    return parser


def _environments(options: argparse.Namespace, root: Path) -> int:
    from pipeline.environment import settings
    from pipeline.terminal import say

    for name in settings.chosen(options.environments, root):
        one = settings.load(name, root).settings
        account = one.aws.account or "any account"
        protected = "protected" if one.protected else "not protected"
        about = f"{one.tier:12} {account:12} {one.aws.region:14} {protected}"
        say(f"{name:8} {one.stack_name:16} {about}")
    return 0


def _render(options: argparse.Namespace, root: Path) -> int:
    from pipeline import render
    from pipeline.environment import settings
    from pipeline.terminal import say

    rendered = render.render_all(settings.chosen(options.environments, root), root)
    if options.check:
        return _report_stale([path for one in rendered for path in render.stale(one, root)], root)
    for one in rendered:
        changed = render.write(one, root)
        say(
            f"{one.name}: {render.BUILD}/{one.name}/template.yaml "
            f"{'written' if changed else 'is up to date'}, "
            f"{len(one.value['Resources'])} resources, {len(one.text.encode()):,} bytes"
        )
        if not one.source_map.lines:
            print(
                f"{one.name}: no source map, because a template works on text that it rendered "
                "itself. Findings will name lines of build/ instead of templates/.",
                file=sys.stderr,
            )
    return 0


def _report_stale(stale: list[Path], root: Path) -> int:
    from pipeline.terminal import say

    for path in stale:
        say(f"{path.relative_to(root)} is not what would be rendered now.")
    if stale:
        say("Render again: python -m pipeline render")
    return 1 if stale else 0


def _lint(options: argparse.Namespace, root: Path) -> int:
    return _judge(options, root, ["lint"])


def _guard(options: argparse.Namespace, root: Path) -> int:
    if options.explain or options.list:
        return _tell_rules(options, root)
    if not options.template:
        return _judge(options, root, ["guard"])
    if options.environments:
        raise UsageError(
            "an environment or a template from elsewhere, not both.",
            mend="Without --template the environments are rendered and judged.",
        )
    from pipeline.stations import check

    return check.outside(options.template, root, _destination(options))


def _check(options: argparse.Namespace, root: Path) -> int:
    return _judge(options, root, ["lint", "guard"])


def _judge(options: argparse.Namespace, root: Path, stations: list[str]) -> int:
    from pipeline.stations import check

    return check.environments(stations, options.environments, root, _destination(options))


def _destination(options: argparse.Namespace) -> Destination:
    from pipeline.stations.check import Destination

    return Destination(options.format, options.output)


def _tell_rules(options: argparse.Namespace, root: Path) -> int:
    from pipeline.policy import explain
    from pipeline.terminal import say

    if options.explain:
        say(explain.rule(options.explain, root))
    else:
        explain.show_table(root)
    return 0


def _package(options: argparse.Namespace, root: Path) -> int:
    from pipeline.environment import settings
    from pipeline.packaging import zips
    from pipeline.terminal import say

    for name in settings.chosen(options.environments, root):
        for line in zips.write(settings.load(name, root), root):
            say(line)
    return 0


def _plan(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import deploy

    return deploy.plan(_one(options, root), root)


def _deploy(options: argparse.Namespace, root: Path) -> int:
    from pipeline.deploying.deployment import Consent
    from pipeline.stations import deploy

    if options.code_only:
        return deploy.deploy_code(_one(options, root), root)
    consent = Consent(options.confirm, clean_up=options.clean_up, take_in=options.take_in)
    return deploy.deploy(_one(options, root), root, consent, verbose=options.verbose)


def _doctor(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import doctor

    return doctor.doctor(_one(options, root) if options.environments else None, root)


def _diff(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import diff

    return diff.diff(_one(options, root), root)


def _drift(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import drift

    return drift.drift(_one(options, root), root)


def _rollback(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import rollback

    return rollback.rollback(
        _one(options, root),
        root,
        confirm=options.confirm,
        skip=options.skip,
        verbose=options.verbose,
    )


def _destroy(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import destroy

    return destroy.destroy(
        _one(options, root),
        root,
        confirm=options.confirm,
        deployment_bucket=options.deployment_bucket,
        verbose=options.verbose,
    )


def _outputs(options: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import deploy

    return deploy.outputs(_one(options, root), root, as_json=options.json)


def _refresh(_: argparse.Namespace, root: Path) -> int:
    from pipeline.stations import refresh
    from pipeline.terminal import say

    for path in refresh.refresh(root):
        say(f"{path.relative_to(root)} written")
    return 0


def _one(options: argparse.Namespace, root: Path) -> str:
    """The environment of a station that acts on AWS: it is never guessed, and never several."""
    from pipeline.environment.settings import chosen, names

    if len(options.environments) != 1:
        raise UsageError(
            "which environment? This station takes exactly one.",
            mend=f"Environments: {', '.join(names(root))}.",
        )
    return chosen(options.environments, root)[0]


# Each option as argparse takes it: its flags, and everything else by name.
_Option = tuple[tuple[str, ...], dict[str, Any]]
_Station = Callable[[argparse.Namespace, Path], int]

_ENVIRONMENTS: _Option = (
    ("environments",),
    {"nargs": "*", "metavar": "ENV", "help": "default: all"},
)
_ENVIRONMENT: _Option = (("environments",), {"nargs": "*", "metavar": "ENV", "help": "exactly one"})
_CHECK: _Option = (
    ("--check",),
    {"action": "store_true", "help": "compare with build/, write nothing"},
)
_CONFIRM: _Option = (
    ("--confirm",),
    {"metavar": "ENV", "help": "a protected environment's name, where nobody can be asked"},
)
_JSON: _Option = (
    ("--json",),
    {"action": "store_true", "help": "machine-readable, on standard output"},
)

_CLEAN_UP = (
    ("--clean-up",),
    {"action": "store_true", "help": "delete what a failed first deployment left, if it is empty"},
)
_IMPORT = (
    ("--import",),
    {"action": "store_true", "dest": "take_in", "help": "import what an earlier stack kept"},
)
_CODE_ONLY = (
    ("--code-only",),
    {"action": "store_true", "help": "only the functions' code, in seconds (development)"},
)
_SKIP = (
    ("--skip",),
    {
        "action": "append",
        "default": [],
        "metavar": "RESOURCE",
        "help": "a logical id to leave as it is, where going back fails on it",
    },
)
_VERBOSE = (("--verbose",), {"action": "store_true", "help": "every event of the stack"})
_BUCKET = (("--deployment-bucket",), {"action": "store_true", "help": "delete that bucket too"})

_FORMAT: _Option = (
    ("--format",),
    {
        "choices": ("human", "sarif", "junit", "json", "github"),
        "default": "human",
        "help": "how findings are written; all but human leave standard output to the report",
    },
)
_OUTPUT: _Option = (
    ("--output",),
    {"metavar": "FILE", "help": "write the report there, not to the screen"},
)
_JUDGED = [_ENVIRONMENTS, _FORMAT, _OUTPUT]
_RULES: list[_Option] = [
    (("--explain",), {"metavar": "RULE", "help": "everything about one rule"}),
    (("--list",), {"action": "store_true", "help": "a table of all rules"}),
    (
        ("--template",),
        {
            "metavar": "FILE",
            "action": "append",
            "help": "judge this CloudFormation file, YAML or JSON, instead of the environments",
        },
    ),
]

_STATIONS: dict[str, tuple[_Station, str, Sequence[_Option]]] = {
    "environments": (_environments, "list the environments", [_ENVIRONMENTS]),
    "render": (_render, "write build/<env>/ from the templates", [_ENVIRONMENTS, _CHECK]),
    "lint": (_lint, "let cfn-lint judge the rendered templates", _JUDGED),
    "guard": (_guard, "judge templates by the rules in rules/", [*_JUDGED, *_RULES]),
    "check": (_check, "render, lint and guard in one go", _JUDGED),
    "package": (_package, "zip the functions into build/<env>/", [_ENVIRONMENTS]),
    "plan": (_plan, "show what a deployment would change, and change nothing", [_ENVIRONMENT]),
    "deploy": (
        _deploy,
        "check, package and bring the stack up to date",
        [_ENVIRONMENT, _CONFIRM, _CODE_ONLY, _CLEAN_UP, _IMPORT, _VERBOSE],
    ),
    "doctor": (
        _doctor,
        "say what is missing on this machine, and in an environment's account",
        [_ENVIRONMENT],
    ),
    "diff": (_diff, "compare what is rendered with what is deployed", [_ENVIRONMENT]),
    "drift": (_drift, "show what was changed by another way than deploying", [_ENVIRONMENT]),
    "rollback": (
        _rollback,
        "take a running or a stuck update back",
        [_ENVIRONMENT, _CONFIRM, _SKIP, _VERBOSE],
    ),
    "destroy": (
        _destroy,
        "delete the stack and what is in its buckets",
        [_ENVIRONMENT, _CONFIRM, _BUCKET, _VERBOSE],
    ),
    "outputs": (_outputs, "show a running stack's outputs", [_ENVIRONMENT, _JSON]),
    "refresh": (_refresh, "rewrite the committed files that are derived", []),
}

if __name__ == "__main__":
    gc.set_threshold(500_000)  # a short life makes little garbage; looking for it takes a twentieth
    sys.exit(main())
