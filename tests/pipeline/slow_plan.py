"""A plan that never ends, and is taken back more slowly than nox waits by itself.

Its word is how many seconds the taking back takes; nox gives 0.3 unless it is told otherwise.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from pipeline import signals
from pipeline.stations import plan
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import STACK_ID


def say(text: str) -> None:
    print(text, flush=True)


def wait(asked: Any) -> Any:
    say("waiting")
    for _ in range(600):  # a signal just before one long sleep would be heeded only after it
        time.sleep(0.1)


def take_back(_: Any) -> Any:
    time.sleep(float(sys.argv[1]))
    say("taken back")
    return {}


def main() -> int:
    signals.heed()
    aws = scripted_aws.connected()
    aws.says("DescribeStacks", scripted_aws.stack("UPDATE_COMPLETE"))
    aws.says("HeadBucket", {})
    aws.says("HeadObject", scripted_aws.Refusal("404", status=404))
    aws.says("CreateChangeSet", {"Id": STACK_ID, "StackId": STACK_ID})
    aws.says("DescribeChangeSet", wait)
    aws.says("DeleteChangeSet", take_back)
    plan.show_plan(scripted_aws.deployment(aws))
    return 0


if __name__ == "__main__":
    sys.exit(main())
