"""The whole application on this machine: deployed, served, deployed again, and ended without
leftovers.

`Application` composes the parts. Everything that stands in front of AWS asks for the blueprint of
now, so a new deployment needs no restart: what has left the template is gone with the next request.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from typing import Any

from aiohttp import web
from botocore.exceptions import ClientError

from localcloud import aws
from localcloud.application import addresses as addressing
from localcloud.application.access.identities import Identities
from localcloud.application.addresses import Addresses
from localcloud.application.blueprint import Api, Blueprint, Function
from localcloud.application.compute.functions import Functions, Pool
from localcloud.application.compute.invocations import Events, Failures
from localcloud.application.compute.log_groups import LogGroups
from localcloud.application.compute.sources import Sources
from localcloud.application.conditions import Conditions
from localcloud.application.edge.distribution import DistributionFront
from localcloud.application.http_api.http_gateway import HttpGateway
from localcloud.application.options import Options
from localcloud.application.ports import Ports
from localcloud.application.reading import deployed
from localcloud.application.s3 import website_endpoint
from localcloud.application.s3.s3_front import LARGEST, S3Front
from localcloud.application.s3.stored_files import StoredFiles
from localcloud.application.warming import warm
from localcloud.application.watch import changes
from localcloud.application.websocket.connections import Connections
from localcloud.application.websocket.management import LONGEST_MESSAGE, Management
from localcloud.application.websocket.websocket_gateway import WebSocketGateway
from localcloud.keys import Endpoint
from localcloud.resources.base import Account
from pipeline.environment import settings
from pipeline.environment.settings import Loaded
from pipeline.errors import UserError
from pipeline.website import published

DEPLOYER = "localcloud.application.deploying"
THREADS = 32
END_SECONDS = 3.0
LONGEST_LINE = 1024 * 1024  # far above what AWS takes, so that each front refuses in AWS's words
STILL = "what was there before is still served"


class NotDeployed(Exception):
    """The deployer stopped; it has said why."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"the deployer ended with {exit_code}")
        self.exit_code = exit_code


