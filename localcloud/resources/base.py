"""What a resource type is here: five verbs on the service's own API."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.utilities.utils import get_partition

from localcloud.keys import Endpoint

Properties = dict[str, Any]


class Unsupported(Exception):
    """A property that this endpoint's service can't hold; the resource fails with its name."""


class Handler:
    """One resource type. `properties` are resolved and in CloudFormation's own shape.

    `holds` names the properties that the type's service keeps here; any other is refused
    instead of being dropped. `unread` names those that no AWS service gives back either.
    """

    type: str
    holds: frozenset[str]
    unread: frozenset[str] = frozenset()
    documented: frozenset[str] = frozenset()
    """Attributes that AWS's documentation gives and the type's schema doesn't."""

    def create(self, account: Account, name: str, properties: Properties) -> str:
        """Make it; the physical id. `name` is what CloudFormation would call it by itself."""
        raise NotImplementedError

    def update(self, account: Account, physical_id: str, old: Properties, new: Properties) -> None:
        """Bring it from the old properties to the new ones, without replacement."""
        raise NotImplementedError

    def delete(self, account: Account, physical_id: str, properties: Properties) -> None:
        """Remove it."""
        raise NotImplementedError

    def read(self, account: Account, physical_id: str, properties: Properties) -> Properties:
        """Its properties as its own service tells them now; `properties` only say where to look."""
        raise NotImplementedError

    def attributes(
        self, account: Account, physical_id: str, properties: Properties
    ) -> dict[str, str]:
        """What Fn::GetAtt gives."""
        return {}


@dataclass(frozen=True)
class Account:
    """One account and region of a running endpoint, with clients for its services."""

    endpoint: Endpoint
    region: str
    id: str
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _lock: Any = field(default_factory=threading.Lock, compare=False, repr=False)

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return get_partition(self.region)

    @property
    def suffix(self) -> str:
        """The domain of the partition's services, AWS::URLSuffix."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def client(self, service: str) -> Any:
        """A boto client that talks to this endpoint and to nothing else."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = _clients_session().create_client(
                    service,
                    region_name=self.region,
                    endpoint_url=self.endpoint.url,
                    aws_access_key_id=self.endpoint.keys.access_key,
                    aws_secret_access_key=self.endpoint.keys.secret,
                    config=CLIENT,
                )
            return self._clients[service]

    def arn(self, service: str, resource: str, *, everywhere: bool = False) -> str:
        """An ARN of this account; `everywhere` leaves the region out."""
        region = "" if everywhere else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.id}:{resource}"


CLIENT = Config(
    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=5
)


def session() -> botocore.session.Session:
    """A session that reads no profile and no file of the person who runs it."""
    nothing = (None, None, None, None)
    return botocore.session.Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "ignore_configured_endpoint_urls": (None, None, True, None),
        }
    )


@lru_cache(maxsize=1)
def _clients_session() -> botocore.session.Session:
    """One session for all clients: it keeps the services' models."""
    return session()


# ---- the two shapes of tags


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as a list of Key and Value."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """A list of Key and Value as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def gone_tags(old: Properties, new: Properties) -> list[str]:
    """The keys of list tags that an update takes away."""
    return sorted(set(tag_map(old.get("Tags"))) - set(tag_map(new.get("Tags"))))


# ---- CloudFormation's values and an API's


def as_json(document: Any) -> str:
    """A policy document as the text that APIs take; a text stays as it is."""
    return document if isinstance(document, str) else json.dumps(document)


def from_json(text: Any) -> Any:
    """The inverse, for what an API gives back."""
    return json.loads(text) if isinstance(text, str) else text


def pick(properties: Mapping[str, Any], names: frozenset[str] | set[str]) -> Properties:
    """Some of the properties, where they are set."""
    return {name: properties[name] for name in properties if name in names}


def request(client: Any, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the shape of an API's request: names, number types and Quantity/Items.

    An unknown name raises `Unsupported`: nothing is dropped on the way.
    """
    model = client.meta.service_model.operation_model(operation)
    shaped: dict[str, Any] = shape_value(model.input_shape, values, operation)
    return shaped


def shape_value(shape: Shape, value: Any, path: str) -> Any:
    """One value as botocore's model wants it."""
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [shape_value(shape.member, item, path) for item in items]
    if isinstance(shape, MapShape):
        return {key: shape_value(shape.value, item, path) for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _structure(shape: StructureShape, value: Any, path: str) -> Any:
    if isinstance(value, list) and {"Quantity", "Items"} <= set(shape.members):
        value = {"Items": value}
    if not isinstance(value, Mapping):
        raise Unsupported(f"{path} is not a mapping")
    names = {name.lower(): name for name in shape.members}
    shaped = {}
    for key, item in value.items():
        if key.lower() not in names:
            raise Unsupported(f"{path}.{key} has no counterpart in the service's API")
        name = names[key.lower()]
        shaped[name] = shape_value(shape.members[name], item, f"{path}.{key}")
    if "Quantity" in shape.members and "Items" in shape.members:
        shaped["Quantity"] = len(shaped.get("Items", []))
    return shaped


def _scalar(kind: str, value: Any) -> Any:
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind in ("integer", "long") and not isinstance(value, bool):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    return value


def plain(value: Any) -> Any:
    """An API's answer with every Quantity/Items pair as a plain list."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) <= {"Quantity", "Items"} and "Quantity" in value:
        return [plain(item) for item in value.get("Items", [])]
    return {key: plain(item) for key, item in value.items()}
