"""Rendered templates + the recording -> findings: do the roles grant exactly what is used?

Both ways. A use that its role doesn't allow would fail in production; a grant without a use, or
wider than its uses, is what an attacker would have. A use is a recorded call, a presigned
operation, or what a property of the template makes Lambda do; there is no list of exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.environment.fields import BaseSettings
from pipeline.findings import TOOL_GUARD, Finding, Level, Place, Pointer
from pipeline.iam import conditions, evaluation, patterns, recording, service_reference, stack
from pipeline.iam.evaluation import Statement
from pipeline.iam.recording import Entry
from pipeline.iam.resolving import ACCOUNT, References, Target
from pipeline.iam.stack import Stack, Unjudged
from pipeline.iam.uses import Use, uses

TOOL = TOOL_GUARD  # it is one station, and one tool in every report
JUDGED, RECORDED = "ROLES_CAN_BE_JUDGED", "FUNCTIONS_ARE_RECORDED"
GRANTED, USED = "USES_ARE_GRANTED", "GRANTS_ARE_USED"
NARROW = "GRANTS_ARE_NO_WIDER_THAN_THEIR_USES"

_AT_RUN_TIME = "made-up/at-run-time"  # stands for what a pattern of a use leaves open


class Template(Protocol):
    """What the check asks of a rendered template (pipeline.render.Rendered)."""

    @property
    def settings(self) -> BaseSettings: ...
    @property
    def value(self) -> dict[str, Any]: ...
    @property
    def parameters(self) -> dict[str, str]: ...
    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]: ...


@dataclass(frozen=True)
class Flaw:
    """A finding without its template: the rule, where, what is wrong, and how to mend it."""

    rule: str
    pointer: Pointer
    message: str
    mend: str
    found: str = ""


def least_privilege(rendered: Sequence[Template], root: Path) -> list[Finding]:
    """What is wrong with the roles of these templates; nothing means that they fit exactly."""
    entries = recording.load(root)
    return [_finding(flaw, one) for one in rendered for flaw in flaws(one, entries)]


def flaws(template: Template, entries: Sequence[Entry]) -> list[Flaw]:
    """The flaws of one template, in the order of its roles."""
    try:
        read = stack.read(template.value, References(template.value, target(template)))
        with stack.judging(()):
            return list(_flaws(read, entries))
    except Unjudged as error:
        return [_unjudged(error)]


def target(template: Template) -> Target:
    """Where the template would be deployed; an unknown account gets AWS's example of one."""
    settings = template.settings
    account = settings.aws.account or ACCOUNT
    return Target(settings.aws.region, template.parameters, account, settings.stack_name)


def _flaws(stack: Stack, entries: Sequence[Entry]) -> Iterator[Flaw]:
    yield from _unrecorded(stack, entries)
    made = uses(stack, entries)
    recorded = {entry.function for entry in entries}
    unknown = {one.role for one in stack.functions if one.folder not in recorded}
    yield from _refused(made, stack)
    for name, statements in stack.roles.items():
        if name in unknown:
            continue  # of what nobody recorded there is one finding already
        mine = [use for use in made if use.function.role == name]
        for statement in statements:
            if statement.effect == "Allow":
                yield from _without_use(statement, mine, stack.template)


def _unrecorded(stack: Stack, entries: Iterable[Entry]) -> Iterator[Flaw]:
    """A function of which nothing is known has no proof, and calls of none are out of date."""
    recorded = {entry.function for entry in entries}
    for function in stack.functions:
        if function.folder not in recorded:
            yield Flaw(
                RECORDED,
                function.pointer,
                f"{recording.FILE} holds no call of {function.folder}, whose code this runs.",
                "Write a test in tests/handlers that runs it, then `nox -s record`.",
            )
    for folder in sorted(recorded - {function.folder for function in stack.functions}):
        yield Flaw(
            RECORDED,
            (),
            f"{recording.FILE} holds calls of {folder}, which no function runs.",
            "Record again, or give the function back its code.",
        )


def _refused(made: Iterable[Use], stack: Stack) -> Iterator[Flaw]:
    """The uses that fail, each action on a resource once for a role."""
    seen = set()
    for use in made:
        statements = [*stack.roles[use.function.role], *(stack.denials if use.is_a_call else ())]
        resource = _sample(use.resource)
        decision = evaluation.decide(statements, use.action, resource, use.context)
        if not decision and (about := (use.function.role, use.action, use.resource)) not in seen:
            seen.add(about)
            yield _refusal(use, decision, stack.template)


