"""Everything this project does, one session each: `nox -l` lists them.

Each session has its own environment below .nox/, installed from requirements.lock once and then
reused. What a session does stands in pipeline/; here is only who needs which dependencies.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from gc import get_objects
from pathlib import Path

import nox
from python_discovery import get_interpreter

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "auto"
nox.options.error_on_missing_interpreters = True
nox.options.stop_on_first_error = True
nox.options.sessions = ["lint", "guard", "tests"]

LOCK = Path("requirements.lock")
AUDIT, SECOND_OPINION = "audit", "second-opinion"
OWN_LOCKS = {  # groups whose tools fit no one else's
    AUDIT: Path("requirements-audit.lock"),
    SECOND_OPINION: Path("requirements-second-opinion.lock"),
    **{
        f"peer-{name}": Path(f"tests/bench/peers/requirements-{name}.lock")
        for name in ("cdk", "sam", "sceptre")
    },
}
ALONE = {*OWN_LOCKS, "dev"}  # groups that need nothing of the pipeline's own dependencies
UNDO_TIME = 30.0  # seconds that a station has after Ctrl-C to say how things stand
# Browsers wait more than they work. Each of the two begins with one half of the tests, so that one
# alone starts the local cloud of tests/e2e, and each an engine of tests/browsers.
TWO_AT_ONCE = ("--numprocesses=2", "--dist=worksteal")
END_TIME = 10.0  # seconds that the local cloud has after Ctrl-C to close what it opened

# Posargs reach every session of a run, so `nox -s render deploy -- prod --confirm prod` would hand
# --confirm to render too. Each station gets the options that it knows; the number is their values.
REPORT = {"--format": 1, "--output": 1, "--no-cache": 0}
ANSWER = {"--format": 1}
OPTIONS = {
    "render": {"--check": 0},
    "lint": REPORT,
    "guard": {**REPORT, "--explain": 1, "--list": 0, "--template": 1},
    "check": REPORT,
    "allow": {"--reason": 1},
    "deploy": {
        "--confirm": 1,
        "--code-only": 0,
        "--clean-up": 0,
        "--import": 0,
        "--revert-drift": 0,
        "--verbose": 0,
    },
    "rollback": {"--confirm": 1, "--skip": 1, "--verbose": 0},
    "restore": {
        "--confirm": 1,
        "--resource": 1,
        "--backup": 1,
        "--to": 1,
        "--objects": 1,
        "--since": 1,
        "--until": 1,
        "--verbose": 0,
    },
    "destroy": {**ANSWER, "--confirm": 1, "--deployment-bucket": 0, "--verbose": 0},
    "plan": ANSWER,
    "diff": {**ANSWER, "--exit-code": 0},
    "drift": ANSWER,
    "diagnose": ANSWER,
    "doctor": {**ANSWER, "--policy": 1},
    "environments": ANSWER,
    "outputs": ANSWER,
    "cost": {**ANSWER, "--sessions": 1},
    "gc": {**ANSWER, "--confirm": 1},
    "logs": {**ANSWER, "--follow": 0, "--since": 1, "--session": 1, "--errors": 0, "--all": 0},
}


def python(platform: str = sys.platform) -> str:
    """3.11, the functions' runtime, where it is found; else 3.12; else 3.11, which nox fetches.

    On macOS always 3.11: cfn-guard-rs has no wheel for 3.12 there.
    """
    usable = ("3.11",) if platform == "darwin" else ("3.11", "3.12")
    return next((found for found in usable if get_interpreter(found)), "3.11")


PYTHON = python()


def install(session: nox.Session, group: str = "") -> None:
    """Install the pipeline's dependencies and a group's as locked, unless just that is there."""
    lock = OWN_LOCKS.get(group, LOCK)
    wanted = hashlib.sha256(group.encode() + lock.read_bytes()).hexdigest()
    stamp = Path(session.virtualenv.location) / ".installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    if session.venv_backend == "uv":
        groups = [f"--group={group}"] if group else []
        own = [] if group in ALONE else ["--requirement", "pyproject.toml"]
        locked = ["--require-hashes", "--constraint", str(lock), *own, *groups]
    else:  # the pip of Python 3.11 knows no groups: all of the lock
        locked = ["--require-hashes", "--requirement", str(lock)]
    session.install(*locked, env={"UV_COMPILE_BYTECODE": "1", "PYTHONDONTWRITEBYTECODE": None})
    stamp.write_text(wanted)


def has(session: nox.Session, path: str) -> bool:
    """Is this part of the pattern in the repository? One that isn't is left out, and told."""
    if Path(path).exists():
        return True
    session.log(f"left out: there is no {path}")
    return False


