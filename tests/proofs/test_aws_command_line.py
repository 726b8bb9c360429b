"""The real aws command line, version 2, does what docs/operations.md says without the pipeline."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from localcloud.keys import Endpoint
from pipeline.__main__ import main
from tests.pipeline import scripted_aws

STACK = "qr-upload-dev"


def program() -> str:
    """The first aws of version 2 on the path; in CI its absence is a failure."""
    for folder in os.get_exec_path():
        path = Path(folder) / "aws"
        if path.is_file() and os.access(path, os.X_OK):
            told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if told.stdout.startswith("aws-cli/2"):
                return str(path)
    missing = "version 2 of the aws command line isn't here (Debian: apt-get install awscli)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def aws(endpoint: Endpoint) -> Any:
    """A call of the command line on an empty account; its answer."""
    scripted_aws.empty(endpoint)
    path = program()

    def call(*words: str) -> Any:
        environment = {**os.environ, **endpoint.environment(), "AWS_PAGER": ""}
        done = subprocess.run(
            [path, *words, "--endpoint-url", endpoint.url, "--region", "us-east-1"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return call


def test_the_rendered_files_are_all_that_the_aws_command_line_needs(
    aws: Any, project: Path
) -> None:
    main(["render", "dev"], project)
    main(["package", "dev"], project)
    build = project / "build/dev"
    listed = json.loads((build / "parameters.json").read_text())
    values = {one["ParameterKey"]: one["ParameterValue"] for one in listed}
    bucket = values["LambdaDeploymentBucket"]
    aws("s3", "mb", f"s3://{bucket}")
    for key in (values["HttpApiCodeKey"], values["WebSocketEventCodeKey"]):
        aws("s3", "cp", str(build / f"{key.split('.')[0]}.zip"), f"s3://{bucket}/{key}")

    aws(
        *("cloudformation", "deploy", "--stack-name", STACK, "--capabilities", "CAPABILITY_IAM"),
        *("--template-file", str(build / "template.yaml")),
        *("--parameter-overrides", f"file://{build / 'parameters.json'}"),
    )

    [stack] = aws("cloudformation", "describe-stacks", "--stack-name", STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {one["OutputKey"] for one in stack["Outputs"]} >= {"WebsiteURL", "HttpApiUrl"}
    assert {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]} == values
