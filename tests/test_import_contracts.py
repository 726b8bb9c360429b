"""Each kind of wrong import, added to a copy, is refused by the contracts of pyproject.toml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("environments", "handlers", "localcloud", "pipeline")
COMMAND = "from importlinter.cli import lint_imports_command; lint_imports_command()"
ROOMS = "From the command line down to the ground"
LAYERS = "In the handlers, routes come before the services"
HANDLERS = "The handlers know nothing of"
CLOUD = "The local cloud's parts"
APPLICATION = "In the local application"
PIPELINE = "The pipeline knows nothing of"
ENTRIES = "Nothing imports a function's entry"
APART = "The two functions' entries"

ENTRY = "handlers/http_api_handler/lambda_function.py"

WRONG = {
    "pipeline/terminal.py -> pipeline.deploying.screen": ROOMS,
    "pipeline/formats/sarif_format.py -> pipeline.deploying.screen": ROOMS,
    "pipeline/policy/rulebook.py -> pipeline.terminal": ROOMS,
    "pipeline/redaction.py -> pipeline.policy.crosschecks": ROOMS,
    "pipeline/policy/metrics.py -> pipeline.iam.least_privilege": ROOMS,
    "pipeline/policy/crosschecks/rights.py -> pipeline.lint": ROOMS,
    "pipeline/deploying/losses.py -> pipeline.stations.destroy": ROOMS,
    "pipeline/render.py -> localcloud.aws": PIPELINE,
    "pipeline/iam/uses.py -> qr_session.session": PIPELINE,
    "handlers/qr_session/uploads.py -> pipeline.files": HANDLERS,
    "handlers/qr_session/logs.py -> localcloud.aws": HANDLERS,
    "handlers/qr_session/session.py -> qr_session.store": LAYERS,
    "handlers/qr_session/push.py -> qr_session.event_service": LAYERS,
    "handlers/qr_session/images.py -> qr_session.logs": LAYERS,
    "handlers/qr_session/incoming.py -> qr_session.http_answers": LAYERS,
    "localcloud/keys.py -> http_api_handler.lambda_function": ENTRIES,
    f"{ENTRY} -> pipeline.files": HANDLERS,
    f"{ENTRY} -> websocket_event_handler.lambda_function": APART,
    "localcloud/resources/base.py -> localcloud.cloudformation.engine": CLOUD,
    "localcloud/completions.py -> localcloud.aws": CLOUD,
    "localcloud/readback.py -> localcloud.application.serving": CLOUD,
    "localcloud/application/s3/s3_events.py -> localcloud.application.websocket": APPLICATION,
    "localcloud/application/access/policies.py -> localcloud.application.serving": APPLICATION,
    "localcloud/application/log.py -> localcloud.application.conditions": APPLICATION,
}
HIDDEN = {
    "within a function": "def late() -> None:\n    import pipeline.render\n",
    "for a type checker": "import typing\nif typing.TYPE_CHECKING:\n    import pipeline.render\n",
}
EXHAUSTIVE = {
    "pipeline": ROOMS,
    "handlers/qr_session": LAYERS,
    "localcloud": CLOUD,
    "localcloud/application": APPLICATION,
}


@dataclass(frozen=True)
class Copy:
    """The packages and pyproject.toml in a folder of their own."""

    folder: Path

    def append(self, file: str, text: str) -> None:
        with (self.folder / file).open("a", encoding="utf-8") as module:
            module.write(f"\n{text}")

    def broken(self) -> list[str]:
        """The names of the contracts that aren't kept; the linter's own failure is an error."""
        places = os.pathsep.join([".", "handlers"])
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "--no-logo"],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": places, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert re.search(r"^Contracts: \d+ kept, \d+ broken\.$", done.stdout, re.MULTILINE), done
        broken = re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE)
        assert done.returncode == bool(broken)
        return broken


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is linted once, so that its cache spares the others most of the work."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        unneeded = shutil.ignore_patterns("__pycache__", "*.yaml", "*.json")
        shutil.copytree(ROOT / package, folder / package, ignore=unneeded)
    assert Copy(folder).broken() == []
    return folder


@pytest.fixture
def copy(packages: Path) -> Iterator[Copy]:
    """That copy; the modules are afterwards as they were."""
    before = {path: path.read_bytes() for path in packages.rglob("*.py")}
    yield Copy(packages)
    for path in packages.rglob("*.py"):
        if path not in before:
            path.unlink()
        elif path.read_bytes() != before[path]:
            path.write_bytes(before[path])


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_import_is_refused(copy: Copy, wrong: str) -> None:
    importer, imported = wrong.split(" -> ")
    assert (copy.folder / importer).is_file()
    copy.append(importer, f"import {imported}\n")

    broken = copy.broken()

    assert [name.startswith(WRONG[wrong]) for name in broken] == [True]


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_a_wrong_import_is_refused_wherever_it_hides(copy: Copy, text: str) -> None:
    copy.append("pipeline/files.py", text)

    broken = copy.broken()

    assert [name.startswith(ROOMS) for name in broken] == [True]


@pytest.mark.parametrize("folder", EXHAUSTIVE)
def test_a_new_module_has_to_take_its_place(copy: Copy, folder: str) -> None:
    copy.append(f"{folder}/newcomer.py", '"""A module without a place."""\n')

    broken = copy.broken()

    assert [name.startswith(EXHAUSTIVE[folder]) for name in broken] == [True]


def test_an_import_downwards_is_kept(copy: Copy) -> None:
    copy.append("pipeline/stations/check.py", "import pipeline.errors\n")

    assert copy.broken() == []
