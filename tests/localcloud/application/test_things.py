"""What the tests of this folder stand on."""

from __future__ import annotations

import asyncio
import gc
import socket

from tests.localcloud.application.things import asynchronous


@asynchronous
async def leave_something_unsent(server: socket.socket) -> None:
    _, writer = await asyncio.open_connection(*server.getsockname())
    writer.write(bytes(50_000_000))
    writer.close()


def test_a_connection_that_a_test_closed_is_none_that_it_left_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        leave_something_unsent(server)

        gc.collect()  # what is found here fails the test that is running
