"""Another stack by one command: a bare clone is judged, tested, deployed, served, destroyed."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from pipeline.errors import UserError
from pipeline.stations import new
from pipeline.stations.new import write
from tests.conftest import ROOT
from tests.example.repositories import PASSED, python, ran

NAME = "parcels"
TWO_AT_ONCE = ("--numprocesses=2", "--dist=loadfile")
PATIENCE = 60.0
TIME_SCALE = "60"  # a message that failed comes again after 3 s instead of 3 minutes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare clone of a new repository, untouched."""
    folder = tmp_path_factory.mktemp("new")
    python(ROOT, "pipeline", "new", str(folder / "written"), "--name", NAME)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")
    ran(folder / "written", *git, "init", "--quiet")
    ran(folder / "written", *git, "add", ".")
    ran(folder / "written", *git, "commit", "--quiet", "--message", "Begin")
    ran(folder, "git", "clone", "--quiet", "written", "repository")
    return folder / "repository"


@contextmanager
def serving(made: Path, *command: str) -> Iterator[dict[str, Any]]:
    """The ready line of a local cloud that runs for as long as the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=made, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        said = []
        try:
            for line in server.stdout:
                said.append(line)
                if line.startswith("{"):
                    yield json.loads(line)
                    break
            else:
                pytest.fail("".join(said))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.stdout.read()


@pytest.fixture(scope="module")
def endpoint(made: Path) -> Iterator[Mapping[str, str]]:
    """The variables that lead to the new repository's own local AWS endpoint."""
    with serving(made, "localcloud", "--aws-only", "--json") as ready:
        yield ready["environment"]


def test_a_bare_clone_is_green(made: Path) -> None:
    said = python(made, "nox")

    assert PASSED.search(said)
    assert re.search(r"\d+ passed", said)
    assert not re.search(r"\d+ (failed|skipped|errors?)", said)
    for session in ("lint", "guard", "tests"):
        assert f"* {session}: success" in said
    assert ran(made, "git", "status", "--porcelain") == ""


def test_the_engines_own_tests_are_green_beside_another_stack(made: Path, tmp_path: Path) -> None:
    ran(tmp_path, "git", "clone", "--quiet", str(made), "repository")
    repository = tmp_path / "repository"
    shutil.copy(ROOT / "tests/conftest.py", repository / "tests")
    unneeded = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tests/pipeline", repository / "tests/pipeline", ignore=unneeded)

    said = python(repository, "pytest", "tests/pipeline", *TWO_AT_ONCE)

    counted = re.search(r"^=* ?(\d+) passed in ", said, re.MULTILINE)
    assert counted, said
    assert int(counted[1]) > 1_000


def test_a_new_stack_goes_the_whole_way_on_this_machine(
    made: Path, endpoint: Mapping[str, str]
) -> None:
    assert PASSED.search(python(made, "pipeline", "check"))
    for words in (("render",), ("package",), ("plan", "dev"), ("deploy", "dev")):
        python(made, "pipeline", *words, env=endpoint)

    told = python(made, "pipeline", "outputs", "dev", "--format", "json", env=endpoint)
    answer, _ = json.JSONDecoder().raw_decode(told)  # what is said of the work follows it
    assert answer["outputs"]["ResultsName"] == f"{NAME}-results-dev"
    assert "is deployed as it is rendered" in python(made, "pipeline", "diff", "dev", env=endpoint)
    assert re.search(r"in all$", python(made, "pipeline", "cost", "prod"), re.MULTILINE)
    assert not re.search("npm|Chromium|Firefox", python(made, "pipeline", "doctor"))
    gone = python(made, "pipeline", "destroy", "dev", "--confirm", "dev", env=endpoint)
    assert f"{NAME}-dev is gone" in gone


def test_production_deploys_to_the_account_that_its_file_names(
    made: Path, endpoint: Mapping[str, str], tmp_path: Path
) -> None:
    ran(tmp_path, "git", "clone", "--quiet", str(made), "repository")
    file = tmp_path / "repository/environments/prod.yaml"
    written = re.sub(r"(?m)^  account: null", '  account: "123456789012"', file.read_text())
    assert written != file.read_text()
    file.write_text(written)

    python(tmp_path / "repository", "pipeline", "deploy", "prod", "--confirm", "prod", env=endpoint)

    said = python(tmp_path / "repository", "pipeline", "diff", "prod", env=endpoint)
    assert "is deployed as it is rendered" in said


