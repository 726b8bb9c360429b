"""What the public DNS says of a name: its records, that there are none, or that nobody answers.

By dnspython, imported when something is first asked: Python's own resolver knows addresses alone,
and neither name servers nor who may issue certificates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dns.resolver import Resolver

_ROOT = "."


class Unanswered(Exception):
    """Nobody could be asked: this machine has no resolver, or none that answers."""


class Broken(Exception):
    """The resolver is well, and those who should know the name don't answer it."""


@dataclass(frozen=True)
class NameServers:
    """The resolver of this machine; a test gives its own. `seconds`: for a question's every try."""

    resolver: Resolver | None = None
    seconds: float = 5.0

    def records(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a kind in their text form; none where there are none."""
        from dns import exception, resolver

        try:
            answer = self._resolver().resolve(name, kind, lifetime=self.seconds, search=False)
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return ()
        except resolver.NoNameservers as error:
            raise self._why(name, error) from None
        except (exception.DNSException, OSError) as error:
            raise Unanswered(str(error)) from None
        return tuple(record.to_text() for record in answer)

    def _why(self, name: str, error: Exception) -> Exception:
        """A resolver that knows the root's servers, and no answer for a name, has asked in vain."""
        if name == _ROOT:
            return Unanswered(str(error))
        try:
            well = bool(self.records(_ROOT, "NS"))
        except Unanswered:
            well = False
        return Broken(str(error)) if well else Unanswered(str(error))

    def _resolver(self) -> Any:
        from dns import resolver

        return self.resolver or resolver.Resolver()
