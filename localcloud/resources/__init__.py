"""The resource types that this endpoint has, each on its service's own API.

A type that isn't in `HANDLERS` is an error of the template, never a silent success.
"""

from __future__ import annotations

from localcloud.resources import (
    alarms,
    apis,
    distributions,
    events,
    firewall,
    functions,
    keys,
    logs,
    messages,
    names,
    roles,
    secrets,
    storage,
    tables,
)
from localcloud.resources.base import Handler

MODULES = (
    alarms, apis, distributions, events, firewall, functions, keys, logs, messages, names,
    roles, secrets, storage, tables,
)  # fmt: skip

HANDLERS: dict[str, Handler] = {
    handler.type: handler for module in MODULES for handler in module.HANDLERS
}
