"""What is missing on this machine, and in an environment's account, for each session.

Of this machine nothing but Python is needed to ask. With an environment's name the account is asked
too; nothing is written there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import UserError
from pipeline.stations import arguments

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Answer:
    """One thing: what was found, or nothing and how to get it. `needed_by`: sessions."""

    thing: str
    found: str
    needed_by: str
    mend: str = ""
    optional: bool = False

    @property
    def is_missing(self) -> bool:
        return not self.found


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root) if options.environments else None
    if options.format == "json":
        return _as_json(name, root)
    return doctor(name, root)


def doctor(
    environment: str | None, root: Path, heard: Callable[[Answer], None] = lambda _: None
) -> int:
    """Show it; 1 if something is missing without which a session fails."""
    from pipeline.terminal import say

    missing = 0
    for answer in _all(environment, root):
        for line in lines(answer):
            say(line)
        heard(answer)
        missing += answer.is_missing and not answer.optional
    say(f"{missing} missing." if missing else "Nothing is missing.")
    return 1 if missing else 0


def _as_json(environment: str | None, root: Path) -> int:
    """The same for a program; unlike the rest of this module it needs the locked packages."""
    from pipeline import answers

    def heard(thing: Answer) -> None:
        answer.things.append(answers.Thing(**asdict(thing)))
        answer.missing += thing.is_missing and not thing.optional

    with answers.giving(answers.JSON, answers.Doctor(environment=environment)) as answer:
        return doctor(environment, root, heard)


def lines(answer: Answer) -> Iterator[str]:
    """What is said of it."""
    mark = "ok" if answer.found else ("--" if answer.optional else "no")
    yield f"{mark}  {answer.thing:24} {answer.found or 'not there'}"
    if answer.is_missing:
        yield f"    for {answer.needed_by}: {answer.mend}"


def _all(environment: str | None, root: Path) -> Iterator[Answer]:
    yield from of_machine()
    if environment is None:
        yield Answer("an AWS account", "not asked; `nox -s doctor -- dev` does", "deploy")
    else:
        yield from of_environment(environment, root)


def of_machine(
    which: Callable[[str], str | None] = shutil.which,
    module: Callable[[str], object] = find_spec,
    ask: Callable[[str], str] | None = None,
) -> Iterator[Answer]:
    """Programs and Python packages. `ask` gives the version that a program tells."""
    ask = ask or _version
    yield Answer("Python", sys.version.split()[0], "everything")
    yield Answer(
        "the locked packages",
        ", ".join(one for one in ("boto3", "cfnlint", "jinja2", "pydantic") if module(one)),
        "render, lint, guard, deploy",
        "run it through nox, which installs them: `nox -s doctor`",
    )
    yield Answer(
        "uv",
        which("uv") or _made_by_uv() or ("as a Python package" if module("uv") else ""),
        "every session",
        "sessions are installed by pip instead, slower: `pip install 'nox[uv]'`",
        optional=True,
    )
    yield Answer("npm", which("npm") or "", "lint, tests", "install Node.js, which brings it")
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(which, BROWSERS)), "")
    yield Answer(
        "Chromium", browser or "", "e2e", "Debian: `apt-get install chromium`, or set CHROMIUM"
    )
    firefox = next(filter(None, map(which, ("firefox-esr", "firefox"))), "")
    yield Answer("Firefox", firefox, "browsers", "Debian: `apt-get install firefox-esr`")
    webkit = which("Xvfb") and which("WebKitWebDriver")
    mend = "Debian: `apt-get install webkit2gtk-driver xvfb`"
    yield Answer("WebKitGTK and a screen", webkit or "", "browsers", mend)
    yield Answer(
        "the aws command line",
        _second_version(which("aws"), ask),
        "docs/operations.md's commands, and a second opinion in tests",
        "version 2, from AWS or Debian's package awscli",
        optional=True,
    )


def _made_by_uv() -> str:
    """Does this very environment come from uv, wherever that is?"""
    about = Path(sys.prefix, "pyvenv.cfg")
    lines = about.read_text("utf-8").splitlines() if about.is_file() else []
    versions = [line for line in lines if line.startswith("uv = ")]
    return f"{versions[0].removeprefix('uv = ')}, made this environment" if versions else ""


def _second_version(path: str | None, ask: Callable[[str], str]) -> str:
    """Version 1 doesn't read parameter files as docs/operations.md gives them."""
    return path if path and ask(path).startswith("aws-cli/2") else ""


def _version(path: str) -> str:
    done = subprocess.run(
        [path, "--version"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return done.stdout


def of_environment(name: str, root: Path) -> Iterator[Answer]:
    """The file, the credentials, the account, the permissions; each only if the last is there."""
    from pipeline import render
    from pipeline.deploying import clients, permissions
    from pipeline.deploying.consent import check_account_is_known
    from pipeline.deploying.target import enter
    from pipeline.environment import settings

    loaded = settings.load(name, root)
    yield Answer(f"environments/{name}.yaml", "valid", "everything")
    sessions = "plan, deploy, outputs, diff, drift, rollback, destroy"
    try:
        check_account_is_known(loaded)
        with clients.spoken(loaded.settings.aws):
            target = enter(loaded)
    except UserError as error:
        yield Answer("an AWS account", "", sessions, f"{error.what} {error.mend}")
        return
    yield Answer("an AWS account", f"{target.identity.account}, {target.identity.arn}", sessions)
    rendered = render.render(loaded, root)
    types = permissions.of_types(one["Type"] for one in rendered.value["Resources"].values())
    wanted = {action for actions in permissions.STATIONS.values() for action in actions}
    wanted |= {action for actions in types.values() for action in actions}
    try:
        with clients.spoken(loaded.settings.aws):
            lacking = set(permissions.denied(target, wanted))
    except UserError as error:
        yield Answer("permissions", "", sessions, f"IAM can't be asked: {error}", optional=True)
        return
    yield from of_permissions(permissions.STATIONS, types, lacking)


def of_permissions(
    stations: Mapping[str, tuple[str, ...]],
    types: dict[str, list[str]],
    lacking: set[str],
) -> Iterator[Answer]:
    """What each station calls itself, and what CloudFormation may call for each resource type."""
    for station, actions in stations.items():
        missing = [action for action in actions if action in lacking]
        yield Answer(
            f"permissions of {station}",
            "" if missing else f"{len(actions)} allowed",
            station,
            f"ask for {', '.join(missing)}",
        )
    for kind, of_type in types.items():
        missing = [action for action in of_type if action in lacking]
        if missing:
            mend = f"CloudFormation may need {', '.join(missing)}"
            yield Answer(kind, "", "deploy", mend, optional=True)
