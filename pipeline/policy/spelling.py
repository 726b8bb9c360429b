"""A value of a template as one text in which what is the stack's own is marked as such.

However it is put together, by Ref, Fn::GetAtt, Fn::Sub or Fn::Join, the text says what will be:
OURS for a resource of the stack, PASSED for what only a deployment knows, <Region> for AWS::Region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.policy.references import as_written, prop, resource, resources

OURS, PASSED = "\ue000", "\ue001"
_BEFORE, _AFTER = re.compile(r"[:/]"), re.compile(r"[:/.]")
_IN_SUB = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Speller:
    """Spells values of one template."""

    template: dict[str, Any]

    def spelt(self, value: Any) -> str | None:
        """The text; None if what comes out can't be seen here."""
        text = self._spelt(value)
        return None if text is None else self._with_names(text)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names that the template gives its resources, spelt as well."""
        written = [
            as_written(prop(named, f"{str(named.get('Type')).rpartition('::')[2]}Name"))
            for named in resources(self.template).values()
        ]
        spelt = [self._in_sub(name, {}) for name in written if isinstance(name, str)]
        return frozenset(filter(None, spelt))

    def _with_names(self, text: str) -> str:
        """The text with the names that stand whole in it, between slashes, colons or points."""
        starts = [0, *(match.end() for match in _BEFORE.finditer(text))]
        ends = [len(text), *(match.start() for match in _AFTER.finditer(text))]
        for start in starts:
            whole = [end for end in ends if text[start:end] in self._names]
            if whole:
                rest = self._with_names(text[max(whole) :]) if max(whole) < len(text) else ""
                return f"{text[:start]}{OURS}{rest}"
        return text

    def _spelt(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return str(value)
        (key, inner), *more = value.items() or [("", None)]
        if more:
            return None
        if key == "Ref" and isinstance(inner, str):
            return self._name(inner)
        if key == "Fn::GetAtt" and isinstance(inner, str | list) and inner:
            return self._name(str(inner[0] if isinstance(inner, list) else inner))
        if key == "Fn::Sub":
            return self._sub(inner)
        return self._join(inner) if key == "Fn::Join" else None

    def _sub(self, inner: Any) -> str | None:
        text, variables = inner if isinstance(inner, list) and len(inner) == 2 else (inner, {})
        if not isinstance(text, str) or not isinstance(variables, dict):
            return None
        return self._in_sub(text, {name: self._spelt(value) for name, value in variables.items()})

    def _in_sub(self, text: str, variables: dict[str, str | None]) -> str | None:
        if None in variables.values():
            return None

        def put(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            return variables.get(name) or self._name(name)

        return _IN_SUB.sub(put, text)

    def _join(self, inner: Any) -> str | None:
        delimiter, parts = inner if isinstance(inner, list) and len(inner) == 2 else ("", None)
        spelt = [self._spelt(part) for part in parts] if isinstance(parts, list) else [None]
        return str(delimiter).join(map(str, spelt)) if None not in spelt else None

    def _name(self, name: str) -> str:
        if name.startswith("AWS::"):
            return f"<{name.removeprefix('AWS::')}>"
        return OURS if resource(self.template, name.partition(".")[0]) else PASSED
