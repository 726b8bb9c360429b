"""What a stack costs by the month: the fixed part, and what its use adds.

The figures are the repository's: `environments/costs/<region>.yaml` holds dated prices, and
`environments/costs/session.yaml` what one session uses of their units. Free allowances, tiers,
taxes and discounts are left out, so a small bill is smaller than this says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline import files
from pipeline.documents import parse_settings
from pipeline.errors import UserError
from pipeline.policy.references import at, of_type, prop, resources

FOLDER = "environments/costs"
USAGE = f"{FOLDER}/session.yaml"
DAYS = 30  # of a month


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unit(_Form):
    """What using something costs: `price` dollars for every `per`."""

    price: float = Field(ge=0)
    per: float = Field(gt=0)
    service: str
    source: str


class Standing(_Form):
    """A resource's fixed cost by the month.

    `each`: not for the resource, but for each thing that this path of properties leads to, and one
    where it leads nowhere. `with_`: more for each item of these lists.
    """

    price: float = Field(ge=0)
    service: str
    source: str
    each: str = ""
    with_: dict[str, float] = Field(default={}, alias="with")


class Prices(_Form):
    """A region's price file."""

    as_of: date
    units: dict[str, Unit]
    resources: dict[str, Standing]


class Use(_Form):
    """What one session uses of one unit.

    `seconds` of a function with the memory that it has; `amount` for as long as a bucket keeps it.
    `where` and `unless` name a type that the stack must have, or must not.
    """

    unit: str
    amount: float = 0
    seconds: float = 0
    memory_of: str = ""
    kept_in: str = ""
    where: str = ""
    unless: str = ""


class Usage(_Form):
    """The use of one session, and its assumptions."""

    assumed: str
    routes: dict[str, int] = {}
    uses: list[Use]


Form = TypeVar("Form", bound=_Form)


@dataclass(frozen=True)
class Item:
    """A line of the bill: so many of something, and dollars for a month."""

    service: str
    what: str
    count: float
    dollars: float


def prices(region: str, root: Path) -> Prices | None:
    """The region's price file; None where there is none."""
    return _read(Prices, f"{FOLDER}/{region}.yaml", root)


def usage(root: Path, sessions: int) -> Usage:
    """What a session uses; where nobody uses the stack nothing has to say that."""
    read = _read(Usage, USAGE, root)
    if read is None and not sessions:
        return Usage(assumed="", uses=[])
    if read is None:
        raise UserError(
            "there is no file that says what a session uses.",
            where=USAGE,
            mend="It holds `assumed`, a text, and `uses`, a list of {unit, amount}.",
        )
    return read


def standing(template: Mapping[str, Any], known: Prices) -> list[Item]:
    """The fixed cost of the template's resources by the month."""
    bill = []
    for kind, price in known.resources.items():
        held = of_type(dict(template), kind).values()
        count = sum(_times(resource, price.each) for resource in held)
        more = sum(
            each * len(prop(resource, name) or [])
            for resource in held
            for name, each in price.with_.items()
        )
        if held:
            what = kind.removeprefix("AWS::")
            bill.append(Item(price.service, what, count, count * price.price + more))
    return bill


def used(template: Mapping[str, Any], known: Prices, by: Usage, sessions: int) -> list[Item]:
    """What so many sessions of a month cost, by unit."""
    amounts: dict[str, float] = {}
    for use in by.uses:
        if use.unit not in known.units:
            raise UserError(
                f"{use.unit} has no price.",
                where=USAGE,
                mend=f"Units: {', '.join(known.units)}.",
            )
        amounts[use.unit] = amounts.get(use.unit, 0) + _amount(use, template) * sessions
    return [
        Item(unit.service, name.replace("_", " "), amount, amount / unit.per * unit.price)
        for name, unit in known.units.items()
        if (amount := amounts.get(name, 0))
    ]


def total(bill: list[Item]) -> float:
    """Dollars in all."""
    return sum(item.dollars for item in bill)


def _times(resource: dict[str, Any], each: str) -> int:
    """How many there are to pay for; one where the path leads nowhere."""
    path = [key for key in each.split(".") if key not in {"", "*"}]
    return len(at(resource, "Properties", *path)) or 1 if path else 1


def _amount(use: Use, template: Mapping[str, Any]) -> float:
    """What one session uses in this stack."""
    types = {resource.get("Type") for resource in resources(dict(template)).values()}
    if (use.where and use.where not in types) or use.unless in types:
        return 0
    if use.memory_of:
        return use.seconds * _memory(use.memory_of, template) / 1024
    if use.kept_in:
        return use.amount * _days(use.kept_in, template) / DAYS
    return use.amount


def _memory(function: str, template: Mapping[str, Any]) -> float:
    memory = prop(_resource(function, template), "MemorySize")
    return float(memory) if isinstance(memory, int) else 128.0


def _days(bucket: str, template: Mapping[str, Any]) -> float:
    """How long a bucket keeps what it gets: its shortest expiration, or a month."""
    rules = at(_resource(bucket, template), "Properties", "LifecycleConfiguration", "Rules")
    days = [rule.get("ExpirationInDays") for _, rule in rules if isinstance(rule, dict)]
    return min((float(one) for one in days if isinstance(one, int)), default=float(DAYS))


def _resource(name: str, template: Mapping[str, Any]) -> dict[str, Any]:
    resource = resources(dict(template)).get(name)
    if resource is None:
        raise UserError(
            f"{name} isn't a resource of the template.", where=USAGE, mend="Name one that it has."
        )
    return resource


def _read(form: type[Form], file: str, root: Path) -> Form | None:
    path = root / file
    if not path.is_file():
        return None
    document = parse_settings(files.read_text(path, file), file)
    try:
        return form.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(key for key in first["loc"] if isinstance(key, str | int))
        raise document.error(
            where, f"{first['msg']}.", mend="docs/operations.md says what the file holds."
        ) from None


def by_service(bill: list[Item]) -> Iterator[tuple[str, float]]:
    """Dollars for each service, the dearest first."""
    sums: dict[str, float] = {}
    for item in bill:
        sums[item.service] = sums.get(item.service, 0) + item.dollars
    yield from sorted(sums.items(), key=lambda pair: -pair[1])
