"""What a stack's functions write to their log groups: read together, in the order of time.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pipeline.connecting.clients import patiently
from pipeline.deploying import inventory, screen
from pipeline.deploying.stacks import Stack
from pipeline.deploying.target import Target
from pipeline.policy.references import of_type, referred

FUNCTION = "AWS::Lambda::Function"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LATE = 10_000
"""Milliseconds by which an event may reach CloudWatch after younger ones."""
_BAD_LEVELS = {"ERROR", "CRITICAL", "FATAL"}
_BAD_WORDS = re.compile(r"\bERROR\b|Task timed out|Runtime exited|Traceback")
_FIRST = ("what", "message", "errorType", "errorMessage")
_SAID = {*_FIRST, "level", "time", "timestamp", "type", "record"}


@dataclass(frozen=True)
class Source:
    """A function and the log group that it writes to."""

    function: str
    """Its logical id."""
    group: str


@dataclass(frozen=True)
class Line:
    """One event. `fields` is its JSON object; None where it is plain text."""

    id: str
    at: datetime
    function: str
    text: str
    fields: dict[str, Any] | None

    @property
    def level(self) -> str:
        """INFO, ERROR and so on; empty where the line has none."""
        return str((self.fields or {}).get("level", ""))

    @property
    def is_error(self) -> bool:
        """Does it tell of an invocation that went wrong?"""
        if self.fields is None:
            return bool(_BAD_WORDS.search(self.text))
        bad = self._outcome not in {"", "success"} or "errorType" in self.fields
        return bad or self.level.upper() in _BAD_LEVELS

    @property
    def is_routine(self) -> bool:
        """Is it Lambda's own word about an invocation that ended well, or began?"""
        kind = str((self.fields or {}).get("type", ""))
        return kind.startswith("platform.") and not self.is_error

    @property
    def _outcome(self) -> str:
        record = (self.fields or {}).get("record")
        return str(record.get("status", "")) if isinstance(record, dict) else ""

    def __str__(self) -> str:
        """What it says, on one line."""
        if self.fields is None:
            return _clean(self.text)
        record = self.fields.get("record")
        fields = {**(record if isinstance(record, dict) else {}), **self.fields}
        said = [str(fields[key]) for key in ("type", *_FIRST) if key in fields]
        said += [f"{key}={_short(fields[key])}" for key in fields if key not in _SAID]
        return _clean(" ".join(said))


def _clean(text: str) -> str:
    """On one line, without characters that a terminal would obey."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def sources(target: Target, stack: Stack) -> list[Source]:
    """Every function of the deployed stack, with its log group."""
    cloudformation = target.aws.cloudformation
    template = inventory.template(cloudformation, stack.id)
    physical = {
        held.logical_id: held.physical_id for held in inventory.held(cloudformation, stack.id)
    }
    return [
        Source(name, _group(function, physical) or f"/aws/lambda/{physical[name]}")
        for name, function in of_type(template, FUNCTION).items()
        if name in physical
    ]


def _group(function: dict[str, Any], physical: dict[str, str]) -> str:
    config = function.get("Properties", {}).get("LoggingConfig") or {}
    group = config.get("LogGroup", "")
    if isinstance(group, str):
        return group
    return next((physical[name] for name in referred(group) if name in physical), "")


def read(target: Target, sources: Iterable[Source], since: datetime, about: str = "") -> list[Line]:
    """The lines from then on, of all functions together. `about`: only lines that hold that text,
    or its hash, as logs do that hide an id."""
    terms = (about, digest(about)) if about else ("",)
    lines = {
        line.id: line
        for source in sources
        for term in terms
        for line in _read(target, source, since, term)
        if term in line.text
    }
    return sorted(lines.values(), key=lambda line: line.at)


def digest(text: str) -> str:
    """How a log that hides an id writes it."""
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]


def _read(target: Target, source: Source, since: datetime, term: str) -> Iterator[Line]:
    logs = target.aws.other("logs")
    asked: dict[str, Any] = {
        "logGroupName": source.group,
        "startTime": round(since.timestamp() * 1000),
    }
    if term and '"' not in term:
        asked["filterPattern"] = f'"{term}"'
    while True:
        try:
            answer = patiently(partial(logs.filter_log_events, **asked), target.sleep)
        except logs.exceptions.ResourceNotFoundException:
            screen.note(f"{source.function} has no log group {source.group}.")
            return
        for event in answer.get("events", []):
            yield _line(source, event)
        if not answer.get("nextToken"):
            return
        asked["nextToken"] = answer["nextToken"]


def _line(source: Source, event: dict[str, Any]) -> Line:
    text = event["message"].rstrip()
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    return Line(
        id=event["eventId"],
        at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        function=source.function,
        text=text,
        fields=fields if isinstance(fields, dict) else None,
    )


class Following:
    """What comes after a first look, each line once, although CloudWatch gets some of them late."""

    def __init__(self, sources: Sequence[Source], since: datetime, about: str = "") -> None:
        self._sources = sources
        self._since = since
        self._about = about
        self._seen: dict[str, datetime] = {}

    def fresh(self, target: Target) -> list[Line]:
        """The lines that were not there before."""
        lines = [
            line
            for line in read(target, self._sources, self._since, self._about)
            if line.id not in self._seen
        ]
        self._seen.update((line.id, line.at) for line in lines)
        if self._seen:
            newest = max(self._seen.values()).timestamp() - LATE / 1000
            self._since = max(self._since, datetime.fromtimestamp(newest, UTC))
            self._seen = {id_: at for id_, at in self._seen.items() if at >= self._since}
        return lines