def demand(session: nox.Session, path: str) -> None:
    """Skip the session where the repository hasn't what it is about."""
    if not Path(path).exists():
        session.skip(f"there is no {path}")


def install_node_packages(session: nox.Session) -> None:
    """Install what package-lock.json names, unless node_modules/ is just that already."""
    if not has(session, "package-lock.json"):
        return
    wanted = hashlib.sha256(Path("package-lock.json").read_bytes()).hexdigest()
    stamp = Path("node_modules/.installed")
    if not stamp.is_file() or stamp.read_text() != wanted:
        session.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", silent=True)
        stamp.write_text(wanted)


def run(session: nox.Session, *command: str, interrupt_timeout: float = UNDO_TIME) -> None:
    """Run Python with the bytecode cache on: without it an import of cfn-lint costs five times."""
    signal.signal(signal.SIGTERM, hand_on)
    session.run(
        "python",
        *command,
        env={"PYTHONDONTWRITEBYTECODE": None},
        interrupt_timeout=interrupt_timeout,
    )


def hand_on(number: int, _: object) -> None:
    """SIGTERM reaches nox alone, Ctrl-C all that it started: hand it on, then end as after that."""
    for child in [one for one in get_objects() if isinstance(one, subprocess.Popen)]:
        if child.returncode is None:
            child.send_signal(number)
    raise KeyboardInterrupt


def station(session: nox.Session, name: str) -> None:
    """Run a station of the pipeline on the environments that follow `--`."""
    install(session)
    run(session, "-m", "pipeline", name, *arguments(name, session.posargs))


def arguments(name: str, posargs: list[str]) -> Iterator[str]:
    """The posargs without the options that belong to other stations."""
    foreign = {flag: count for other, flags in OPTIONS.items() for flag, count in flags.items()}
    for flag in OPTIONS.get(name, {}):
        foreign.pop(flag)
    words = iter(posargs)
    for word in words:
        flag, has_value, _ = word.partition("=")
        if flag not in foreign:
            yield word
        elif foreign[flag] and not has_value:
            next(words, None)


