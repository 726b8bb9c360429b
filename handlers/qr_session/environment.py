"""The functions' environment variables, read once; a wrong one ends the start with its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

LARGEST_PUT_BYTES = 5 * 1024**3
MOST_UPLOADS = 100  # a hundred keep the pushed state far below 32 KiB

_TABLE_OR_INDEX = r"[A-Za-z0-9_.-]{3,255}"
_BUCKET = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"  # without dots: a virtual host has to match a wildcard
_REGION = r"[a-z]{2,}(-[a-z]+)+-[0-9]+"
_ORIGIN = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
_ORIGIN_KEY = r"[A-Za-z0-9]{32,256}"
_ENDPOINT = r"((?:wss|https|ws|http)://)?([A-Za-z0-9.-]+(?::[0-9]+)?(?:/[^\s?#@]*)?)"


class BadEnvironment(Exception):
    """A variable is unset or malformed. The text names it and never shows its value."""


class Environment:
    """Variables by their names, checked as they are read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def table(self) -> str:
        """The table's name."""
        return self._matching("SESSIONS_TABLE_NAME", _TABLE_OR_INDEX, "a table's name")

    def index(self) -> str:
        """The name of the index on connections."""
        return self._matching("CONNECTION_INDEX_NAME", _TABLE_OR_INDEX, "an index's name")

    def bucket(self) -> str:
        """The upload bucket's name."""
        return self._matching("UPLOAD_BUCKET_NAME", _BUCKET, "a bucket's name without dots")

    def region(self) -> str:
        """The region, which Lambda itself tells."""
        name = "AWS_REGION" if self._variables.get("AWS_REGION") else "AWS_DEFAULT_REGION"
        return self._matching(name, _REGION, "a region's name (or set AWS_REGION)")

    def max_upload_bytes(self) -> int:
        """The largest upload."""
        return self._between("MAX_UPLOAD_BYTES", 1, LARGEST_PUT_BYTES)

    def max_uploads(self) -> int:
        """How many uploads a session takes."""
        return self._between("MAX_UPLOADS_PER_SESSION", 1, MOST_UPLOADS)

    def origins(self) -> frozenset[str]:
        """The website's origins, as browsers send them."""
        name = "ALLOWED_ORIGINS"
        origins = [part.strip() for part in self._value(name).split(",")]
        if not all(re.fullmatch(_ORIGIN, origin) for origin in origins):
            raise BadEnvironment(f"{name} is not a comma-separated list of origins (scheme://host)")
        return frozenset(origin.lower() for origin in origins)

    def origin_keys(self) -> tuple[bytes, ...] | None:
        """The keys of the distribution in front; None where the variable isn't set at all.

        Set but blank it is no key, so that nobody gets in.
        """
        name = "ORIGIN_KEYS"
        if name not in self._variables:
            return None
        parts = (part.strip() for part in self._variables[name].split(","))
        keys = [part for part in parts if part]
        if not all(re.fullmatch(_ORIGIN_KEY, key) for key in keys):
            raise BadEnvironment(f"{name} is not a comma-separated list of long keys")
        return tuple(key.encode() for key in keys)

    def push_endpoint(self) -> str:
        """Where messages to connections are posted; botocore wants http or https."""
        name = "WS_API_ENDPOINT"
        match = re.fullmatch(_ENDPOINT, self._value(name), re.IGNORECASE)
        if match is None:
            raise BadEnvironment(
                f"{name} is not an endpoint (host/stage, with or without a scheme)"
            )
        scheme, rest = match.groups()
        plain = (scheme or "").lower() in {"ws://", "http://"}
        return self.endpoint("APIGATEWAYMANAGEMENTAPI", shared=False) or (
            f"{'http' if plain else 'https'}://{rest.rstrip('/')}"
        )

    def endpoint(self, service: str, *, shared: bool = True) -> str:
        """What AWS_ENDPOINT_URL_<service>, or AWS_ENDPOINT_URL, puts in AWS's place, or nothing."""
        if self._variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return ""
        own = self._variables.get(f"AWS_ENDPOINT_URL_{service}", "")
        every = self._variables.get("AWS_ENDPOINT_URL", "") if shared else ""
        return (own or every).rstrip("/")

    def _value(self, name: str) -> str:
        value = self._variables.get(name, "").strip()
        if not value:
            raise BadEnvironment(f"{name} is not set")
        return value

    def _matching(self, name: str, pattern: str, what: str) -> str:
        value = self._value(name)
        if re.fullmatch(pattern, value) is None:
            raise BadEnvironment(f"{name} is not {what}")
        return value

    def _between(self, name: str, least: int, most: int) -> int:
        value = self._value(name)
        if re.fullmatch(r"[0-9]{1,12}", value) is None or not least <= int(value) <= most:
            raise BadEnvironment(f"{name} is not a whole number from {least} to {most}")
        return int(value)