def _refusal(use: Use, decision: evaluation.Decision, template: Mapping[str, Any]) -> Flaw:
    pointer: Pointer = ("Resources", use.function.role, "Properties", "Policies")
    mend = f"Grant {use.action} on it in {use.function.role}, or stop using it."
    if decision.because is not None:
        pointer = place(decision.because, template)
        mend = "Narrow this statement, or meet its condition."
    return Flaw(
        GRANTED,
        pointer,
        f"{use.function.logical_id} needs {use.action} ({use.why}), and it is {decision.outcome}.",
        mend,
        use.resource,
    )


def _without_use(
    statement: Statement, made: Sequence[Use], template: Mapping[str, Any]
) -> Iterator[Flaw]:
    """The grants of one statement that nothing uses, or not in their whole width."""
    at = place(statement, template)
    for negated, element in _negations(statement):
        if negated:
            yield Flaw(
                USED,
                (*at, element),
                f"{element} grants everything but what it names, so its use can't be shown.",
                f"Name what is granted: {element.removeprefix('Not')}.",
            )
            return
    fitting = [use for use in made if conditions.holds(statement.condition, use.context)]
    for number, pattern in enumerate(statement.actions):
        where = item(at, "Action", number, template)
        actions = service_reference.actions_like(pattern)
        unused = [one for one in actions if one not in {use.action for use in fitting}]
        if unused and not patterns.is_exact(pattern):
            yield _too_many(pattern, len(unused), len(actions), where)
            continue
        for action in actions:
            users = [use for use in fitting if use.action == action]
            yield from _action_without_use(action, users, where, at, statement, template)


def _negations(statement: Statement) -> tuple[tuple[bool, str], ...]:
    return (statement.is_not_action, "NotAction"), (statement.is_not_resource, "NotResource")


def _action_without_use(
    action: str,
    users: Sequence[Use],
    where: Pointer,
    at: Pointer,
    statement: Statement,
    template: Mapping[str, Any],
) -> Iterator[Flaw]:
    of_each = [(one, _users_of(one, users)) for one in statement.resources]
    if not any(found for _, found in of_each):
        yield _unused(action, where, " or ".join(statement.resources))
        return
    for number, (pattern, matching) in enumerate(of_each):
        resource = item(at, "Resource", number, template)
        if not matching:
            yield _unused(action, resource, pattern)
        elif _is_wider(pattern, needed := patterns.common([use.resource for use in matching])):
            yield Flaw(
                NARROW,
                resource,
                f"{action} is granted on more than it is used on, which is {needed}.",
                "Grant it on that alone, or record a test that uses more of it.",
                pattern,
            )


def _users_of(pattern: str, users: Iterable[Use]) -> list[Use]:
    return [use for use in users if patterns.matches(pattern, _sample(use.resource))]


def _is_wider(pattern: str, needed: str) -> bool:
    if patterns.is_exact(pattern) or pattern == needed:
        return False
    fixed, could_be_fixed = patterns.literal(pattern), patterns.literal(needed)
    return patterns.is_exact(needed) or len(fixed) < len(could_be_fixed)


def _too_many(pattern: str, unused: int, actions: int, where: Pointer) -> Flaw:
    return Flaw(
        USED,
        where,
        f"{pattern} grants {actions} actions, and nothing uses {unused} of them.",
        "Name the actions that are used.",
        pattern,
    )


def _unused(action: str, where: Pointer, resource: str) -> Flaw:
    return Flaw(
        USED,
        where,
        f"{action} is granted here, and nothing that is recorded or configured uses it.",
        "Remove it, or let a test make the call that needs it, then `nox -s record`.",
        resource,
    )


def _sample(resource: str) -> str:
    """One of the resources that a use's pattern stands for."""
    return resource if resource == "*" else resource.replace("*", _AT_RUN_TIME)


def place(statement: Statement, template: Mapping[str, Any]) -> Pointer:
    """Where a statement stands in the template."""
    document, number = statement.where
    return item(document, "Statement", number, template)


def item(at: Pointer, key: str, number: int, template: Mapping[str, Any]) -> Pointer:
    """The place of a list's item, or of the one value that stands there without a list."""
    here: Any = template
    for step in (*at, key):
        here = here[step]
    return (*at, key, number) if isinstance(here, list) else (*at, key)


def _unjudged(error: Unjudged) -> Flaw:
    return Flaw(
        JUDGED,
        error.pointer,
        f"What is granted or used can't be judged: {error}.",
        "Write rights into the role's own Policies, and resources by Ref, Fn::GetAtt or Fn::Sub; or"
        " teach pipeline/iam/ the form.",
    )


def _finding(flaw: Flaw, template: Template) -> Finding:
    place_, value_place = template.places(flaw.pointer)
    return Finding(
        tool=TOOL,
        rule=flaw.rule,
        level=Level.ERROR,
        message=flaw.message,
        environment=template.settings.name,
        pointer=flaw.pointer,
        found=flaw.found,
        mend=flaw.mend,
        place=place_,
        value_place=value_place,
    )
