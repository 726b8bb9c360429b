"""`python -m localcloud --aws-only` as a person and as a script meet it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import aws
from tests.localcloud.driving import Driver, queue, resources

COMMAND = (sys.executable, "-m", "localcloud", "--aws-only")
PATIENCE = 30


@contextmanager
def started(root: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and its ready line; it is stopped in any case."""
    with subprocess.Popen(
        [*COMMAND, *options], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 0, ""),
        (signal.SIGTERM, 143, "Ended from outside.\n"),
        (signal.SIGHUP, 129, "Ended from outside.\n"),
    ],
)
def test_it_says_what_to_copy_and_stops_cleanly(
    root: Path, number: signal.Signals, code: int, said: str
) -> None:
    with started(root, "--json") as (process, line):
        ready: dict[str, Any] = json.loads(line)

        process.send_signal(number)

        assert process.wait(PATIENCE) == code
        assert process.stderr is not None
        assert process.stderr.read() == said
    assert ready["endpoint"].startswith("http://127.0.0.1:")
    assert ready["environment"]["AWS_ENDPOINT_URL"] == ready["endpoint"]
    assert set(ready["environment"]) == {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
    }


def test_a_taken_port_is_a_clear_error(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = subprocess.run(
            [*COMMAND, "--port", str(port)], cwd=root, capture_output=True, text=True, check=False
        )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert f"port {port} of 127.0.0.1 isn't available" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_process_runs_one_endpoint(driver: Driver) -> None:
    with pytest.raises(aws.Busy, match="already runs"), aws.running():
        pass


def test_it_listens_on_loopback_only(driver: Driver) -> None:
    port = int(driver.endpoint.url.rsplit(":", 1)[1])
    with socket.socket() as elsewhere:
        elsewhere.settimeout(1)

        refused = elsewhere.connect_ex(("127.0.0.2", port))

    assert refused != 0


def test_a_persons_profile_reaches_nothing(
    aws_here: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    stack = Driver(aws_here.endpoint).deploy(resources(Q=queue()))

    assert stack["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("cloudformation", "describe_account_limits"),
        ("dynamodb", "list_global_tables"),
        ("sns", "list_sms_sandbox_phone_numbers"),
    ],
)
def test_what_the_endpoint_has_not_got_is_an_error_that_says_so(
    aws_here: Driver, service: str, operation: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(aws_here(service), operation)()

    assert error.value.response["Error"]["Code"] == "NotImplemented"
    assert operation in error.value.response["Error"]["Message"]


# ---- the real command line


def command_line() -> str:
    """Where `aws` is. It may be absent on a desk, never in CI."""
    found = shutil.which("aws")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("the aws command is not installed, and CI=true demands it")
    if found is None:
        pytest.skip("the aws command is not installed: nothing is proved about it here")
    return found


def run(aws_here: Driver, *arguments: str) -> str:
    """One call of the command; AWS CLI before 2.13 knows only --endpoint-url."""
    ended = subprocess.run(
        [command_line(), *arguments, "--endpoint-url", aws_here.endpoint.url, "--output", "json"],
        env={**os.environ, **aws_here.endpoint.environment(), "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_command_line_deploys_and_reads_back(aws_here: Driver, tmp_path: Path) -> None:
    template = resources(Q=queue()) | {"Outputs": {"Url": {"Value": {"Ref": "Q"}}}}
    (tmp_path / "template.json").write_text(json.dumps(template))

    run(
        aws_here,
        "cloudformation",
        "deploy",
        "--stack-name",
        "app",
        "--template-file",
        str(tmp_path / "template.json"),
    )

    described = json.loads(run(aws_here, "cloudformation", "describe-stacks"))
    (stack,) = described["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    queues = json.loads(run(aws_here, "sqs", "list-queues"))["QueueUrls"]
    assert [one["OutputValue"] for one in stack["Outputs"]] == queues
