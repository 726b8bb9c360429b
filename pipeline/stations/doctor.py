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
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.stations import arguments

if TYPE_CHECKING:
    from pipeline.connecting.name_servers import NameServers
    from pipeline.deploying.domain_checks import Verdict
    from pipeline.deploying.target import Target
    from pipeline.render import Rendered
    from pipeline.rights.places import Places
    from pipeline.rights.policies import Grant, Policy, Purpose

_SESSIONS = "plan, deploy, outputs, diff, drift, rollback, destroy"
# What only a part of the pattern needs: a repository without it isn't asked about it.
_OF = {
    "npm": "package.json",
    "Chromium": "tests/e2e",
    "Firefox": "tests/browsers",
    "WebKitGTK and a screen": "tests/browsers",
    "the aws command line": "docs/operations.md",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Answer:
    """One thing: what was found, or nothing and how to get it. `needed_by`: sessions.

    `unknown`: nobody could be asked, which is no proof of anything.
    """

    thing: str
    found: str
    needed_by: str
    mend: str = ""
    optional: bool = False
    unknown: bool = False

    @property
    def is_missing(self) -> bool:
        return not self.found and not self.unknown


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    parser.add_argument(
        "--policy",
        choices=("plan", "deploy", "restore", "destroy"),
        help="print the IAM policies that somebody needs for this",
    )
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    asked = options.environments or options.policy
    name = arguments.the_environment(options, root) if asked else None
    if options.policy and name:
        return print_policies(options.policy, name, root)
    if options.format == "json":
        return _as_json(name, root)
    return doctor(name, root)


def doctor(
    environment: str | None, root: Path, heard: Callable[[Answer], None] = lambda _: None
) -> int:
    """Show it; 1 if something is missing without which a session fails."""
    from pipeline.terminal import say

    missing, unknown = 0, []
    for answer in _all(environment, root):
        for line in lines(answer):
            say(line)
        heard(answer)
        missing += answer.is_missing and not answer.optional
        unknown += [answer.thing] if answer.unknown else []
    say(verdict(missing, unknown))
    return 1 if missing else 0


def verdict(missing: int, unknown: Sequence[str]) -> str:
    """The last line: of what couldn't be asked nothing is promised."""
    counted = f"{missing} missing." if missing else "Nothing is missing."
    if not unknown:
        return counted
    told = counted if missing else "Nothing that could be asked for is missing."
    return f"{told} Not known: {', '.join(unknown)}."


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
    if answer.unknown:
        mark, told = "??", "not known"
    else:
        mark, told = "--" if answer.optional else "no", "not there"
    yield f"{'ok' if answer.found else mark}  {answer.thing:24} {answer.found or told}"
    if not answer.found:
        yield f"    for {answer.needed_by}: {answer.mend}"


def _all(environment: str | None, root: Path) -> Iterator[Answer]:
    machine = [one for one in of_machine() if (root / _OF.get(one.thing, "")).exists()]
    if environment is None:
        yield from machine
        yield Answer("an AWS account", "not asked; `nox -s doctor -- dev` does", "deploy")
    else:
        yield from map(_of_deploying, machine)
        yield from of_environment(environment, root)


def _of_deploying(answer: Answer) -> Answer:
    """Of a machine that deploys only what deploying needs is asked: no browser, no npm."""
    needed = {"everything", "render, lint, guard, deploy"}
    return answer if answer.needed_by in needed else replace(answer, optional=True)


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
    from pipeline.connecting import clients
    from pipeline.deploying.consent import check_account_is_known
    from pipeline.deploying.target import enter
    from pipeline.environment import settings
    from pipeline.rights import places

    loaded = settings.load(name, root)
    yield Answer(f"environments/{name}.yaml", "valid", "everything")
    sessions = _SESSIONS
    try:
        check_account_is_known(loaded)
        with clients.spoken(loaded.settings.aws):
            target = enter(loaded)
    except UserError as error:
        yield Answer("an AWS account", "", sessions, f"{error.what} {error.mend}")
        return
    yield Answer("an AWS account", f"{target.identity.account}, {target.identity.arn}", sessions)
    rendered = render.render(loaded, root)
    yield from of_rights(target, places.of(rendered, target.identity.account))
    yield from of_names(target, rendered)


def of_names(
    target: Target, rendered: Rendered, dns: NameServers | None = None
) -> Iterator[Answer]:
    """Whether the domain names of the template can become what it says of them."""
    from pipeline.connecting import clients
    from pipeline.connecting.name_servers import NameServers
    from pipeline.deploying import adoption, domain_checks, domains, inventory

    template, own = rendered.value, domain_checks.Own()
    wanted = domains.wanted(template, adoption.known(target, rendered.parameters))
    region = target.settings.aws.region
    if not wanted:
        return
    with clients.spoken(target.settings.aws):
        if stack := target.stack():
            own = domain_checks.own(inventory.held(target.aws.cloudformation, stack.id))
        checks = domain_checks.Checks(target.aws, own, dns or NameServers())
        for verdict in (*domain_checks.of_region(template, region), *checks.verdicts(wanted)):
            yield _of_name(verdict)


def _of_name(verdict: Verdict) -> Answer:
    if verdict.state == "fine":
        return Answer(verdict.thing, verdict.told, "deploy")
    mend = f"{verdict.told} {verdict.mend}"
    return Answer(verdict.thing, "", "deploy", mend, unknown=verdict.state == "unknown")


def of_rights(target: Target, of: Places) -> Iterator[Answer]:
    """Whether each station may make its calls, and CloudFormation the calls that the template
    needs.
    """
    from pipeline.connecting import clients
    from pipeline.rights import permissions, policies, simulating

    own = target.settings.aws
    stations = [
        (station, list(policies.of_station(of, station))) for station in permissions.STATIONS
    ]
    called = [grant for _, grants in stations for grant in grants]
    template = list(policies.of_template(of, "deploy"))
    role = own.service_role_arn
    try:
        with clients.spoken(own):
            lacking = simulating.lacking(target, called)
            lacking |= simulating.lacking(target, template, role)
    except UserError as error:
        yield Answer("permissions", "", _SESSIONS, f"IAM can't be asked: {error}", unknown=True)
        return
    for station, grants in stations:
        missing = simulating.actions(lacking.intersection(grants))
        yield Answer(
            f"permissions of {station}",
            "" if missing else f"{len(simulating.actions(grants))} allowed",
            station,
            f"ask for {', '.join(missing)}; `doctor --policy` prints what to ask for",
        )
    yield from _of_types(template, lacking, f"The role {role}" if role else "CloudFormation")


def _of_types(template: Sequence[Grant], lacking: AbstractSet[Grant], who: str) -> Iterator[Answer]:
    """What is called for each type of resource; a hint, since not all of it is called each time."""
    for kind in sorted({grant.why for grant in template}):
        missing = sorted({one.action for one in lacking if one.why == kind})
        if missing:
            mend = f"{who} may need {', '.join(missing)}"
            yield Answer(kind, "", "deploy", mend, optional=True)


# ---- policies


def print_policies(purpose: str, name: str, root: Path) -> int:
    """The policies for a purpose as JSON, each under its name; what is to be known beside."""
    import json

    from pipeline.rights import policies

    of = _places(name, root)
    wanted = next(one for one in policies.PURPOSES if one == purpose)
    documents = policies.documents(of, wanted)
    if of.rendered.settings.aws.service_role_arn and wanted == "deploy":
        documents += policies.service_role(of)
    print(json.dumps({one.name: one.document for one in documents}, indent=2))
    _tell_of_policies(of, wanted, documents)
    return 0


def _places(name: str, root: Path) -> Places:
    """Where the environment's resources will be; AWS is asked only for an account that isn't
    written.
    """
    from pipeline import render
    from pipeline.connecting import clients
    from pipeline.deploying.target import enter
    from pipeline.environment import settings
    from pipeline.rights import places

    loaded = settings.load(name, root)
    account = loaded.settings.aws.account
    if account is None:
        with clients.spoken(loaded.settings.aws):
            account = enter(loaded).identity.account
    return places.of(render.render(loaded, root), account)


def _tell_of_policies(of: Places, purpose: Purpose, documents: Sequence[Policy]) -> None:
    from pipeline.deploying import screen
    from pipeline.rights import policies

    for policy in documents:
        screen.note(f"{policy.name}: {policy.size:,} of {policies.LARGEST:,} characters")
    wide = policies.on_everything(policies.grants(of, purpose))
    screen.note(f"On everything, since AWS knows no narrower place for them: {', '.join(wide)}")
    if kinds := policies.by_schema_alone(of):
        screen.note(f"By schema alone, so wider than needed: {', '.join(kinds)}")
    bounded = of.rendered.settings.aws.service_role_arn or policies.boundary(of)
    if purpose == "deploy" and not bounded:
        screen.note(
            "No permissions boundary and no service role: whoever makes roles and functions can"
            " give itself any right of the account. docs/operations.md says how to have both."
        )
