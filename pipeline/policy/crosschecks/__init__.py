"""What Guard's language can't say: checks that compare one resource with others, or with a day.

They are rules like those in rules/: a name, what they protect, who asks for it; they stand in
rules/general/required.yaml, may be waived, and are reported alike. None knows an application.
A module here holds checks of one subject and lists them in its CHECKS.
"""

from __future__ import annotations

import inspect
from datetime import date
from functools import cache
from types import ModuleType
from typing import Any

from pipeline.policy.crosschecks import alarms, lambda_functions, leaving, rights, wiring
from pipeline.policy.crosschecks.checking import Check, Problem, Subject
from pipeline.policy.rulebook import Rule
from pipeline.policy.verdicts import Failure, Verdict
from pipeline.schemas import runtimes

_MODULES = (rights, wiring, leaving, alarms, lambda_functions)


@cache
def rules() -> tuple[Rule, ...]:
    """The checks as the rules that they are: the docstring says what they protect and why."""
    return tuple(_rule(module, check) for module in _MODULES for check in module.CHECKS)


def _rule(module: ModuleType, check: Check) -> Rule:
    line = inspect.getsourcelines(check)[1]
    return Rule(_name(check), _file(module), line, inspect.cleandoc(check.__doc__ or ""))


def judge(
    name: str, template: dict[str, Any], day: date, foreign: frozenset[str] = frozenset()
) -> list[Verdict]:
    """Each check's verdict on one template; `foreign` is what its settings name as foreign."""
    subject = Subject(template, day, runtimes(), foreign)
    return [
        _verdict(name, module, check, check(subject))
        for module in _MODULES
        for check in module.CHECKS
    ]


def _verdict(
    name: str, module: ModuleType, check: Check, problems: list[Problem] | None
) -> Verdict:
    fails = any(not problem.note for problem in problems or ())
    status = "SKIP" if problems is None else "FAIL" if fails else "PASS"
    failures = tuple(map(_failure, problems or ()))
    return Verdict(name, _file(module), _name(check), status, failures)


def _failure(problem: Problem) -> Failure:
    path = "".join(f"/{key}" for key in problem.pointer)
    message = f"{problem.what} Mend: {problem.mend}"
    return Failure(path, problem.found, "", message, "", note=problem.note)


def _name(check: Check) -> str:
    return check.__name__.upper()


def _file(module: ModuleType) -> str:
    """The module's path in pipeline/policy/."""
    return f"crosschecks/{module.__name__.rpartition('.')[2]}.py"
