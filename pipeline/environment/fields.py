"""What every environment file says, whatever the application: the base of its settings.

`environments/schema.py` adds the application's own part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.findings import Pointer

AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-[0-9]$")]
Tier = Literal["development", "production"]


class Section(BaseModel):
    """A mapping of an environment file: strict, frozen, without unknown keys or defaults."""

    model_config = ConfigDict(
        strict=True,
        defer_build=True,  # only the whole file is validated; its sections are built with it
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )


class Aws(Section):
    """Where the stack lives."""

    account: AccountId | None
    """Twelve digits in quotes, or null: render, lint and guard work without it."""
    region: Region
    """A region's name, such as eu-central-1."""
    profile: str | None
    """The profile of your AWS configuration that deploys, or null for the default chain."""


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
    deployment_bucket: str | None
    """The bucket for the functions' code; null: one of its own, made at the first deployment."""
    tags: dict[str, str]
    """Tags of the stack and of everything in it."""

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
