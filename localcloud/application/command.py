"""From the command line to a served application, and its end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys
from typing import Any

from localcloud import aws
from localcloud.application import hooks, serving
from localcloud.application.access.identities import Identities
from localcloud.application.chaos import Chaos
from localcloud.application.conditions import Conditions
from localcloud.application.log import Log
from localcloud.application.options import Options
from localcloud.application.pace import Pace
from localcloud.application.ports import LOOPBACK, Ports, lan_address
from localcloud.application.services_front import ServicesFront
from pipeline import signals
from pipeline.errors import UserError, tell

LONGEST_INVOCATION = 900


def run(options: Options) -> int:
    """Serve until Ctrl-C or SIGTERM; the exit code."""
    try:
        return _run(options)
    except UserError as error:
        tell(error)
        return error.exit_code
    except serving.NotDeployed as error:
        return error.exit_code
    except aws.Busy as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: Options) -> int:
    loaded = serving.load(options)
    ports = Ports(lan_address() if options.lan else LOOPBACK, options.port)
    log = Log() if not options.quiet else Log(lambda _: None)
    conditions = Conditions(log, Pace(options.time_scale), Chaos(options.seed))
    identities = Identities()
    logging.getLogger("aiohttp").setLevel(logging.ERROR)
    try:
        ports["website"]
        services = ServicesFront(identities, conditions)
        with aws.running(around=services.around, find=identities.find) as endpoint:
            application = serving.Application(
                options, loaded, endpoint, ports, identities, conditions
            )
            served = asyncio.run(_serve(application))
    finally:
        ports.close()
    if signals.came_from_outside():
        return signals.tell()
    return 0 if served else signals.INTERRUPTED


async def _serve(application: serving.Application) -> bool:
    """Serve to the end; False if it never came to serving."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop(number: int) -> None:
        signals.heeded.append(number)
        stopped.set()

    for number in signals.ALL:
        loop.add_signal_handler(number, stop, number)
    again: set[asyncio.Task[None]] = set()
    loop.add_signal_handler(signal.SIGUSR1, _read_again, application, again)

    def invoke(function: str, event: Any, nobody_waits: bool) -> Any:  # noqa: FBT001 - hooks'
        work = application.invoke(function, event, nobody_waits=nobody_waits)
        return asyncio.run_coroutine_threadsafe(work, loop).result(LONGEST_INVOCATION)

    with hooks.functions_run_by(invoke):
        return await application.run(stopped)


def _read_again(application: serving.Application, running: set[asyncio.Task[None]]) -> None:
    """What SIGUSR1 is for; before the first deployment there is nothing to read."""
    if application.is_deployed:
        task = asyncio.get_running_loop().create_task(application.read_again())
        running.add(task)
        task.add_done_callback(running.discard)


def new_seed() -> int:
    """Pick a seed, which is printed, so that the run can be repeated."""
    return secrets.randbelow(10_000)
