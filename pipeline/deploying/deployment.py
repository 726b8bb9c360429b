"""What is deployed: the judged template and the code, and the account that they go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import checks, terminal, verdict_cache
from pipeline import render as rendering
from pipeline.connecting.clients import Clients
from pipeline.deploying import alarm_watch, publishing, screen
from pipeline.deploying.bucket import Bucket
from pipeline.deploying.target import Target
from pipeline.environment.fields import BaseSettings
from pipeline.environment.settings import Loaded
from pipeline.errors import UserError
from pipeline.packaging import zips
from pipeline.packaging.zips import Artifact
from pipeline.render import Rendered
from pipeline.verdict_cache import Cache


@dataclass(frozen=True)
class Taken:
    """A resource of the template whose name something in the account has already."""

    logical_id: str
    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.name})"


@dataclass(frozen=True)
class Deployment:
    """What is deployed and where to: the argument of every step below.

    `root`: the repository, where the website is. `adopts`: what the stack imports, since it is
    there already.
    """

    target: Target
    rendered: Rendered
    artifacts: Sequence[Artifact]
    root: Path
    adopts: tuple[Taken, ...] = ()

    @property
    def settings(self) -> BaseSettings:
        return self.target.settings

    @property
    def aws(self) -> Clients:
        return self.target.aws

    @property
    def bucket(self) -> Bucket:
        return self.target.bucket

    def where(self, logical_id: str) -> str:
        """The template's line of a resource, if it is in the template."""
        return screen.of_resource(self.rendered, logical_id)

    @property
    def parameters(self) -> dict[str, str]:
        return zips.bound(self.rendered, self.artifacts, self.bucket.name)


def build(loaded: Loaded, root: Path) -> tuple[Rendered, list[Artifact]]:
    """The judged template and the code; any finding ends it here."""
    rendered = rendering.render(loaded, root)
    publishing.check(rendered, root)
    alarm_watch.described(rendered.document)
    cache = Cache(root / verdict_cache.FOLDER)
    with terminal.step(f"{' and '.join(checks.ALL)} {loaded.name}"):
        findings = checks.judge(checks.ALL, [rendered], root, cache)
    if cache.knew_all:
        screen.note(f"{loaded.name} is as judged before.")
    if checks.fails(findings):
        terminal.show_findings(findings, root)
        raise UserError(
            f"lint and guard found {terminal.summary(findings)} in {loaded.name}.",
            mend="Nothing was sent to AWS. Mend what is shown above.",
        )
    return rendered, zips.package(root)
