"""AWS clients: the only module that knows boto3, imported when a station first needs AWS.

What goes wrong on the way to AWS comes out of `spoken` as a person's error; whatever else botocore
raises is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.connecting import aws_errors, setup_errors
from pipeline.connecting.setup_errors import Machine, Problem
from pipeline.errors import UserError

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

    from pipeline.environment.fields import Aws

Answer = TypeVar("Answer")

# The first call tells within ten seconds whether anybody answers; later ones outlast throttling.
FIRST = {"connect_timeout": 4, "read_timeout": 5, "attempts": 2}
LATER = {"connect_timeout": 5, "read_timeout": 60, "attempts": 8}
PATIENCE = 20  # further tries of a read while a stack is being changed
PAUSE_SECONDS = 5
_SETUP_MODULES = {
    ("boto3", "session"),
    ("botocore", "auth"),
    ("botocore", "awsrequest"),
    ("botocore", "configloader"),
    ("botocore", "configprovider"),
    ("botocore", "credentials"),
    ("botocore", "endpoint"),
    ("botocore", "httpsession"),
    ("botocore", "tokens"),
}


@dataclass(frozen=True)
class Clients:
    """The services that a deployment speaks to, in one region with one identity."""

    cloudformation: CloudFormationClient
    s3: S3Client
    sts: STSClient
    s3_address: str
    """Where the region's S3 is on AWS itself, whatever endpoint the clients were given."""
    other: Callable[..., Any]
    """A client of a service that only some stations speak to, made when it is first needed;
    `region_name` for another region than the environment's.
    """

    @property
    def tables(self) -> DynamoDBClient:
        client: DynamoDBClient = self.other("dynamodb")
        return client

    @property
    def functions(self) -> LambdaClient:
        client: LambdaClient = self.other("lambda")
        return client

    @property
    def elsewhere(self) -> str:
        """Where requests go if not to AWS; empty for AWS itself."""
        meta = self.cloudformation.meta
        on_aws = meta.endpoint_url.startswith(f"https://cloudformation.{meta.region_name}.")
        return "" if on_aws else meta.endpoint_url


def connect(aws: Aws) -> Clients:
    """Clients for an environment's region and profile; nothing is called yet."""
    import botocore.session
    from boto3 import Session

    core = botocore.session.Session()
    session = Session(profile_name=aws.profile, region_name=aws.region, botocore_session=core)
    _ask_for_codes_on_terminals_only(core)
    _check_region(session, aws.region)
    later = _config(**LATER)
    return Clients(
        cloudformation=session.client("cloudformation", config=later),
        s3=session.client("s3", config=later),
        sts=session.client("sts", config=_config(**FIRST)),
        s3_address=_s3_address(session),
        other=cache(partial(session.client, config=later)),
    )


@contextmanager
def spoken(aws: Aws) -> Iterator[None]:
    """Calls inside answer, or raise a UserError that says what AWS, or the way to it, lacks."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    machine = Machine(aws, os.environ)
    try:
        yield
    except ClientError as error:
        raise aws_errors.refusal(_details(error), aws, machine.sign_in) from error
    except UserError:
        raise
    except Exception as error:
        of_botocore = isinstance(error, BotoCoreError | ResponseParserError)
        told = None
        if of_botocore or _is_of_setup(error):
            told = setup_errors.told(Problem.of(error), machine)
        if told is None:
            raise
        raise told from error


def patiently(read: Callable[[], Answer], sleep: Callable[[float], None]) -> Answer:
    """What `read` answers, asked again while AWS throttles or the connection is gone."""
    from botocore import exceptions, parsers

    gone = (exceptions.ConnectionError, exceptions.HTTPClientError, parsers.ResponseParserError)
    for _ in range(PATIENCE):
        try:
            return read()
        except gone:
            sleep(PAUSE_SECONDS)
        except exceptions.ClientError as error:
            if not aws_errors.passes(_details(error)):
                raise
            sleep(PAUSE_SECONDS)
    return read()


def _config(*, connect_timeout: int, read_timeout: int, attempts: int) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


def _s3_address(session: boto3.Session) -> str:
    from botocore.config import Config

    on_aws: dict[str, Any] = {"ignore_configured_endpoint_urls": True}  # unknown to the stubs
    return session.client("s3", config=Config(**on_aws)).meta.endpoint_url


def _check_region(session: boto3.Session, region: str) -> None:
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("cloudformation", partition)
    ]
    if region in known:
        return
    near = difflib.get_close_matches(region, known, n=1)
    raise UserError(
        f"AWS has no region {region} that this version of botocore knows.",
        where="aws.region",
        mend=f"Did you mean {near[0]}?" if near else "Write a region such as eu-central-1.",
    )


def _details(error: Any) -> aws_errors.Details:
    answer = error.response
    return aws_errors.Details(
        operation=error.operation_name,
        code=answer.get("Error", {}).get("Code", ""),
        message=answer.get("Error", {}).get("Message", ""),
        status=answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
    )


def _is_of_setup(error: BaseException) -> bool:
    """Was it raised while botocore read its configuration, or got credentials or a connection?

    Not every such error is botocore's own: a bad address is a ValueError, a missing program an
    OSError, an MFA code that nobody types an EOFError.
    """
    trace = error.__traceback__
    while trace is not None:
        path = PurePath(trace.tb_frame.f_code.co_filename)
        if (path.parent.name, path.stem) in _SETUP_MODULES:
            return True
        trace = trace.tb_next
    return False


def _ask_for_codes_on_terminals_only(core: botocore.session.Session) -> None:
    """Elsewhere getpass would wait for standard input, which in CI may never end."""
    provider = core.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = _prompted  # noqa: SLF001  botocore hands no prompter on


def _prompted(question: str) -> str:
    if not sys.stdin or not sys.stdin.isatty():
        raise EOFError
    return getpass.getpass(question)
