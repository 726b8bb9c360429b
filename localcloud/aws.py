"""An AWS endpoint on this machine: moto's services and our CloudFormation, on loopback."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from localcloud import completions, unimplemented

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    Around = Callable[[WSGIApplication], WSGIApplication]

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
REGION = "us-east-1"
POLL_SECONDS = 0.05  # how soon the server notices that it is to stop


class Busy(Exception):
    """The endpoint can't be had: its port is taken, or this process already has one."""


_one = threading.Lock()


@contextmanager
def running(port: int = 0, around: Around = lambda application: application) -> Iterator[str]:
    """The endpoint's URL, empty of resources, for as long as the block runs.

    `port` 0 takes a free one; `around` puts something in front of the services. moto keeps its
    state per process, so there is one at a time.
    """
    if not _one.acquire(blocking=False):
        raise Busy("this process already runs a local cloud")
    try:
        server = _server(port, around)
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            BackendDict.reset()
    finally:
        _one.release()


def _server(port: int, around: Around) -> BaseWSGIServer:
    BackendDict.reset()
    completions.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = unimplemented.answered(DomainDispatcherApplication(create_backend_app))
    with _bound(port) as listening:
        return make_server(
            HOST,
            listening.getsockname()[1],
            around(application),
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=listening.fileno(),
        )


def _bound(port: int) -> socket.socket:
    """A listening socket of our own: werkzeug's ends the process when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise Busy(f"port {port} of {HOST} can't be had: {error}") from error
    return listening


def environment(endpoint: str) -> dict[str, str]:
    """The variables with which boto3 and the AWS CLI use the endpoint, and nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", REGION),
    }
