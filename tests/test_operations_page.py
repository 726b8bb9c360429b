"""docs/operations.md: every command in it exists, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from pipeline.connecting.aws_errors import PERMISSIONS
from pipeline.deploying.stacks import _WAYS_OUT
from pipeline.rights.permissions import STATIONS
from tests.smoke.steps import OWN_RIGHTS, STEPS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/operations.md").read_text()
SESSION = Session()
CLI_ONLY = {("s3", "rm"), ("cloudformation", "deploy")}
COMMANDS = sorted(
    set(re.findall(r"(?:^|`|')aws ([a-z0-9]+) ([a-z][a-z0-9-]+)", PAGE, re.MULTILINE))
)
SESSIONS = sorted(set(re.findall(r"nox -s ([a-z ]+?)(?: --|`|$|\s{2})", PAGE, re.MULTILINE)))
ANCHORS = {
    re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
    for title in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
}


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 20
    assert len(SESSIONS) > 5


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_aws_command_exists(command: tuple[str, str]) -> None:
    service, words = command
    model = SESSION.get_service_model("s3" if service == "s3api" else service)

    names = {xform_name(name, "-") for name in model.operation_names}
    assert command in CLI_ONLY or words == "wait" or words in names


@pytest.mark.parametrize("sessions", SESSIONS)
def test_a_nox_session_exists(sessions: str) -> None:
    noxfile = (ROOT / "noxfile.py").read_text()

    assert all(f"\ndef {name}(session" in noxfile for name in sessions.split())


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https://)([^)]+)\)", PAGE))))
def test_a_link_leads_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")

    assert (ROOT / "docs" / path).exists() if path else anchor in ANCHORS


def test_every_permission_is_listed() -> None:
    used = {action for actions in STATIONS.values() for action in actions}
    used |= set(PERMISSIONS.values()) - {"iam:SimulatePrincipalPolicy"}

    assert {action for action in used if f"`{action}`" not in PAGE} == set()


def test_every_state_with_a_way_out_is_explained() -> None:
    assert {state for state in _WAYS_OUT if f"`{state}`" not in PAGE} == {"IMPORT_ROLLBACK_FAILED"}


@pytest.mark.parametrize("entry", sorted({OWN_RIGHTS} | {step.entry for step in STEPS}))
def test_each_step_of_the_smoke_test_has_its_entry_under_troubleshooting(entry: str) -> None:
    listed = PAGE.partition("## Troubleshooting")[2].partition("\n## ")[0]

    assert f"\n**{entry}**\n" in listed