class Application:
    """One environment, from its first deployment to Ctrl-C."""

    def __init__(
        self,
        options: Options,
        loaded: Loaded,
        endpoint: Endpoint,
        ports: Ports,
        identities: Identities,
        conditions: Conditions,
    ) -> None:
        self._options = options
        self._loaded = loaded
        self._endpoint = endpoint
        self._ports = ports
        self._identities = identities
        self._conditions = conditions
        self._log = conditions.log
        self._account = Account(endpoint, loaded.settings.aws.region, aws.ACCOUNT)
        self._blueprint: Blueprint | None = None
        self._addresses = Addresses({})
        self._connections = Connections()
        self._log_groups = LogGroups(self._account)
        self._functions = Functions(self._pool)
        failures = Failures(self._account, conditions)
        self._events = Events(self._functions, failures, conditions)
        self._sources = Sources(
            lambda: self.blueprint, self._account, self._functions, failures, conditions
        )
        self._served: dict[str, web.AppRunner] = {}
        self._edge: DistributionFront | None = None
        self._changing = asyncio.Lock()

    @property
    def blueprint(self) -> Blueprint:
        """What is deployed now."""
        if self._blueprint is None:
            raise RuntimeError("nothing is deployed yet")
        return self._blueprint

    @property
    def is_deployed(self) -> bool:
        """Is there a stack that is served?"""
        return self._blueprint is not None

    async def run(self, stopped: asyncio.Event) -> bool:
        """Deploy, say that it is ready, and serve until `stopped`; False if that came too early."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS))
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            if not await self._begin(stopped):
                return False
            self._say_ready(time.monotonic() - began)
            if self._options.watch:
                watching = asyncio.create_task(self._watch())
                stack.callback(watching.cancel)
            await stopped.wait()
        return True

    async def _begin(self, stopped: asyncio.Event) -> bool:
        """The first deployment; False if it was interrupted."""
        deployment = asyncio.create_task(self._deploy())
        warming = asyncio.create_task(asyncio.to_thread(warm, self._account))
        interruption = asyncio.create_task(stopped.wait())
        await asyncio.wait({deployment, interruption}, return_when=asyncio.FIRST_COMPLETED)
        interruption.cancel()
        await warming
        if not deployment.done():
            deployment.cancel()
            with suppress(asyncio.CancelledError):
                await deployment
            return False
        deployment.result()
        return True

    async def invoke(self, function: str, event: Any, *, nobody_waits: bool) -> Any:
        """What `aws lambda invoke` does; None where the event was only taken."""
        trace = self._log.trace()
        if nobody_waits:
            self._events.accept(function, event, trace)
            return None
        return await self._functions[function].invoke(event, trace, "aws lambda invoke")

    # ---- deploying

    async def _deploy(self) -> None:
        """Deploy, read what there is now, and serve that."""
        async with self._changing:
            self._check_place(load(self._options))
            await self._run_deployer()
            blueprint = await self._read()
            if blueprint.website:
                pages = published(self._options.root, blueprint.outputs)
                s3, bucket = self._account.client("s3"), blueprint.website.bucket
                publish = website_endpoint.publish
                await asyncio.to_thread(publish, s3, bucket, pages, self._addresses)
            await self._bring(blueprint)

    async def read_again(self) -> None:
        """Serve the stack as it is now, after changes by hand."""
        async with self._changing:
            try:
                await self._bring(await self._read())
            except (UserError, ClientError) as error:
                self._log.line("ready", f"{error}; {STILL}")
            else:
                self._log.line("ready", "the stack was read again, and is served as it is now")

    async def _read(self) -> Blueprint:
        """What is deployed, and where it is found on this machine."""
        stack = self._loaded.settings.stack_name
        blueprint = await asyncio.to_thread(deployed.read, self._account, stack)
        ports = self._ports_of(blueprint)
        self._addresses = addressing.addresses(blueprint, self._ports.host, ports)
        return blueprint

    async def _bring(self, blueprint: Blueprint) -> None:
        """Serve this, in the place of what was served."""
        self._blueprint = addressing.at_home(blueprint, self._addresses)
        self._functions.bring(blueprint.functions)
        await self._serve(blueprint)
        await self._sources.bring()
        for problem in await self._functions.warm():
            self._log.line("function", problem)

    def _check_place(self, loaded: Loaded) -> None:
        """A file that is being watched may change anything but which stack it is, and where."""
        old, new = self._loaded.settings, loaded.settings
        if (old.stack_name, old.aws.region) != (new.stack_name, new.aws.region):
            raise UserError(
                f"it is now the stack {new.stack_name} in {new.aws.region}.",
                where=loaded.document.file,
                mend="End the local cloud and start it again: its stack stays what it is.",
            )

    async def _run_deployer(self) -> None:
        variables = {name: one for name, one in os.environ.items() if not name.startswith("AWS_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", DEPLOYER, self._options.environment),
            cwd=self._options.root,
            env=variables | self._endpoint.environment() | {"PYTHONPATH": _python_path()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to act on
        )
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            sys.stderr.buffer.write(said)
            sys.stderr.flush()
            raise NotDeployed(process.returncode)

    def _ports_of(self, blueprint: Blueprint) -> Mapping[str, int]:
        names = ["website", *(api.logical_id for api in blueprint.apis), "s3"]
        return {name: self._ports[name] for name in names}

    async def _watch(self) -> None:
        async for paths in changes(self._options.root):
            self._log.line("watch", f"{', '.join(paths)} changed")
            began = time.monotonic()
            try:
                await self._deploy()
            except UserError as error:
                print(error, file=sys.stderr, flush=True)
                self._log.line("watch", STILL)
            except NotDeployed:
                self._log.line("watch", STILL)
            except Exception:  # noqa: BLE001 - a bug of ours ends no watching
                traceback.print_exc()
            else:
                self._log.line("watch", f"deployed in {time.monotonic() - began:.1f} s")

    # ---- serving

    def _pool(self, function: Function) -> Pool:
        variables = {
            name: self._addresses.mapped(value) for name, value in function.variables.items()
        } | {
            "AWS_ENDPOINT_URL": self._endpoint.url,
            "AWS_ENDPOINT_URL_S3": self._url("s3"),
        }
        return Pool(function, variables, self._identities, self._conditions, self._log_groups)

    def _url(self, name: str) -> str:
        return f"http://{self._ports.host}:{self._ports[name]}"

    async def _serve(self, blueprint: Blueprint) -> None:
        s3 = self._account.client("s3")
        files = StoredFiles(lambda: self.blueprint, s3)
        pages = website_endpoint.WebsiteServer(lambda: self.blueprint, files, self._url("website"))
        self._edge = self._edge or DistributionFront(
            lambda: self.blueprint, files, self._url("website"), self._url, self._conditions
        )
        front = S3Front(
            lambda: self.blueprint, self._identities, s3, self._events.accept, self._conditions
        )
        await self._listen("website", _all(self._front(pages, self._edge), 2 * LONGEST_HTTP))
        await self._listen("s3", _all(front.handle, LARGEST))
        for api in blueprint.apis:
            await self._listen(api.logical_id, self._gateway(api))

    def _front(self, pages: website_endpoint.WebsiteServer, edge: DistributionFront) -> Handle:
        """What answers on the website's port, as the stack is now."""

        async def handle(request: web.Request) -> web.StreamResponse:
            front = edge if self.blueprint.distribution else pages
            return await front.handle(request)

        return handle

    def _gateway(self, api: Api) -> web.Application:
        def now() -> Api | None:
            apis = (one for one in self.blueprint.apis if one.logical_id == api.logical_id)
            return next(apis, None)

        if not api.is_websocket:
            http = HttpGateway(now, lambda: self.blueprint, self._functions, self._conditions)
            return _all(http.handle, LONGEST_HTTP)
        sockets = WebSocketGateway(now, self._functions, self._connections, self._conditions)
        management = Management(
            now,
            lambda: self.blueprint,
            sockets,
            self._connections,
            self._identities,
            self._conditions,
        )
        application = web.Application(client_max_size=LONGEST_MESSAGE)
        application.router.add_route("*", "/{stage}/@connections/{id}", management.handle)
        application.router.add_route("*", "/{path:.*}", sockets.handle)
        return application

    async def _listen(self, name: str, application: web.Application) -> None:
        """Serve once; a later deployment finds it served already."""
        if name in self._served:
            return
        runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=END_SECONDS,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        await runner.setup()
        await web.SockSite(runner, self._ports.socket(name)[1]).start()
        self._served[name] = runner

    async def _close(self) -> None:
        """End everything: connections, readers, events, processes, servers."""
        await self._sources.close()
        await self._connections.close()
        if self._edge is not None:
            await self._edge.close()
        await asyncio.gather(*(runner.cleanup() for runner in self._served.values()))
        await self._events.close()
        await self._functions.close()
        await self._log_groups.close()

    # ---- what a person sees

    def _say_ready(self, seconds: float) -> None:
        blueprint = self.blueprint
        for note in blueprint.notes:
            self._log.line("ready", note)
        names = f"{blueprint.stack}, {blueprint.resources} resources"
        self._log.line("ready", f"{names}, deployed and served in {seconds:.1f} s")
        seed = self._conditions.chaos.seed
        if seed is not None:
            self._log.line("chaos", f"on; --seed {seed} does the same again")
        print(self._ready_line(), flush=True)

    def _ready_line(self) -> str:
        outputs = {
            name: self._addresses.mapped(value) for name, value in self.blueprint.outputs.items()
        }
        if self._options.as_json:
            return json.dumps(
                {
                    "url": self._url("website") if self.blueprint.website else None,
                    "outputs": outputs,
                    "addresses": self._addresses.local,
                    "endpoint": self._endpoint.url,
                    "environment": self._endpoint.environment(),
                }
            )
        aws_here = f"AWS here: {self._endpoint.exports()}"
        if self.blueprint.website:
            return f"Ready at {self._url('website')} (Ctrl-C ends it)\n{aws_here}"
        said = "".join(f"  {name}: {value}\n" for name, value in sorted(outputs.items()))
        return f"Ready: {self.blueprint.stack} (Ctrl-C ends it)\n{said}{aws_here}"


LONGEST_HTTP = 10 * 1024 * 1024
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _all(handle: Handle, longest: int = 1024) -> web.Application:
    application = web.Application(client_max_size=longest)
    application.router.add_route("*", "/{path:.*}", handle)
    return application


def _python_path() -> str:
    """Where this package and the pipeline are imported from: the deployer runs in the project."""
    return os.pathsep.join(path for path in sys.path if path)


def load(options: Options) -> Loaded:
    """The environment's settings, checked before anything is started."""
    return settings.load(options.environment, options.root)
