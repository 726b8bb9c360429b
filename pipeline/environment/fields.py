"""The part of an environment file that every application has: the base of its settings.

`environments/schema.py` adds the application's own part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from pipeline.environment import bucket_names
from pipeline.errors import brief
from pipeline.findings import Pointer

AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-[0-9]$")]
Tier = Literal["development", "production"]
ROLE = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$"
BucketName = Annotated[str, Field(pattern=bucket_names.PATTERN)]
# What every service takes: the tagging best practices' limits, and a stack's own 50.
TagKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9 +=._:/@-]{1,128}$")]
TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9 +=._:/@-]{0,256}$")]


class _Foreign:
    """The marker of settings that name what isn't the stack's: Annotated[str, FOREIGN]."""


FOREIGN = _Foreign()


class Section(BaseModel):
    """A mapping of an environment file: strict, frozen, without unknown keys or defaults."""

    model_config = ConfigDict(
        strict=True,
        defer_build=True,  # only the whole file is validated; its sections are built with it
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_of_its_type(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true where 1 is a choice: Python takes them for equal, and pydantic does too."""
        choices = _choices(cls.model_fields[str(info.field_name)].annotation)
        equal = [choice for choice in choices if choice == value]
        if equal and type(value) not in map(type, equal):
            *others, last = map(repr, choices)
            expected = f"{', '.join(others)} or {last}" if others else last
            raise PydanticKnownError("literal_error", {"expected": expected})
        return value

    def foreign(self) -> frozenset[str]:
        """The values that name what isn't the stack's: those of the fields marked FOREIGN."""
        names: set[str] = set()
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, Section):
                names |= value.foreign()
            elif isinstance(value, str) and _is_foreign(field.annotation, field.metadata):
                names.add(value)
        return frozenset(names)


def _choices(annotation: object) -> tuple[object, ...]:
    """What a Literal allows, also one of several kinds that a field may hold."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(choice for kind in get_args(annotation) for choice in _choices(kind))


def _is_foreign(annotation: object, metadata: Iterable[object]) -> bool:
    """Is a field marked, or one of the kinds that it may hold?"""
    if any(mark is FOREIGN for mark in metadata):
        return True
    return any(kind is FOREIGN or _is_foreign(kind, ()) for kind in get_args(annotation))


class Aws(Section):
    """Where the stack lives.

    A key that the engine learned later has a default: another stack's files were written before.
    """

    account: Annotated[AccountId, FOREIGN] | None
    """Twelve digits in quotes, or null: render, lint and guard work without it."""
    region: Region
    """A region's name, such as eu-central-1."""
    profile: Annotated[str, Field(min_length=1)] | None
    """The profile of your AWS configuration that deploys, or null for the default chain."""
    service_role_arn: Annotated[str, Field(pattern=ROLE), FOREIGN] | None = None
    """The ARN of a role that CloudFormation works with, or null: the caller's own rights."""


class Clash(NamedTuple):
    """One value that can't work beside the others: its key path, itself, and why."""

    key: str
    value: object
    why: str

    def details(self) -> InitErrorDetails:
        kind = PydanticCustomError("clash", "{why}", {"why": self.why})
        return InitErrorDetails(type=kind, loc=tuple(self.key.split(".")), input=self.value)


@dataclass(frozen=True)
class Name:
    """What a resource is called, and how many characters AWS allows."""

    kind: str
    name: str
    most: int

    @property
    def excess(self) -> int:
        return len(self.name) - self.most


class Bucket(Name):
    """A bucket's name, which S3 may keep to itself whatever its length."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(kind, name, bucket_names.MOST)


class BaseSettings(Section):
    """One environment file. `name` is the file's own: environments/dev.yaml is dev."""

    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", exclude=True)]
    tier: Tier
    """development or production: what the rules ask of the environment."""
    project_name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$")]
    """Lower-case letters, digits and hyphens; every resource's name begins with it."""
    aws: Aws
    protected: bool
    """true: deploy asks for the environment's name and never replaces or removes data."""
    deployment_bucket: BucketName | None
    """The bucket for the functions' code: 3 to 63 lower-case letters, digits and hyphens; null:
    one of its own, made at the first deployment."""
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=50)]
    """Tags of everything in the stack: letters, digits, spaces and + - = . _ : / @."""

    @model_validator(mode="after")
    def _values_fit_together(self) -> Self:
        clashes = [clash.details() for clash in self.clashes()]
        if clashes:
            raise ValidationError.from_exception_data(type(self).__name__, clashes)
        return self

    def clashes(self) -> Iterator[Clash]:
        """The values that can't work together; an application's settings add their own."""
        yield from self._long_names()
        yield from self._reserved_names()
        yield from self._tags_that_fail()

    def names(self) -> Iterator[Name]:
        """The names with a limit worth reaching; an application's settings add their own."""
        account = self.aws.account or bucket_names.ANY_ACCOUNT
        yield Bucket("deployment bucket", self.deployment_bucket_name(account))

    def _long_names(self) -> Iterator[Clash]:
        """The name that exceeds AWS's limit most; shortening mends the others with it."""
        longest = max(self.names(), key=lambda name: name.excess)
        if longest.excess > 0:
            why = (
                f"The {longest.kind} would be called {brief(longest.name, 100)},"
                f" {len(longest.name)} characters; {longest.most} are allowed."
                f" Shorten it by {longest.excess}."
            )
            yield Clash("project_name", self.project_name, why)

    def _reserved_names(self) -> Iterator[Clash]:
        """The first bucket whose name S3 keeps to itself; another prefix mends all of them."""
        for name in self.names():
            why = bucket_names.refusal(name.name) if isinstance(name, Bucket) else ""
            if why and name.name == self.deployment_bucket:
                yield Clash("deployment_bucket", name.name, why)
            elif why:
                why = f"The {name.kind} would be called {brief(name.name, 100)}. {why}"
                yield Clash("project_name", self.project_name, why)
                return

    def _tags_that_fail(self) -> Iterator[Clash]:
        """The keys that AWS keeps to itself, and those that IAM takes for one another."""
        seen: dict[str, str] = {}
        for key in self.tags:
            twin = seen.setdefault(key.lower(), key)
            if key.lower().startswith("aws:"):
                yield Clash("tags", key, "Tags that begin with aws: belong to AWS.")
            if twin != key:
                yield Clash("tags", key, f"Roles can't have it beside {twin}: IAM ignores case.")

    @property
    def stack_name(self) -> str:
        """The CloudFormation stack's name."""
        return f"{self.project_name}-{self.name}"

    def deployment_bucket_name(self, account: str | None) -> str:
        """The bucket for the functions' code; without an account only a name to fill in later.

        A derived name is in the account-regional namespace: nobody else can take it.
        """
        if self.deployment_bucket is not None:
            return self.deployment_bucket
        if account is None:
            return f"{self.project_name}-lambda-deployments-{self.name}"
        return f"{self.project_name}-code-{self.name}-{account}-{self.aws.region}-an"


@dataclass(frozen=True)
class SchemaPaths:
    """What the settings offer: `known` key paths, those below which any key may stand (`open`),
    and the `leaves` that a template has to use; `file` defines them."""

    file: str
    known: frozenset[Pointer]
    open: frozenset[Pointer]
    leaves: tuple[Pointer, ...]
