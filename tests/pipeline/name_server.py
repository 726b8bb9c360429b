"""A DNS server on 127.0.0.1 for the tests: it knows what it is told, and no network."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from pipeline.connecting.name_servers import NameServers

Zone = Mapping[tuple[str, str], Sequence[str]]
ROOT = {(".", "NS"): ["a.root-servers.net."]}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        socket.sendto(self._answer(query).to_wire(), self.client_address)

    def _answer(self, query: Any) -> Any:
        known: Zone = self.server.zone  # type: ignore[attr-defined]
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records = known.get((name, kind))
        if records is not None and not records:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
        elif name not in {one for one, _ in known}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


@contextmanager
def serving(zone: Zone) -> Iterator[NameServers]:
    """A resolver of these records; a record without values is one that nobody answers for."""
    with socketserver.UDPServer(("127.0.0.1", 0), _Handler) as server:
        server.zone = zone  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = int(server.server_address[1])
        try:
            yield NameServers(resolver)
        finally:
            server.shutdown()
            thread.join()


def silent() -> NameServers:
    """A resolver that nobody listens to."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.timeout = ["127.0.0.1"], 9, 0.1
    return NameServers(resolver, seconds=0.3)