@nox.session(python=PYTHON)
def render(session: nox.Session) -> None:
    """Render build/<env>/ from environments/ and templates/: nox -s render -- dev"""
    station(session, "render")


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Judge the rendered templates by cfn-lint, and all code: ruff, mypy, biome, tsc and more."""
    install(session, "lint")
    run(session, "-m", "ruff", "check", "--quiet")
    run(session, "-m", "ruff", "format", "--check", "--quiet")
    run(session, "-m", "mypy", "--no-error-summary")
    if "importlinter" in nox.project.load_toml("pyproject.toml")["tool"]:
        session.run(
            "lint-imports", env={"PYTHONPATH": os.pathsep.join([".", "handlers"])}, silent=True
        )
    run(session, "-m", "codespell_lib")
    run(session, "-m", "yamllint", "--strict", ".")
    install_node_packages(session)
    if has(session, "package.json"):
        session.run("npm", "run", "--silent", "lint")
        session.run("npm", "run", "--silent", "types")
    run(session, "-m", "pipeline", "lint", *arguments("lint", session.posargs))


@nox.session(python=PYTHON)
def guard(session: nox.Session) -> None:
    """Judge the rendered templates by the rules in rules/: nox -s guard -- prod"""
    station(session, "guard")


@nox.session(python=PYTHON)
def check(session: nox.Session) -> None:
    """Render, lint and guard all environments in one go."""
    station(session, "check")


@nox.session(python=PYTHON)
def watch(session: nox.Session) -> None:
    """Render, lint and guard at each save, until Ctrl-C: nox -s watch -- dev"""
    station(session, "watch")


@nox.session(python=PYTHON)
def allow(session: nox.Session) -> None:
    """Allow a property that the templates set: nox -s allow -- AWS::S3::Bucket BucketName"""
    station(session, "allow")


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """Run the tests; words after -- go to pytest: nox -s tests -- tests/handlers -k expiry"""
    install(session, "test")
    install_node_packages(session)
    there = range(os.cpu_count() or 1)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else there
    one_more = len(cores) + 1  # tests wait now and then
    run(session, "-m", "pytest", f"--numprocesses={one_more}", "--dist=loadfile", *session.posargs)


@nox.session(python=PYTHON)
def proofs(session: nox.Session) -> None:
    """Prove what takes minutes: every leaf of a template changed, recipes carried out, and more."""
    demand(session, "tests/proofs")
    install(session, "test")
    install_node_packages(session)
    run(session, "-m", "pytest", "tests/proofs", "--numprocesses=auto", "--dist=loadfile",
        *session.posargs)  # fmt: skip


@nox.session(python=PYTHON)
def e2e(session: nox.Session) -> None:
    """Drive both pages in a real Chromium against the local cloud: nox -s e2e -- -k chaos"""
    demand(session, "tests/e2e")
    install(session, "e2e")
    install_node_packages(session)
    run(session, "-m", "pytest", "tests/e2e", *TWO_AT_ONCE, *session.posargs)


@nox.session(python=PYTHON)
def browsers(session: nox.Session) -> None:
    """Drive both pages in Firefox and in WebKitGTK: nox -s browsers -- -k webkit"""
    demand(session, "tests/browsers")
    install(session, "browsers")
    run(session, "-m", "pytest", "tests/browsers", *TWO_AT_ONCE, *session.posargs)


@nox.session(python=PYTHON, name=SECOND_OPINION)
def second_opinion(session: nox.Session) -> None:
    """Deploy to an emulator by other hands, and compare: nox -s second-opinion -- -k requests"""
    demand(session, "tests/second_opinion")
    install(session, SECOND_OPINION)
    run(session, "-m", "pytest", "tests/second_opinion", *session.posargs)


@nox.session(python=PYTHON)
def audit(session: nox.Session) -> None:
    """Let checkov, AWS's Control Tower rules and parliament judge, less rules/audit.yaml."""
    demand(session, str(OWN_LOCKS[AUDIT]))
    install(session, AUDIT)
    install_node_packages(session)
    run(session, "-m", "pipeline.audit", *session.posargs)


@nox.session(python=PYTHON)
def diagram(session: nox.Session) -> None:
    """Draw the environments from their templates, as docs/diagrams/ has them."""
    station(session, "diagram")


@nox.session(python=PYTHON)
def package(session: nox.Session) -> None:
    """Zip the functions into build/<env>/, the same bytes on every machine."""
    station(session, "package")


@nox.session(python=PYTHON)
def plan(session: nox.Session) -> None:
    """Show what a deployment would change, and change nothing: nox -s plan -- dev"""
    station(session, "plan")


@nox.session(python=PYTHON)
def deploy(session: nox.Session) -> None:
    """Check, package and bring the stack up to date: nox -s deploy -- dev"""
    station(session, "deploy")


@nox.session(python=PYTHON)
def outputs(session: nox.Session) -> None:
    """Show a running stack's outputs: nox -s outputs -- dev --format json"""
    station(session, "outputs")


@nox.session(python=PYTHON)
def doctor(session: nox.Session) -> None:
    """Say what is missing on this machine, or in an account: nox -s doctor -- dev"""
    station(session, "doctor")


@nox.session(python=PYTHON)
def diagnose(session: nox.Session) -> None:
    """Say why a stack is as it is, and what leads out of it: nox -s diagnose -- dev"""
    station(session, "diagnose")


@nox.session(python=PYTHON)
def cost(session: nox.Session) -> None:
    """Say what a month costs, by service: nox -s cost -- dev --sessions 10000"""
    station(session, "cost")


@nox.session(python=PYTHON)
def gc(session: nox.Session) -> None:
    """Delete old code that no stack needs from the deployment bucket: nox -s gc -- dev"""
    station(session, "gc")


@nox.session(python=PYTHON)
def logs(session: nox.Session) -> None:
    """Show what the functions say: nox -s logs -- dev --since 1h [--follow --errors]"""
    station(session, "logs")


