"""What a deployed stack asks to be served: values only, read from AWS by `reading`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import UserError

Document = Mapping[str, Any]


class Unservable(UserError):
    """The template asks for something that this cloud can't serve, so nothing of it is served."""

    def __init__(self, resource: str, what: str) -> None:
        super().__init__(
            f"the local cloud can't serve {what}.",
            where=resource,
            mend="Nothing of the template is served. It may still be right on AWS: plan and deploy"
            " it there, or leave this part out here.",
        )


@dataclass(frozen=True)
class Asynchronous:
    """How a function's events are retried, and where the ones that fail for good go."""

    retries: int = 2
    max_age_seconds: int = 21_600
    on_failure: str | None = None


@dataclass(frozen=True)
class Function:
    """One Lambda function as its service knows it."""

    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_seconds: int
    memory_mb: int
    variables: Mapping[str, str] = field(repr=False)
    code: bytes = field(repr=False)
    log_group: str
    reserved: int | None
    asynchronous: Asynchronous
    role: str
    policies: tuple[Document, ...] = field(repr=False)
    """The policies of its role: what a call with its credentials may do."""


@dataclass(frozen=True)
class Throttle:
    """Requests a second in the long run, and at once; None is no limit."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True)
class Route:
    """A route and its function. `answers`: the function's answer goes back over the socket."""

    key: str
    function: str
    timeout_seconds: float
    answers: bool = True


@dataclass(frozen=True)
class Cors:
    """An HTTP API's own CORS configuration."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False


@dataclass(frozen=True)
class Api:
    """An HTTP or a WebSocket API with its one stage."""

    logical_id: str
    id: str
    host: str
    stage: str
    routes: tuple[Route, ...]
    throttle: Throttle
    route_throttles: Mapping[str, Throttle]
    cors: Cors | None = None
    selection: tuple[str, ...] = ()
    """Where the message's body names its route; of WebSocket APIs only."""

    @property
    def is_websocket(self) -> bool:
        """Does it keep connections?"""
        return bool(self.selection)


@dataclass(frozen=True)
class Notification:
    """Which of a bucket's events go to which function."""

    id: str
    events: tuple[str, ...]
    function: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class CorsRule:
    """One rule of a bucket's CORS configuration; a `*` may stand in origins and headers."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: int | None


@dataclass(frozen=True)
class Bucket:
    """One bucket, without its objects."""

    logical_id: str
    name: str
    hosts: tuple[str, ...]
    cors: tuple[CorsRule, ...]
    notifications: tuple[Notification, ...]
    policy: Document | None = field(repr=False)


@dataclass(frozen=True)
class Website:
    """The bucket that is a website, its documents, and the origins that it has on AWS.

    Behind a distribution, which has documents of its own, it is the bucket with the pages.
    """

    bucket: str
    index: str
    error: str | None
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where a distribution gets answers: a bucket by its name, or an API by its logical id.

    `headers` take the place of a viewer's headers of these names.
    """

    id: str
    bucket: str | None = None
    api: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_seconds: float = 30.0


@dataclass(frozen=True)
class Behaviour:
    """What a distribution does with the paths of a pattern; `*` is the default's.

    `function`: the code that sees each request first. `headers` are added to each answer.
    """

    pattern: str
    origin: str
    methods: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    function: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ErrorPage:
    """A page in the place of an origin's error, and the status that it then has."""

    path: str
    status: int


@dataclass(frozen=True)
class RateRule:
    """A rule of a web ACL: how many requests of one address a window takes.

    `scope` is the statement that says which requests count; None counts all.
    """

    name: str
    limit: int
    window_seconds: int
    scope: Document | None = None
    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Distribution:
    """What stands in front of pages and APIs: behaviours in their order, the default last."""

    logical_id: str
    id: str
    domain: str
    aliases: tuple[str, ...]
    root: str
    origins: Mapping[str, Origin]
    behaviours: tuple[Behaviour, ...]
    error_pages: Mapping[int, ErrorPage] = field(default_factory=dict)
    rules: tuple[RateRule, ...] = ()

    @property
    def name(self) -> str:
        """The host that its viewers use."""
        return self.aliases[0] if self.aliases else self.domain


@dataclass(frozen=True)
class EventSource:
    """What a function takes batches from. `reports_items`: it says which items of one failed."""

    logical_id: str
    function: str
    arn: str
    batch: int
    window_seconds: int
    reports_items: bool
    filters: tuple[Document, ...]


@dataclass(frozen=True)
class Stream(EventSource):
    """A table's stream: read in order, each batch until it is done or given up."""

    from_the_start: bool
    retries: int
    max_age_seconds: int
    bisect: bool
    on_failure: str | None


@dataclass(frozen=True)
class Queue(EventSource):
    """A queue: what fails comes again after its visibility timeout, until its redrive policy says
    that it goes to the failure queue."""

    visibility_seconds: int
    attempts: int | None
    failures: str | None
    at_once: int | None
    """Batches that are worked on at once; None leaves it to Lambda."""


@dataclass(frozen=True)
class Blueprint:
    """All of it. `notes` are said once: what is there on AWS and not here."""

    stack: str
    region: str
    account: str
    outputs: Mapping[str, str]
    functions: Mapping[str, Function]
    apis: tuple[Api, ...]
    buckets: Mapping[str, Bucket]
    website: Website | None
    sources: tuple[EventSource, ...]
    resources: int
    notes: Sequence[str] = ()
    distribution: Distribution | None = None
