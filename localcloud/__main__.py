"""`python -m localcloud --aws-only`: an AWS endpoint on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from localcloud import aws


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 1 when the port can't be had."""
    options = _options(arguments)
    stopped = _stop_signal()
    try:
        with aws.running(options.port) as endpoint:
            print(_ready(endpoint, as_json=options.json), flush=True)
            stopped.wait()
    except aws.Busy as error:
        print(f"{error}\nChoose another --port, or none for a free one.", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    parser.add_argument(
        "--aws-only", action="store_true", required=True, help="the AWS endpoint alone"
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--json", action="store_true", help="the ready line as JSON")
    return parser.parse_args(arguments)


def _stop_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _ready(endpoint: str, *, as_json: bool) -> str:
    variables = aws.environment(endpoint)
    if as_json:
        return json.dumps({"endpoint": endpoint, "environment": variables})
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
    return f"Ready at {endpoint} (Ctrl-C ends it); export {exports}"


if __name__ == "__main__":
    sys.exit(main())
