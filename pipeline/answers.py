"""What a station answers to a program: one JSON document, alone on standard output.

Each class is the form of one station's answer; `docs/answers/` has them as JSON Schema. What a
person would have read goes to standard error. A station that ends by a person's mistake answers
too: with what it had found, and the mistake. Values that may be secrets are left out, as on
screens.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime
from typing import Literal, TextIO, TypeVar

from pydantic import BaseModel, ConfigDict

from pipeline.errors import UserError

JSON = "json"


class Part(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_serialization_defaults_required=True,
        use_attribute_docstrings=True,
    )


class Mistake(Part):
    """What kept the station from doing its work, in the words that a person reads."""

    what: str
    where: str
    """A file, or file:line; empty where there is none."""
    mend: str
    exit_code: int


class Answer(Part):
    """What every answer holds."""

    version: Literal[1] = 1
    """Of the form: it grows when a field goes or changes its meaning, not when one is added."""
    error: Mistake | None = None


class OfStack(Answer):
    """What every answer about one environment's stack holds."""

    environment: str
    stack: str | None = None
    """Its name; null where the environment file could not be read."""


class Cause(Part):
    """A property that makes CloudFormation touch a resource."""

    path: list[str]
    """Keys below the resource's Properties."""
    replaces: str
    """Never, Conditionally or Always."""
    values: list[str]
    """Before and after; of a drift in the template, deployed and really. None if secret."""


class Change(Part):
    """What would happen to one resource."""

    action: str
    """CloudFormation's word: Add, Modify, Remove, Import, Dynamic or SyncWithActual."""
    logical_id: str
    type: str
    replacement: str
    """True, False, Conditional, or empty."""
    causes: list[Cause]
    place: str
    """The template's file and line, with the setting's where a value came from one."""


class Remark(Part):
    """A warning of CloudFormation's validation."""

    logical_id: str
    reason: str


class Plan(OfStack):
    """plan: what a deployment would change."""

    station: Literal["plan"] = "plan"
    action: Literal["create", "update", "none"] | None = None
    """What deploy would do to the stack; null where it could not be found out."""
    changes: list[Change] = []
    """Empty with the action update: outputs, tags or metadata alone."""
    warnings: list[Remark] = []
    standing_dollars: tuple[float, float] | None = None
    """What the deployed stack and the rendered one cost by the month without use; null where the
    region has no price file or there is no stack."""
    unheard_alarms: list[str] = []
    """Logical ids of alarms that notify nobody."""


class Difference(Part):
    """One place where the deployed stack is not as it is rendered."""

    kind: Literal["+", "-", "~"]
    """Comes, goes, or changes with the next deployment."""
    path: list[str | int]
    """Keys in the template, or `parameter` or `tag` and its name."""
    values: list[str]
    """As JSON where it isn't a text: what goes, then what comes. None if secret."""
    place: str


class State(Part):
    """How a stack stands."""

    status: str
    """CloudFormation's word."""
    settled: bool
    """Can a deployment start from it?"""
    reason: str
    """Why it is so, in AWS's words: the first failure where there was one; else empty."""
    logical_id: str
    """The resource that failed first; empty where none did."""
    place: str
    hint: str
    way_out: str


class Diagnose(OfStack):
    """diagnose: why a stack is as it is."""

    station: Literal["diagnose"] = "diagnose"
    state: State | None = None
    began: datetime | None = None
    """When its last operation began."""
    stuck: list[str] = []
    """Logical ids of what could not be taken back."""


class Diff(OfStack):
    """diff: what is rendered against what is deployed."""

    station: Literal["diff"] = "diff"
    state: State | None = None
    differences: list[Difference] = []


class PropertyDrift(Part):
    """A property that is not as it was deployed."""

    path: str
    values: list[str]
    """Expected and actual. None if secret."""
    place: str
    doubt: str
    """Why CloudFormation may report it in error; empty where it is believed."""


