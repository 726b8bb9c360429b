"""One address map, AWS's name to this machine's: the only thing that differs from AWS's config."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from localcloud.application.blueprint import Api, Blueprint


class Addresses:
    """Puts local addresses in the place of AWS's, wherever they stand in a text."""

    def __init__(self, local: Mapping[str, str]) -> None:
        self.local = dict(local)
        names = sorted(self.local, key=len, reverse=True)
        # A name inside a longer one (my-bucket in not-my-bucket) is another name.
        pattern = "|".join(map(re.escape, names)) or r"(?!)"
        self._names = re.compile(rf"(?<![A-Za-z0-9.-])(?:{pattern})(?![A-Za-z0-9-]|\.[A-Za-z0-9])")

    def mapped(self, text: str) -> str:
        """The text with every AWS address replaced."""
        return self._names.sub(lambda match: self.local[match.group()], text)


def addresses(blueprint: Blueprint, host: str, ports: Mapping[str, int]) -> Addresses:
    """The map of a stack. `ports` has each API's by its logical id, `website` and `s3`."""
    pairs: dict[str, str] = {}
    for api in blueprint.apis:
        pairs |= _api(api, f"{host}:{ports[api.logical_id]}")
    for bucket in blueprint.buckets.values():
        for name in bucket.hosts:
            pairs |= {f"https://{name}": f"http://{host}:{ports['s3']}"}
            pairs |= {name: f"{host}:{ports['s3']}"}
    if blueprint.website:
        pairs |= dict(_website(blueprint.website.origins, f"{host}:{ports['website']}"))
    return Addresses(pairs)


def at_home(blueprint: Blueprint, known: Addresses) -> Blueprint:
    """The blueprint whose CORS rules allow the website's local origin in the place of AWS's."""

    def mapped(origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(known.mapped, origins))

    apis = tuple(
        replace(api, cors=api.cors and replace(api.cors, origins=mapped(api.cors.origins)))
        for api in blueprint.apis
    )
    buckets = {
        name: replace(
            bucket,
            cors=tuple(replace(rule, origins=mapped(rule.origins)) for rule in bucket.cors),
        )
        for name, bucket in blueprint.buckets.items()
    }
    return replace(blueprint, apis=apis, buckets=buckets)


def _api(api: Api, at: str) -> dict[str, str]:
    pairs = {f"https://{api.host}": f"http://{at}", api.host: at}
    return pairs | ({f"wss://{api.host}": f"ws://{at}"} if api.is_websocket else {})


def _website(origins: tuple[str, ...], at: str) -> Iterator[tuple[str, str]]:
    for origin in origins:
        yield origin, f"http://{at}"
        yield origin.split("//")[1], at
        yield f"wss://{origin.split('//')[1]}", f"ws://{at}"
