"""The child process that holds the Guard engine: rules x templates in, verdicts out.

stdin, one JSON object: {"files": {name: rules text}, "templates": {name: JSON text},
"jobs": [[file, template], ...]}. stdout, one JSON line each: first {"ready": [the files of all
modules that run here]}, then for each job, in order, either
{"verdicts": [[rule, status, [failure, ...]], ...]} or {"error": text}.

Where nothing can be written the exit code is NO_ROOM.

It lives apart because a cyclic rule overflows the engine's stack and takes its process along.
Nothing but the engine is imported, so that it starts at once.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

Node = dict[str, Any]
Engine = Callable[..., str]

NO_ROOM = 74  # EX_IOERR
_RULE = re.compile(r"^rule[ \t]+(\w+)", re.MULTILINE)
# What decides whether a clause is asked at all; its own outcome is no verdict.
CONDITIONS = frozenset({"RuleCondition", "WhenCondition", "TypeCondition", "Filter"})


def verdicts(tree: Node) -> list[list[Any]]:
    """[rule, status, failures] for each rule of an evaluation tree (run_checks_rs, verbose)."""
    result = []
    for rule in tree["children"]:
        check = rule["container"]["RuleCheck"]
        result.append([check["name"], check["status"], list(failures(rule))])
    return result


def without_failure(said: str, rules: str) -> list[list[Any]] | None:
    """The same of the engine's short answer, in the order of the text; None where a rule fails.

    The short answer to a failure isn't always JSON (cfn-guard-rs 0.3.3).
    """
    try:
        summary = json.loads(said)
    except ValueError:
        return None
    if summary["not_compliant"]:
        return None
    status = dict.fromkeys(summary["compliant"], "PASS")
    status |= dict.fromkeys(summary["not_applicable"], "SKIP")
    order = [name for name in _RULE.findall(rules) if name in status]
    return [[name, status[name], []] for name in dict.fromkeys([*order, *sorted(status)])]


def failures(node: Node) -> Iterator[dict[str, Any]]:
    """The clauses below `node` that make it fail, each once, in the order of the rule."""
    (kind, content), *_ = node["container"].items()
    if kind in CONDITIONS or _status(content) != "FAIL":
        return
    if kind == "ClauseValueCheck" and not node["context"].strip():
        return  # a filter on keys compared this one; it chose what the clause was asked about
    below = [failure for child in node["children"] for failure in failures(child)]
    if kind == "ClauseValueCheck":
        yield from below or [_failure(content, node["context"])]
    elif kind == "Disjunction":
        # `a or b <<text>>`: the text belongs to b alone and speaks for both.
        yield from [failure for failure in below if failure["message"]] or below
    else:
        # only a clause's own filters: those of a block chose what the clause was asked about
        nearest = _nearest(node) if kind == "GuardClauseBlockCheck" else {}
        yield from (failure if failure["path"] else {**failure, **nearest} for failure in below)


def _nearest(node: Node) -> dict[str, Any]:
    """Where a filter looked in vain: `X[ ... ] !empty` itself says no path when it fails.

    The item that all but fits is the one that is meant; without such a one, what all items have
    in common.
    """
    filters = [child for child in node["children"] if "Filter" in child["container"]]
    refused = [[f for clause in one["children"] for f in failures(clause)] for one in filters]
    ranked = sorted((len(found), at) for at, found in enumerate(refused) if found)
    if len(ranked) == 1 or (ranked and ranked[0][0] < ranked[1][0]):
        first = refused[ranked[0][1]]
        if len(first) < len(filters[ranked[0][1]]["children"]):
            return {key: first[0][key] for key in ("path", "found", "missing")}
    keys = [failure["path"].split("/") for found in refused for failure in found]
    same = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*keys, strict=False))
    return {"path": "/".join(column[0] for column in same)}


def _status(content: Any) -> str:
    """The outcome that a node of the tree records, wherever its kind keeps it."""
    if isinstance(content, str):
        return "PASS" if content == "Success" else content
    if "status" in content:
        return str(content["status"])
    inner = [value for value in content.values() if isinstance(value, dict)]
    return _status(inner[0]) if inner else "FAIL"


def _failure(content: Node, context: str) -> dict[str, Any]:
    """`path` as Guard writes it; `missing` is the rest of the query where the value is absent."""
    check = next(iter(content.values()))
    if not isinstance(check, dict):
        check = {"custom_message": check}
    elif "from" not in check:
        check = check.get("value", check)
    value, lost = _resolved(check.get("from") or {})
    return {
        "path": (value or lost.get("traversed_to") or {"path": ""})["path"],
        "found": value.get("value"),
        "missing": lost.get("remaining_query", ""),
        "message": check.get("custom_message") or "",
        "clause": context.strip(),
    }


def _resolved(subject: Node) -> tuple[Node, Node]:
    return subject.get("Resolved") or {}, subject.get("UnResolved") or {}


def answer(run: Engine, rules: str, template: str) -> dict[str, Any]:
    """One line for one job, whatever the engine does short of dying."""
    try:
        said = run(template, rules, verbose=False)
        passed = without_failure(said, rules) if said else []
        if passed is None:  # megabytes of trees, which only a failure is worth
            passed = verdicts(json.loads(run(template, rules, verbose=True)))
    except BaseException as error:  # noqa: BLE001  the engine's panic is a BaseException
        return {"error": f"{type(error).__name__}: {error}"}
    return {"verdicts": passed}


def _task() -> TextIO:
    """Standard input, or the file with the descriptor that is named, which is whole once there is
    no standard input any more."""
    if not sys.argv[1:]:
        return sys.stdin
    sys.stdin.read()
    return os.fdopen(int(sys.argv[1]), encoding="utf-8")


def main() -> None:
    from cfn_guard_rs.cfn_guard_rs import run_checks_rs  # the walk above needs no engine

    with _task() as given:
        task = json.load(given)
    modules = [getattr(module, "__file__", None) for module in sys.modules.values()]
    print(json.dumps({"ready": [path for path in modules if path]}), flush=True)
    for file, template in task["jobs"]:
        line = answer(run_checks_rs, task["files"][file], task["templates"][template])
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    try:
        main()
    except OSError:
        os._exit(NO_ROOM)  # an end as usual would try to write once more, and have another code
