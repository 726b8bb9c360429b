"""The ports of this machine on which the application is served, and the address of the machine."""

from __future__ import annotations

import ipaddress
import socket

from pipeline.errors import UserError

LOOPBACK = "127.0.0.1"
# Nothing is sent there: only which of our addresses would be used for it is asked.
ELSEWHERE = ("192.0.2.1", 9)


def lan_address() -> str:
    """This machine's address in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(ELSEWHERE)
            address = str(asked.getsockname()[0])
        except OSError:
            address = LOOPBACK
    if ipaddress.ip_address(address).is_loopback:
        raise UserError(
            "this machine has no address in a network, so no phone could reach it.",
            where="--lan",
            mend="Connect it to the phone's network, or leave --lan out.",
        )
    return address


class Ports:
    """Listening sockets by the names of what is served there.

    With a first port, `website` has that one and the others those after it.
    """

    def __init__(self, host: str, first: int) -> None:
        self.host = host
        self._next = first
        self._sockets: dict[str, socket.socket] = {}

    def __getitem__(self, name: str) -> int:
        return self.socket(name)[0]

    def socket(self, name: str) -> tuple[int, socket.socket]:
        """A name's port and socket, bound when it is first asked for."""
        if name not in self._sockets:
            self._sockets[name] = _bound(self.host, self._next)
            self._next += 1 if self._next else 0
        listening = self._sockets[name]
        return int(listening.getsockname()[1]), listening

    def close(self) -> None:
        """Give all of them back."""
        for listening in self._sockets.values():
            listening.close()


def _bound(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(512)
    except (OSError, OverflowError) as error:
        listening.close()
        raise UserError(
            f"port {port} of {host} isn't available: {error}.",
            where="--port",
            mend="Choose another --port (that and the three after it are used), or none for free"
            " ones.",
        ) from None
    return listening
