"""Lines as editors count them: CRLF, LF and CR end one.

YAML 1.1 also ends a line at U+0085, U+2028 and U+2029, which stand within a line everywhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_END = re.compile("\r\n|\r|\n")
_END_IN_YAML = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def split(text: str) -> list[str]:
    """The lines of a text without their ends; a last end begins no further line."""
    lines = _END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


class Lines:
    """The lines of one text, by the number of a character or by YAML's own count."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [match.end() for match in _END.finditer(text)]

    def at(self, index: int) -> int:
        """The line, from 1, of the character with this index."""
        return bisect_right(self._ends, index) + 1

    def from_yaml(self, number: int) -> int:
        """The line that a reader of YAML calls `number`, counted from 1."""
        if number < 2 or not re.search("[\x85\u2028\u2029]", self._text):
            return number
        ends = [match.end() for match in _END_IN_YAML.finditer(self._text)]
        return self.at(ends[min(number - 2, len(ends) - 1)])
