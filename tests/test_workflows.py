"""The workflows: nothing that moves by itself, and no right that a job doesn't use."""

from __future__ import annotations

import json
import os
import re
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import jq
import pytest
import yaml

from pipeline import answers
from pipeline.rights import permissions
from pipeline.stations import deploy

WORKFLOWS = sorted((Path(__file__).parents[1] / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def test_there_are_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "deploy.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_a_commit_with_its_version_beside_it(path: Path) -> None:
    used = [line.strip() for line in path.read_text().splitlines() if "uses: " in line]

    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_has_the_rights_that_it_names_and_no_others(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in jobs(path).values())


def test_what_runs_a_pull_requests_code_with_an_identity_can_not_write_to_it() -> None:
    rights = [set(job["permissions"]) for path in WORKFLOWS for job in jobs(path).values()]

    assert not [one for one in rights if {"id-token", "pull-requests"} <= one]


# The comment on a pull request


def comment(**answer: Any) -> str:
    program = (WORKFLOWS[0].parents[1] / "plan-comment.jq").read_text()
    plan = answers.Plan(environment="dev", stack="qr-upload-dev", **answer)
    lines = jq.compile(program).input_text(plan.model_dump_json()).all()
    return "\n".join(lines)


def changed(**more: Any) -> answers.Change:
    cause = answers.Cause(path=["MemorySize"], replaces="Never", values=["128", "256"])
    fields = {
        "action": "Modify",
        "logical_id": "HttpApiLambda",
        "type": "AWS::Lambda::Function",
        "replacement": "",
        "causes": [cause],
        "place": "templates/main.yaml.j2:7",
    }
    return answers.Change.model_validate({**fields, **more})


def test_the_comment_is_made_of_the_plans_answer_with_a_row_for_each_change() -> None:
    remark = answers.Remark(logical_id="Queue", reason="nearly at the quota")

    told = comment(action="update", changes=[changed()], warnings=[remark], unheard_alarms=["A"])

    assert "Plan of `dev`: update `qr-upload-dev`, 1 resource changes" in told
    what = "| `Modify` | `HttpApiLambda` | `AWS::Lambda::Function` |  | `MemorySize` |"
    assert f"{what} `templates/main.yaml.j2:7` |" in told.splitlines()
    assert "- `Queue` `nearly at the quota`" in told
    assert "1 alarms reach nobody." in told


def test_the_comment_says_that_nothing_changes_and_why_a_plan_failed() -> None:
    mistake = answers.Mistake(what="no credentials", where="", mend="sign in", exit_code=1)

    assert comment(action="none") == "Plan of `dev`: nothing to change"
    failed = comment(error=mistake)
    assert "**failed** with exit code 1" in failed
    assert "`no credentials`" in failed
    assert "`sign in`" in failed


def test_nothing_that_a_plan_quotes_leaves_its_code_span() -> None:
    evil = changed(logical_id="`@everyone`\n\n# |x|", place="a`![x](https://evil.test)`")

    told = comment(action="update", changes=[evil])

    outside = re.sub(r"`[^`\n]*`", "", told)
    assert "@everyone" not in outside
    assert "evil.test" not in outside
    assert not [line for line in told.splitlines() if line.startswith("#")]


def test_many_changes_are_cut() -> None:
    told = comment(action="create", changes=[changed(logical_id=f"R{n}") for n in range(103)])

    assert "`R99`" in told
    assert "`R100`" not in told
    assert "and 3 more" in told


def test_github_runs_every_session_that_the_other_ci_runs() -> None:
    named = re.findall(r"nox -s (\w+)\n", (Path(__file__).parents[1] / ".ci/run").read_text())

    assert {"e2e", "browsers"} <= set(named)
    assert set(named) <= set(jobs(WORKFLOWS[0])["checks"]["strategy"]["matrix"]["session"])


# Deploying from GitHub

DEPLOY = WORKFLOWS[-1]
OPERATIONS = (Path(__file__).parents[1] / "docs/operations.md").read_text()
SUB = "token.actions.githubusercontent.com:sub"


def written(begins: str) -> Any:
    """A JSON block of docs/operations.md."""
    blocks = re.findall(r"```json\n(.*?)```", OPERATIONS, re.DOTALL)
    (found,) = [block for block in blocks if block.startswith(begins)]
    return json.loads(found)


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jobs(DEPLOY)[job]["steps"]
    return found


def test_a_plan_may_not_change_anything_by_its_own_rights() -> None:
    denied = {action for one in permissions.PLAN_DENIES for action in one["Action"]}

    allowed = set(permissions.STATIONS["plan"])
    conditional = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
    assert allowed & denied == conditional
    assert "cloudformation:DeleteStack" not in allowed
    assert "cloudformation:ExecuteChangeSet" not in allowed


def test_the_page_gives_the_plans_role_its_denial() -> None:
    assert written('[{"Sid"') == list(permissions.PLAN_DENIES)


def test_the_plans_session_is_denied_the_same() -> None:
    (session,) = [
        json.loads(step["with"]["inline-session-policy"])
        for step in steps("plan")
        if "inline-session-policy" in step.get("with", {})
    ]

    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert session["Statement"] == [everything, *permissions.PLAN_DENIES]
    assert len(json.dumps(session)) < 2048  # what STS takes


def test_the_page_trusts_one_repository_in_both_forms_of_its_name() -> None:
    trusted = written('{"Effect": "Allow", "Action": "sts:')["Condition"]["StringEquals"]

    assert trusted[SUB] == [
        "repo:OWNER/NAME:environment:prod",
        "repo:OWNER@OWNER_ID/NAME@REPOSITORY_ID:environment:prod",
    ]
    assert trusted[SUB.replace(":sub", ":repository_id")] == "REPOSITORY_ID"
    assert "*" not in json.dumps(trusted)


def test_what_a_person_may_switch_on_is_an_option_of_deploy() -> None:
    inputs = yaml.safe_load(DEPLOY.read_text())[True]["workflow_dispatch"]["inputs"]
    (step,) = [one for one in steps("deploy") if one.get("name") == "Deploy"]

    parser = ArgumentParser()
    deploy.options(parser)
    switches = {name for name, one in inputs.items() if one["type"] == "boolean"}
    for name in switches:
        option = f"--{name.replace('_', '-')}"
        assert inputs[name]["default"] is False
        assert step["env"][name.upper()] == f"${{{{ inputs.{name} && '{option}' || '' }}}}"
        assert f"${name.upper()}" in step["run"]
        parser.parse_args(["dev", option])
    assert switches >= {"clean_up", "import"}


def test_what_the_deploying_role_lacks_is_asked_before_anything_is_begun() -> None:
    commands = [step.get("run", "").partition(" -- ")[0] for step in steps("deploy")]

    assert commands.index("nox -s doctor") < commands.index("nox -s deploy")


def test_dev_is_gone_through_from_outside_after_its_deployment() -> None:
    commands = [step.get("run", "") for step in steps("deploy")]
    (deployment,) = [n for n, command in enumerate(commands) if command.startswith("nox -s deploy")]

    assert commands.index("nox -s smoke -- dev") > deployment


def test_a_watched_deployment_has_traffic_and_is_waited_for(tmp_path: Path) -> None:
    """The step as it stands, with minutes that take a moment, and a nox whose deployment of
    `watched` goes on until its traffic has come twice."""
    (step,) = [one for one in steps("deploy") if one.get("name") == "Deploy"]
    for name, minutes in (("watched", "5"), ("other", "null")):
        file = tmp_path / "environments" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"alarms:\n  rollback_minutes: {minutes}   # why\n")
    fakes = """
        nox() {
            echo "$2" >> called
            [ "$2" = deploy ] || return 1
            for _ in $(seq 600); do
                [ "$4" = other ] || [ "$(grep -c smoke called)" -gt 1 ] && break
                command sleep 0.1
            done
            return 3
        }
        sleep() { until grep -q deploy called; do command sleep 0.05; done; command sleep 0.05; }
        """

    def run(name: str) -> tuple[int, list[str]]:
        called = tmp_path / "called"
        called.unlink(missing_ok=True)
        environment = {
            "ENVIRONMENT": name,
            "CLEAN_UP": "",
            "IMPORT": "",
            "REVERT_DRIFT": "",
            "PATH": os.environ["PATH"],
        }
        command = ["bash", "-e", "-c", fakes + step["run"]]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False)
        return done.returncode, called.read_text().split()

    assert run("other") == (3, ["deploy"])
    code, called = run("watched")
    assert code == 3
    assert called[0] == "deploy"
    assert called.count("smoke") > 1
