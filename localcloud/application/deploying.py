"""`python -m localcloud.application.deploying ENV`: the project's own deployer, onto this machine.

It runs in a process of its own, so that what it imports (cfn-lint alone takes 100 MB) is released
with it and a changed schema is read again. Two things differ from AWS: the environment's account
and profile are a person's, and here the account is the embedded one's; and nothing takes minutes.
"""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.aws import ACCOUNT

if TYPE_CHECKING:
    from pipeline.environment.settings import Loaded

LONGEST_WAIT = 0.05


def main(arguments: list[str]) -> int:
    """Render, lint, guard, package, deploy; the exit code is the pipeline's."""
    _hurry()
    from pipeline import __main__ as pipeline
    from pipeline.environment import settings

    load = settings.load
    setattr(settings, "load", lambda name, root: here(load(name, root)))  # noqa: B010 - mypy's eyes
    name = arguments[0]
    return pipeline.main(["deploy", name, "--confirm", name], Path.cwd())


def here(loaded: Loaded) -> Loaded:
    """The environment as it is on this machine."""
    own = loaded.settings
    aws = own.aws.model_copy(update={"account": ACCOUNT, "profile": None})
    return replace(loaded, settings=own.model_copy(update={"aws": aws}))


def _hurry() -> None:
    """Before the pipeline is imported, which takes time.sleep as it finds it."""
    sleep = time.sleep
    setattr(time, "sleep", lambda seconds: sleep(min(seconds, LONGEST_WAIT)))  # noqa: B010 - as above


if __name__ == "__main__":
    gc.set_threshold(500_000)  # as in pipeline/__main__.py
    sys.exit(main(sys.argv[1:]))
