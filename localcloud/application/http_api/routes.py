"""Which route of an HTTP API takes a request, as API Gateway chooses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from localcloud.application.blueprint import Api, Route

_VARIABLE = re.compile(r"\{([^{}+]+)(\+?)\}")


@dataclass(frozen=True)
class Match:
    """An API's route and what its path variables are."""

    api: Api
    route: Route
    parameters: dict[str, str]


def find(api: Api, method: str, path: str) -> Match | None:
    """The most specific route: literal segments first, greedy ones after, `$default` last."""
    matches = [
        (rank, Match(api, route, parameters))
        for route in api.routes
        if (hit := _match(route.key, method, path)) is not None
        for rank, parameters in [hit]
    ]
    return min(matches, key=lambda one: one[0])[1] if matches else None


def _match(key: str, method: str, path: str) -> tuple[tuple[int, ...], dict[str, str]] | None:
    if key == "$default":
        return (9,), {}
    wanted_method, _, pattern = key.partition(" ")
    if wanted_method not in {method, "ANY"}:
        return None
    match = re.fullmatch(_regex(pattern), path)
    if match is None:
        return None
    variables = [name for name, _ in _VARIABLE.findall(pattern)]
    values = [unquote(value) for value in match.groups()]
    return _rank(pattern, wanted_method), dict(zip(variables, values, strict=True))


def _regex(pattern: str) -> str:
    parts, at = [], 0
    for variable in _VARIABLE.finditer(pattern):
        parts.append(re.escape(pattern[at : variable.start()]))
        parts.append("(.+)" if variable[2] else "([^/]+)")
        at = variable.end()
    return "".join(parts) + re.escape(pattern[at:]) + "/?"


def _rank(pattern: str, method: str) -> tuple[int, ...]:
    kinds = [2 if "+}" in part else 1 if "{" in part else 0 for part in pattern.split("/")]
    return (max(kinds), *kinds, int(method == "ANY"))