class Stack:
    """A stack that is served, as its users and its operators see it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        given = ready["environment"]
        session = boto3.Session(
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            region_name=given["AWS_DEFAULT_REGION"],
        )
        self.outputs = ready["outputs"]
        self.sqs = session.client("sqs", endpoint_url=given["AWS_ENDPOINT_URL"])
        self._tables = session.resource("dynamodb", endpoint_url=given["AWS_ENDPOINT_URL"])

    def send(self, *bodies: str) -> None:
        entries: list[Any] = [
            {"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies)
        ]
        self.sqs.send_message_batch(QueueUrl=self.outputs["JobsUrl"], Entries=entries)

    def results(self) -> dict[str, str]:
        items = self._tables.Table(self.outputs["ResultsName"]).scan()["Items"]
        return {str(item["jobId"]): str(item["result"]) for item in items}

    def failed(self) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=self.outputs["FailedJobsUrl"], AttributeNames=["All"], VisibilityTimeout=0
        )
        return list(answer.get("Messages", []))

    def waiting(self) -> int:
        """Messages in the queue, in sight or not."""
        held = self.sqs.get_queue_attributes(
            QueueUrl=self.outputs["JobsUrl"], AttributeNames=["All"]
        )["Attributes"]
        return int(held["ApproximateNumberOfMessages"]) + int(
            held["ApproximateNumberOfMessagesNotVisible"]
        )


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_jobs_reach_the_worker_that_is_served_and_failures_end_in_their_queue(made: Path) -> None:
    local = ("nox", "-s", "local", "--", "dev", "--json", "--time-scale", TIME_SCALE)
    with serving(made, *local) as ready:
        stack = Stack(ready)
        assert ready["url"] is None
        jobs = [json.dumps({"id": f"job-{number}", "text": "tea"}) for number in range(8)]

        stack.send(*jobs, "this is no job")

        until(lambda: len(stack.results()) == 8)
        assert set(stack.results().values()) == {"TEA"}
        until(lambda: bool(stack.failed()))
        (message,) = stack.failed()
        assert message["Body"] == "this is no job"
        assert stack.waiting() == 0


def test_the_examples_name_is_nowhere_but_in_its_own_folder(made: Path) -> None:
    committed = ran(made, "git", "ls-files").splitlines()

    named = [
        name
        for name in committed
        if re.search(r"\borders\b", (made / name).read_text(encoding="utf-8"))
    ]

    assert len(committed) > 200
    assert [name for name in named if not name.startswith(("pipeline/", "noxfile.py"))] == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UserError, match="isn't an empty folder"):
        write(tmp_path, NAME)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["Parcels", "1st", "a", "under_score", "-x", "x" * 24, "xn--x"])
def test_a_name_that_resources_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="can't begin the names of resources"):
        write(tmp_path / "new", name)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no", "null", "x" * 23])
def test_a_name_that_yaml_reads_as_something_else_or_is_long_is_clean(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, name)  # a folder that is there and empty stays the same folder

    assert PASSED.search(python(tmp_path, "pipeline", "check"))


@pytest.mark.parametrize("folder", ["file/sub", "file", "link", "closed/sub"])
def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(tempfile, "mkdtemp", no_space)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(UserError) as refused:
        write(tmp_path / folder, NAME)

    assert refused.value.where == str(tmp_path / folder)
    assert sorted(tmp_path.rglob("*")) == before


def no_space(*_: object, **__: object) -> str:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left")])
def test_what_is_interrupted_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(path: Path, name: str) -> None:
        if path.name == "main.yaml.j2":
            raise error

    monkeypatch.setattr(new, "_rename", broken)

    with pytest.raises((KeyboardInterrupt, UserError)):
        write(tmp_path / "a/b/c", NAME)

    assert list(tmp_path.iterdir()) == []


def test_what_the_example_depends_on_is_locked_with_it(made: Path) -> None:
    lock = (made / "requirements.lock").read_text(encoding="utf-8")

    assert lock == (ROOT / "requirements.lock").read_text(encoding="utf-8")
