"""What an environment file of this stack may say: every key, its meaning and its limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.environment.fields import BaseSettings, Section


class Jobs(Section):
    """The queue, and how the worker takes from it."""

    batch_size: Annotated[int, Field(ge=1, le=10)]
    """Messages that one invocation gets, 1 to 10."""
    attempts: Annotated[int, Field(ge=1, le=1000)]
    """How often a message is tried before it waits in the failure queue."""


class Function(Section):
    """The worker."""

    runtime: Literal["python3.11", "python3.12", "python3.13", "python3.14"]
    """Lambda's name of the Python version that the handler runs on."""
    memory_mb: Annotated[int, Field(ge=128, le=10240)]
    """128 to 10240 MB; the share of CPU grows with it."""
    timeout_seconds: Annotated[int, Field(ge=1, le=900)]
    """1 to 900 seconds; a message stays hidden six times as long."""


class Table(Section):
    """What the worker writes."""

    point_in_time_recovery: bool
    """true: the table can be restored to any second of the last 35 days."""
    deletion_protection: bool
    """true: nobody deletes the table before switching this off."""


class Logs(Section):
    """CloudWatch log groups."""

    keep_days: Literal[1, 3, 5, 7, 14, 30, 60, 90]
    """CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60 or 90 days here."""


class Alarms(Section):
    """Who is told when something fails."""

    enabled: bool
    """true: alarms on failures and delay, and a topic that they notify."""


class Settings(BaseSettings):
    """One environment of the worker."""

    jobs: Jobs
    function: Function
    table: Table
    logs: Logs
    alarms: Alarms
