"""The summary as JUnit XML, in the shape that Jenkins, GitLab and GitHub's readers take.

One fleet is one suite, and each check and each threshold is a case in it. The text depends on the summary alone, and
only its times on `wall`.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from homeport_client.fleet.report.sentences import bounded, missed
from homeport_client.fleet.report.summary import Check, Failure, Summary, Threshold

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def junit(summary: Summary) -> str:
    """The whole document, to be written as UTF-8."""
    root = Element("testsuites", _totals(summary))
    suite = SubElement(root, "testsuite", {"name": _xml(_suite_name(summary)), **_totals(summary)})
    if summary.wall:
        suite.set("timestamp", _xml(summary.wall.began))
    _add_properties(suite, summary)
    for check in summary.checks:
        _add_check(suite, summary, check)
    for threshold in summary.thresholds:
        _add_threshold(suite, summary, threshold)
    if summary.failure:
        SubElement(suite, "system-out").text = _xml(_story(summary.failure))
    indent(root)
    return _DECLARATION + tostring(root, encoding="unicode") + "\n"


def _suite_name(summary: Summary) -> str:
    return f"homeport.fleet.{summary.app}"


def _totals(summary: Summary) -> dict[str, str]:
    missed_count = sum(not threshold.kept for threshold in summary.thresholds)
    return {
        "tests": str(len(summary.checks) + len(summary.thresholds)),
        "failures": str(sum(bool(check.found) for check in summary.checks) + missed_count),
        "errors": "0",
        "skipped": "0",
        "time": f"{summary.wall.wall_s if summary.wall else 0:.3f}",
    }


def _add_properties(suite: Element, summary: Summary) -> None:
    properties = SubElement(suite, "properties")
    for name, value in (
        ("seed", str(summary.seed)),
        ("world", summary.world),
        ("network", summary.network),
        ("devices", str(summary.devices)),
        ("partial", "true" if summary.partial else "false"),
        ("again", summary.again),
    ):
        SubElement(properties, "property", {"name": name, "value": _xml(value)})


def _add_check(suite: Element, summary: Summary, check: Check) -> None:
    case = _case(suite, f"{_suite_name(summary)}.checks", f"{check.name}: {check.says}")
    if check.found:
        first, more = check.found[0], len(check.found) - 1
        message = f"{first} (and {more:,} more)" if more else first
        _fail(case, "violated", message, [*bounded(check.found), f"Replay it: {summary.again}"])


def _add_threshold(suite: Element, summary: Summary, threshold: Threshold) -> None:
    case = _case(suite, f"{_suite_name(summary)}.thresholds", threshold.asked)
    if not threshold.kept:
        _fail(case, "missed", missed(threshold), [missed(threshold), f"Replay it: {summary.again}"])


def _case(suite: Element, classname: str, name: str) -> Element:
    """A case takes no time of its own: all are judged when the fleet has come to rest."""
    return SubElement(suite, "testcase", {"classname": _xml(classname), "name": _xml(name), "time": "0"})


def _fail(case: Element, kind: str, message: str, told: list[str]) -> None:
    failure = SubElement(case, "failure", {"message": _xml(message), "type": kind})
    failure.text = _xml("\n".join(told))


def _story(failure: Failure) -> str:
    """The steps that still fail, one a line."""
    return "\n".join(("The shortest story that still fails:", *bounded(failure.steps)))


def _xml(text: str) -> str:
    """What XML cannot hold is replaced, so that the rest can be read."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
