"""python -m tests.bench.peers: install the programs, and compare what they make with our render."""

from __future__ import annotations

import sys

from tests.bench.measure import Failed
from tests.bench.peers.work import different, workshop


def main() -> int:
    """1 if a program makes another stack, or if none could be installed."""
    failed = False
    with workshop() as made:
        for peer, command in made.commands.items():
            try:
                names = different(peer, command, made.folder)
                told = f"differs in {', '.join(names)}" if names else "the same resources"
            except (Failed, ValueError) as error:
                names, told = ["all"], str(error)
            failed = failed or bool(names)
            print(f"{peer.title} ({peer.program.package} {peer.program.version}): {told}")
        for line in made.missing:
            print(line)
    return 1 if failed or not made.commands else 0


if __name__ == "__main__":
    sys.exit(main())