@nox.session(python=PYTHON)
def diff(session: nox.Session) -> None:
    """Compare what is rendered with what is deployed: nox -s diff -- dev [--exit-code]"""
    station(session, "diff")


@nox.session(python=PYTHON)
def drift(session: nox.Session) -> None:
    """Show what was changed outside the deployer: nox -s drift -- dev"""
    station(session, "drift")


@nox.session(python=PYTHON)
def rollback(session: nox.Session) -> None:
    """Take a running or a stuck update back: nox -s rollback -- dev"""
    station(session, "rollback")


@nox.session(python=PYTHON)
def restore(session: nox.Session) -> None:
    """Bring back a table or objects that were lost: nox -s restore -- prod"""
    station(session, "restore")


@nox.session(python=PYTHON)
def destroy(session: nox.Session) -> None:
    """Delete the stack and what is in its buckets: nox -s destroy -- dev"""
    station(session, "destroy")


@nox.session(python=PYTHON)
def local(session: nox.Session) -> None:
    """Run the whole application on this machine until Ctrl-C: nox -s local [-- dev --lan]"""
    demand(session, "localcloud")
    install(session, "local")
    run(session, "-m", "localcloud", *session.posargs, interrupt_timeout=END_TIME)


@nox.session(python=PYTHON)
def smoke(session: nox.Session) -> None:
    """Go through a running stack from outside: nox -s smoke -- dev, or -- local for this machine"""
    demand(session, "tests/smoke")
    install(session, "local")
    run(session, "-m", "tests.smoke", *session.posargs)


@nox.session(python=PYTHON)
def refresh(session: nox.Session) -> None:
    """Rewrite what is committed but derived: golden files, schema.json, pages in docs/."""
    install(session, "test")
    run(session, "-m", "pipeline", "refresh")


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Measure speed as ratios within one run: nox -s bench -- [--write] render check"""
    demand(session, "tests/bench")
    install(session, "test")
    install_node_packages(session)
    run(session, "-m", "tests.bench", *session.posargs)


@nox.session(python=PYTHON)
def peers(session: nox.Session) -> None:
    """Install sceptre, AWS SAM and the CDK, and compare what they make with our render."""
    demand(session, "tests/bench/peers")
    install(session, "test")
    install_node_packages(session)
    run(session, "-m", "tests.bench.peers", *session.posargs)


@nox.session(python=PYTHON)
def lock(session: nox.Session) -> None:
    """Resolve every lock anew from pyproject.toml: nox -s lock [-- --upgrade]"""
    install(session, "dev")
    groups = set(nox.project.load_toml("pyproject.toml")["dependency-groups"])
    locks = {LOCK: groups - {*OWN_LOCKS}} | {
        lock_file: {group} for group, lock_file in OWN_LOCKS.items() if group in groups
    }
    for lock_file, names in ((file, names) for file, names in locks.items() if names):
        own = ("pyproject.toml",) if lock_file == LOCK else ()
        session.run(
            *("uv", "pip", "compile", *own, "--universal", "--generate-hashes"),
            *("--python-version", "3.11", "--no-emit-index-url", "--no-header", "--quiet"),
            *("--output-file", str(lock_file)),
            *(f"--group={name}" for name in sorted(names)),
            *session.posargs,
        )


@nox.session(python=PYTHON)
def record(session: nox.Session) -> None:
    """Record anew what the functions' tests ask of AWS: rules/calls.json."""
    install(session, "test")
    told = nox.project.load_toml("pyproject.toml")["tool"].get("pipeline", {}).get("told")
    where = ["--told", told] if told else []
    plugin = ("-p", "pipeline.iam.recorder", "--calls", "rules/calls.json")
    run(session, "-m", "pytest", "tests/handlers", *plugin, *where, *session.posargs)


@nox.session(python=PYTHON)
def new(session: nox.Session) -> None:
    """Write a small repository for another stack: nox -s new -- DIR --name orders"""
    station(session, "new")


@nox.session(python=PYTHON)
def example(session: nox.Session) -> None:
    """Make examples/worker a repository of its own, and judge, test and deploy it there."""
    demand(session, "tests/example")
    install(session, "lint")
    run(session, "-m", "pytest", "tests/example", *session.posargs)
