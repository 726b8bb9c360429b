"""The whole flow from outside, without a browser: the acceptance test of a deployed stack.

    python -m tests.smoke local [ENV [OPTION …]]   starts the local cloud with these options
    python -m tests.smoke ENV                      a deployed stack, by its outputs

Every step is printed as it passes. It ends at the first that fails, and says what was awaited, what
came, and where to read on. What it made is deleted, whatever happened.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pipeline import render
from pipeline.environment import settings
from pipeline.errors import UserError, tell
from pipeline.website import published
from tests.smoke.account import Account
from tests.smoke.local import local_client, local_cloud
from tests.smoke.site import PATIENCE, Failed, Site
from tests.smoke.steps import OWN_RIGHTS, STEPS, Visit

PAGE = "docs/operations.md"
DEFAULT = "dev"
# A stack that isn't right may answer anything, in any form.
FAULTS = (
    *(Failed, aiohttp.ClientError, TimeoutError, OSError, ClientError, BotoCoreError),
    *(LookupError, TypeError, ValueError),
)


async def smoke(
    outputs: Mapping[str, str],
    account: Account,
    http: aiohttp.ClientSession,
    patience: float = PATIENCE,
) -> int:
    """Go through a stack with these outputs; 0 if all is as it should be."""
    site = Site.of(http, outputs, patience)
    pages = {page.path: page.data for page in published(Path.cwd(), outputs)}
    texts = {
        path: data.decode() for path, data in pages.items() if path.endswith((".html", ".json"))
    }
    async with AsyncExitStack() as stack:
        visit = Visit(site, account, outputs, texts, stack)
        try:
            failed = await _go(visit)
        finally:
            left = await _clean_up(visit)
    return int(failed or left)


async def _go(visit: Visit) -> bool:
    """Did a step fail?"""
    for step in STEPS:
        try:
            more = await step.act(visit)
        except FAULTS as error:
            _tell(step.title, error, step.entry)
            return True
        print(f"  ok      {step.title}{f' ({more})' if more else ''}", flush=True)
    return False


async def _clean_up(visit: Visit) -> bool:
    """Is anything left that couldn't be deleted?"""
    title, failed = "what this test made is deleted", False
    for session in visit.made:
        try:
            await asyncio.to_thread(visit.account.delete, session)
        except FAULTS as error:
            _tell(title, error, OWN_RIGHTS)
            failed = True
    if not failed:
        print(f"  ok      {title}", flush=True)
    return failed


def _tell(title: str, error: Exception, entry: str) -> None:
    if isinstance(error, ClientError) and "AccessDenied" in error.response["Error"]["Code"]:
        entry = OWN_RIGHTS
    if not isinstance(error, Failed):
        error = Failed("an answer", f"{type(error).__name__} {error}".strip())
    print(f"  FAILED  {title}", file=sys.stderr)
    print(f"          awaited  {error.awaited}", file=sys.stderr)
    print(f"          got      {error.got}", file=sys.stderr)
    print(f'          read     {PAGE}, "{entry}"', file=sys.stderr, flush=True)


def account(
    name: str,
    outputs: Mapping[str, str],
    client: Callable[[str], Any] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> Account:
    """An environment's stack, in the account of its own settings or as `client` reaches it.

    `addresses`: what a local cloud serves in the place of AWS's names.
    """
    rendered = render.render(settings.load(name, Path.cwd()), Path.cwd())
    own = rendered.settings
    session: Any = boto3.Session(profile_name=own.aws.profile, region_name=own.aws.region)
    return Account(
        client or session.client,
        own.stack_name,
        outputs,
        rendered.value,
        addresses,
    )


async def _through(outputs: Mapping[str, str], account: Account) -> int:
    async with aiohttp.ClientSession() as http:
        return await smoke(outputs, account, http)


def main(arguments: list[str]) -> int:
    """Against what the first word names; further words go to the local cloud."""
    if len(arguments) < 1:
        print("Which one? An environment, or: local", file=sys.stderr)
        return 2
    try:
        return _run(arguments)
    except UserError as error:
        tell(error)
        return error.exit_code


def _run(arguments: list[str]) -> int:
    if arguments[0] == "local":
        named = len(arguments) > 1 and not arguments[1].startswith("-")
        name = arguments[1] if named else DEFAULT
        with local_cloud("--quiet", *arguments[1:]) as ready:
            print(f"local cloud at {ready['url']}", flush=True)
            outputs = ready["outputs"]
            seen = account(name, outputs, local_client(ready), ready["addresses"])
            return asyncio.run(_through(outputs, seen))
    asked = (sys.executable, "-m", "pipeline", "outputs", arguments[0], "--format", "json")
    told = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False)
    if told.returncode:
        return told.returncode
    print(f"the stack of {arguments[0]}", flush=True)
    outputs = json.loads(told.stdout)["outputs"]
    return asyncio.run(_through(outputs, account(arguments[0], outputs)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
