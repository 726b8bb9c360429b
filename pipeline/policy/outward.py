"""Which properties may name something outside the stack: the schemas say it, or their names do."""

from __future__ import annotations

import re
from functools import cache

from pipeline import schemas
from pipeline.policy.referable import may_refer_to
from pipeline.schemas import ITEM, Path

# Names of properties that hold an ARN, an address, a host or a resource's name, where the schema
# says no more than "string".
_CALLED = re.compile(
    r"(Arn|ARN|Ur[il]|UR[IL]|Endpoint|Host|HostName|DomainName|Domain|Bucket|Queue|Topic|Function"
    r"|FunctionName|BucketName|QueueName|TopicName|TableName|StreamName|Destination|Target|Account"
    r"|AccountId|Role|PermissionsBoundary|SecurityGroup|SecurityGroupId|Subnet|SubnetId|VpcId"
    r"|KeyId|KeyID|KMSMasterKeyID|KmsKey|Layer|SecretId|StateMachine|Cluster)s?$"
)
# The same for the variables that people give to functions.
_VARIABLE = re.compile(
    r"(^|_)(ARN|BUCKET|DOMAIN|ENDPOINT|FUNCTION|HOST|QUEUE|ROLE|STREAM|TABLE|TOPIC|UR[IL])S?"
    r"(_NAME|_ID)?S?$"
)
_TEXTS = {"string", "object", "array"}


@cache
def may_leave(kind: str, path: Path) -> bool:
    """May a value at `path` name a resource, an account or a host that isn't the stack's?"""
    if may_refer_to(kind, ("Properties", *path)):
        return True
    keys = [key for key in path if key != ITEM]
    if not keys:
        return False
    if "Variables" in keys[:-1]:
        return bool(_VARIABLE.search(keys[-1]))
    called = _CALLED.search(keys[-1]) and not _is_own_name(kind, path)
    return bool(called) and _takes_text(kind, path)


def _is_own_name(kind: str, path: Path) -> bool:
    """Is it what the resource itself is called?"""
    return len(path) == 1 and path[0] == f"{kind.rpartition('::')[2]}Name"


def _takes_text(kind: str, path: Path) -> bool:
    if kind not in schemas.names():
        return True
    ways = schemas.ways(kind, path)
    if not ways:
        return True
    if any("items" in way for way in ways):
        return _takes_text(kind, (*path, ITEM))
    if any("properties" in way or "enum" in way for way in ways):
        return False
    types = {one for way in ways for one in _listed(way.get("type"))}
    return not types or bool(types & _TEXTS)


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
