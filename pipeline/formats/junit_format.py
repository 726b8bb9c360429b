"""JUnit's XML for CI servers: a suite for each tool and environment, a case for each rule.

Guard's rules are all there, so that a rule that stops being asked is seen to be gone; of cfn-lint,
which has hundreds, only those that found something, and one case that stands for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipeline.findings import TOOL_GUARD, Finding
from pipeline.formats import Report, fails

# XML can't hold these at all, not even escaped.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(report: Report) -> str:
    root = Element("testsuites")
    for tool in report.tools:
        for environment in report.environments:
            _suite(root, tool, environment, report)
    _total(root)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _suite(root: Element, tool: str, environment: str, report: Report) -> None:
    mine = [
        finding
        for finding in report.findings
        if finding.tool == tool and finding.environment in {environment, ""}
    ]
    suite = SubElement(root, "testsuite", name=f"{tool} {environment}")
    names = [rule.name for rule in report.rules] if tool == TOOL_GUARD else ["every other rule"]
    for name in dict.fromkeys([*names, *(one.rule for one in mine)]):
        _case(suite, tool, name, [one for one in mine if one.rule == name])
    _total(suite)


def _case(suite: Element, tool: str, name: str, findings: Sequence[Finding]) -> None:
    case = SubElement(suite, "testcase", classname=tool, name=name)
    failing = [one for one in findings if fails(one)]
    waived = [one.waived for one in findings if one.waived]
    if failing:
        first = failing[0]
        case.set("file", first.place.file if first.place else "")
        failure = SubElement(case, "failure", type=str(first.level), message=_xml(first.message))
        failure.text = _xml("\n\n".join(map(_told, failing)))
    elif waived:
        SubElement(case, "skipped", message=_xml("; ".join(waived)))


def _told(finding: Finding) -> str:
    found = f"Found: {finding.found}" if finding.found else ""
    path = ".".join(map(str, finding.pointer))
    value = f"The value comes from {finding.value_place}." if finding.value_place else ""
    mend = f"Mend: {finding.mend}" if finding.mend else ""
    lines = [str(finding.place or ""), path, finding.message, found, value, mend, *finding.notes]
    return "\n".join(filter(None, lines))


def _total(element: Element) -> None:
    listed = list(element.iter("testcase"))
    element.set("tests", str(len(listed)))
    element.set("failures", str(sum(case.find("failure") is not None for case in listed)))
    element.set("skipped", str(sum(case.find("skipped") is not None for case in listed)))
    element.set("errors", "0")


def _xml(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)
