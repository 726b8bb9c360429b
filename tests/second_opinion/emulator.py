"""ministack as a process of its own on loopback, over TLS under AWS's own host names."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import boto3
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.listening import family, listening

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "123456789012"
SUFFIX = f"{REGION}.amazonaws.com"
NAMES = (
    "localhost",
    f"*.execute-api.{SUFFIX}",
    f"*.s3.{SUFFIX}",
    f"*.s3-website-{SUFFIX}",
    "*.cloudfront.net",
)
START_SECONDS = 60.0
CLOSING_SECONDS = 0.25  # aiohttp's page, "Graceful shutdown": TLS connections end a little later
END_SECONDS = 2.0  # it waits for connections that nobody uses any more


class NotStarted(Exception):
    """It has ended, or never listened."""


@dataclass(frozen=True)
class Emulator:
    """A running ministack: where it listens, whom to trust, and with which keys."""

    port: int
    certificate: Path
    key: str
    secret: str
    pid: int
    log: Path
    enforces: bool

    @property
    def url(self) -> str:
        """The AWS endpoint."""
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to take it for AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.certificate),
        }

    def client(self, service: str) -> Any:
        """A client with the account's own keys."""
        session: Any = boto3.Session(
            aws_access_key_id=self.key, aws_secret_access_key=self.secret, region_name=REGION
        )
        return session.client(service, endpoint_url=self.url, verify=str(self.certificate))

    @asynccontextmanager
    async def http(
        self, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """A client to which AWS's host names lead here; it sends these headers with everything."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        connector = aiohttp.TCPConnector(ssl=trust, resolver=Here(self.port))
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            yield session
        await asyncio.sleep(CLOSING_SECONDS)


class Here(AbstractResolver):
    """Every name is this machine's, at one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """This machine, whoever is meant."""
        return [
            ResolveResult(
                hostname=host, host=LOOPBACK, port=self._port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """There is nothing to close."""


@contextmanager
def running(folder: Path, *, enforces: bool) -> Iterator[Emulator]:
    """ministack for as long as the block runs; with `enforces` it checks signatures and IAM.

    Somebody may take the port that was free before ministack does: then it gets another one.
    """
    with ExitStack() as stack:
        for last in (False, False, True):
            try:
                started = stack.enter_context(_on(_free_port(), folder, enforces=enforces))
            except NotStarted:
                if last:
                    raise
            else:
                break
        yield started


@contextmanager
def _on(port: int, folder: Path, *, enforces: bool) -> Iterator[Emulator]:
    certificate, private = _certificate(folder)
    key, secret = f"AKIA{secrets.token_hex(8).upper()}", secrets.token_hex(20)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    variables = {
        "AUTH": str(enforces).lower(),
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": SUFFIX,
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(private),
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
        "USE_SSL": "1",
    }
    log = folder / "ministack.log"
    command = (sys.executable, "-m", "ministack")
    with (
        log.open("w") as stream,
        subprocess.Popen(
            command, env=kept | variables, cwd=folder, stdout=stream, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            made = Emulator(port, certificate, key, secret, process.pid, log, enforces)
            _wait(made, process)
            yield made
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(emulator: Emulator, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if emulator.port in {port for _, port in listening(*family(process.pid))}:
            return
        time.sleep(0.05)
    raise NotStarted(f"ministack didn't start:\n{emulator.log.read_text()}")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        return int(listening.getsockname()[1])


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for a day, for the names under which AWS would answer, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "second opinion")])
    now = dt.datetime.now(dt.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(one) for one in NAMES]
    alternatives.append(x509.IPAddress(ipaddress.ip_address(LOOPBACK)))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private
