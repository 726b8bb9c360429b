"""`python -m localcloud [ENV]`: the application on this machine until Ctrl-C.

With --aws-only it is the AWS endpoint alone, empty.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import signals
from pipeline.errors import UserError, tell

if TYPE_CHECKING:  # moto takes seconds to import, and a signal may come before it is
    from localcloud.keys import Endpoint

CHAOS_TIME_SCALE = 20.0  # retries take minutes on AWS: nobody waits for them to see chaos healed


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C, which is the way to end it, or SIGTERM (143); else why not is said."""
    try:
        _check_platform(sys.platform)
        options = _options(arguments)
        return _endpoint(options) if options.aws_only else _application(options)
    except UserError as error:
        tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        return signals.tell()


def _check_platform(name: str) -> None:
    if name == "win32":
        raise UserError(
            "the local cloud needs POSIX: its functions run in processes with limits.",
            where=name,
            mend="Run it in WSL or in a Linux container; all other stations work without it.",
        )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    add = parser.add_argument
    add("environment", nargs="?", default="dev", metavar="ENV", help="default: dev")
    add("--aws-only", action="store_true", help="the AWS endpoint alone")
    add("--port", type=int, default=0, help="and the three after it; default: free ones")
    add("--lan", action="store_true", help="on this machine's address, so that a phone reaches it")
    add("--watch", action="store_true", help="deploy again when a file of the project changes")
    add("--chaos", action="store_true", help="inject faults that happen on AWS now and then")
    add("--seed", type=int, help="repeats the faults of an earlier run")
    add("--time-scale", type=_scale, help="divides AWS's waits; with --chaos 20")
    add("--json", action="store_true", help="the ready line as JSON")
    add("--quiet", action="store_true", help="no request log")
    return parser.parse_args(arguments)


def _scale(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("it has to be greater than 0")
    return value


def _application(given: argparse.Namespace) -> int:
    from localcloud.application import command
    from localcloud.application.options import Options

    chaos = given.chaos or given.seed is not None
    seed = given.seed if given.seed is not None else command.new_seed()
    scale = given.time_scale or (CHAOS_TIME_SCALE if chaos else 1.0)
    options = Options(
        environment=given.environment,
        root=Path.cwd(),
        port=given.port,
        lan=given.lan,
        seed=seed if chaos else None,
        watch=given.watch,
        time_scale=scale,
        as_json=given.json,
        quiet=given.quiet,
    )
    return command.run(options)


def _endpoint(options: argparse.Namespace) -> int:
    from localcloud import aws

    stopped = _stop_signal()
    try:
        with aws.running(options.port) as endpoint:
            print(_ready(endpoint, as_json=options.json), flush=True)
            stopped.wait()
    except aws.Busy as error:
        print(f"{error}\nChoose another --port, or none for a free one.", file=sys.stderr)
        return 1
    return signals.tell() if signals.came_from_outside() else 0


def _stop_signal() -> threading.Event:
    stopped = threading.Event()

    def stop(number: int, _: object) -> None:
        signals.heeded.append(number)
        stopped.set()

    for number in signals.ALL:
        signal.signal(number, stop)
    return stopped


def _ready(endpoint: Endpoint, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"endpoint": endpoint.url, "environment": endpoint.environment()})
    return f"Ready at {endpoint.url} (Ctrl-C ends it); {endpoint.exports()}"


if __name__ == "__main__":
    signals.heed()
    sys.exit(main())
