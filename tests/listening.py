"""Where a process listens, as Linux tells it in /proc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

LISTEN = "0A"
SOCKET = re.compile(r"socket:\[(\d+)\]")
Address = tuple[IPv4Address | IPv6Address, int]


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return set()
    return {pid}.union(*(family(int(child)) for child in children))


def listening(*pids: int) -> set[Address]:
    """The TCP addresses on which these processes accept connections."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    return {address for inode, address in _accepting() if inode in inodes}


def _sockets(pid: int) -> Iterator[str]:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if match := SOCKET.fullmatch(str(descriptor.readlink())):
                    yield match[1]


def _accepting() -> Iterator[tuple[str, Address]]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTEN:
                place, _, port = fields[1].partition(":")
                yield fields[9], (_address(place), int(port, 16))


def _address(place: str) -> IPv4Address | IPv6Address:
    """Words of four bytes, each in this machine's order."""
    words = [bytes.fromhex(place[at : at + 8])[::-1] for at in range(0, len(place), 8)]
    return ip_address(b"".join(words))