class ResourceDrift(Part):
    """A resource that is not as it was deployed."""

    logical_id: str
    physical_id: str
    type: str
    gone: bool
    believed: bool
    """False: all that differs is known to be reported in error."""
    differences: list[PropertyDrift]


class NotCompared(Part):
    """A resource that CloudFormation's drift detection said nothing of."""

    logical_id: str
    type: str
    reason: str


class Drift(OfStack):
    """drift: what was changed outside the deployer."""

    station: Literal["drift"] = "drift"
    total: int = 0
    as_deployed: int = 0
    drifted: list[ResourceDrift] = []
    not_compared: list[NotCompared] = []
    incomplete: str = ""
    """CloudFormation's reason where it could not look at everything."""


class Fate(Part):
    """What a deletion does to one resource."""

    fate: Literal["delete", "keep"]
    logical_id: str
    type: str
    physical_id: str
    holds: str
    """How much is in a bucket; empty for other types."""


class Destroy(OfStack):
    """destroy: what went and what stayed, or would have."""

    station: Literal["destroy"] = "destroy"
    resources: list[Fate] = []
    deployment_bucket: str | None = None
    """Its name where it was to go too."""
    gone: bool = False
    """Is the stack gone, now or before?"""


class OldObject(Part):
    """One version in the deployment bucket that no stack needs."""

    key: str
    version: str
    size: int
    """Bytes."""
    at: datetime


class Collect(OfStack):
    """gc: old code in the deployment bucket."""

    station: Literal["gc"] = "gc"
    bucket: str | None = None
    """Null where there is none."""
    unneeded: list[OldObject] = []
    deleted: int = 0


class BillItem(Part):
    """A line of the bill for a month."""

    service: str
    what: str
    count: float
    dollars: float


class Cost(OfStack):
    """cost: what a month costs."""

    station: Literal["cost"] = "cost"
    region: str | None = None
    as_of: date | None = None
    """When the prices were read."""
    sessions: int = 0
    standing: list[BillItem] = []
    """There by the month, whoever uses it."""
    used: list[BillItem] = []
    """What the sessions add."""
    dollars: float = 0
    assumed: str = ""


class Outputs(OfStack):
    """outputs: what a running stack tells."""

    station: Literal["outputs"] = "outputs"
    outputs: dict[str, str] = {}


class Thing(Part):
    """One thing that doctor looked for."""

    thing: str
    found: str
    """Empty where it is missing."""
    needed_by: str
    mend: str
    optional: bool
    unknown: bool
    """Could nobody be asked? Then it is neither found nor missing."""


class Doctor(Answer):
    """doctor: what is missing on this machine and in an account."""

    station: Literal["doctor"] = "doctor"
    environment: str | None = None
    things: list[Thing] = []
    missing: int = 0
    """How many that are not optional."""


class Environment(Part):
    """One environment file."""

    name: str
    stack: str
    tier: str
    account: str | None
    region: str
    protected: bool


class Environments(Answer):
    """environments: what there is."""

    station: Literal["environments"] = "environments"
    environments: list[Environment] = []


FORMS: tuple[type[Answer], ...] = (
    Plan,
    Diff,
    Drift,
    Diagnose,
    Destroy,
    Collect,
    Cost,
    Outputs,
    Doctor,
    Environments,
)

Form = TypeVar("Form", bound=Answer)


@contextmanager
def giving(form: str, answer: Form) -> Iterator[Form]:
    """Fill it inside; as JSON it is printed at the end, also when a person's mistake ends it."""
    if form != JSON:
        yield answer
        return
    out = sys.stdout
    try:
        with redirect_stdout(sys.stderr):
            yield answer
    except UserError as error:
        answer.error = Mistake(
            what=error.what, where=error.where, mend=error.mend, exit_code=error.exit_code
        )
        _print(answer, out)
        raise
    _print(answer, out)


def _print(answer: Answer, out: TextIO) -> None:
    print(answer.model_dump_json(indent=2), file=out, flush=True)
