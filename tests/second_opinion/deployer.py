"""`python -m tests.second_opinion.deployer STATION ENV …`: the project's stations, onto ministack.

As on the local cloud, the environment's account and profile are a person's, and here the account is
the emulator's. What is sent to CloudFormation lacks what ministack lacks. `SPOILT=PARAMETER` lets
an update fail: the parameter then names what isn't there.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.application.deploying import here
from pipeline import __main__ as pipeline
from pipeline.connecting import clients
from pipeline.environment import settings
from tests.second_opinion import omissions

EVENT = "provide-client-params.cloudformation.*"


def main(arguments: list[str]) -> int:
    """The station's exit code."""
    load, connect = settings.load, clients.connect

    def connected(aws: Any) -> Any:
        speaking = connect(aws)
        events = speaking.cloudformation.meta.events
        events.register(EVENT, partial(omissions.edited, s3=speaking.s3))
        events.register(EVENT, spoil)
        return speaking

    setattr(settings, "load", lambda name, root: here(load(name, root)))  # noqa: B010 - mypy's eyes
    setattr(clients, "connect", connected)  # noqa: B010 - as above
    return pipeline.main(arguments, Path.cwd())


def spoil(params: dict[str, Any], **_: Any) -> None:
    """Let one parameter name what isn't there."""
    for parameter in params.get("Parameters", []):
        if parameter["ParameterKey"] == os.environ.get("SPOILT"):
            parameter["ParameterValue"] = "nothing.zip"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
