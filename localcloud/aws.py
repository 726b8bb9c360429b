"""An AWS endpoint on this machine: moto's services and our CloudFormation, on loopback."""

from __future__ import annotations

import logging
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

from localcloud import completions, gate, keys, unimplemented
from localcloud.keys import Endpoint
from localcloud.signatures import Find, Signer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    Around = Callable[[WSGIApplication], WSGIApplication]

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
POLL_SECONDS = 0.05  # how soon the server notices that it is to stop


class Busy(Exception):
    """The endpoint isn't available: its port is taken, or this process already has one."""


_one = threading.Lock()


@contextmanager
def running(
    port: int = 0,
    around: Around = lambda application: application,
    find: Find[Signer] = keys.find,
) -> Iterator[Endpoint]:
    """The endpoint with its keys, empty of resources, for as long as the block runs.

    `port` 0 takes a free one; `around` puts something in front of the services; `find` knows other
    keys with which a request may be signed. moto keeps its state per process, so there is one at a
    time.
    """
    if not _one.acquire(blocking=False):
        raise Busy("this process already runs a local cloud")
    issued = keys.issue()
    try:
        server = _server(port, around, lambda key: keys.find(key) or find(key))
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield Endpoint(f"http://{HOST}:{server.port}", issued)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            BackendDict.reset()
    finally:
        keys.revoke(issued)
        _one.release()


def _server(port: int, around: Around, find: Find[Signer]) -> BaseWSGIServer:
    BackendDict.reset()
    completions.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = unimplemented.answered(DomainDispatcherApplication(create_backend_app))
    with _bound(port) as listening:
        own = listening.getsockname()[1]
        hosts = {f"{HOST}:{own}", f"localhost:{own}"}
        return make_server(
            HOST,
            own,
            gate.closed(around(application), hosts, find),
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
        raise Busy(f"port {port} of {HOST} isn't available: {error}") from error
    return listening
