"""findings -> what a person reads at the terminal, and the JSON that a program reads."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from cli.doctor.finding import Finding, Severity

_ORDER = list(Severity)
_MARKS = {Severity.ERROR: "✗ error", Severity.WARNING: "! warning", Severity.ADVICE: "→ advice"}
_WIDTH = 100
_INDENT = " " * 4


def as_json(findings: Iterable[Finding], notes: Sequence[str]) -> str:
    """The stable form; its keys are documented in docs/doctor.md."""
    keys = ("service", "severity", "check", "sentence", "remedy", "seconds")
    listed = [{key: getattr(finding, key) for key in keys} for finding in findings]
    return json.dumps({"findings": listed, "not_looked_at": list(notes)}, indent=2)


def lines(
    services: Sequence[str], findings: Sequence[Finding], notes: Sequence[str]
) -> Iterator[str]:
    """Each service with its findings, errors first; what was not looked at; and the sum."""
    for service in services:
        mine = [finding for finding in findings if finding.service == service]
        yield f"{service}{'' if mine else '  nothing to say'}"
        for finding in by_severity(mine):
            yield from _finding(finding)
        if mine:
            yield ""
    if notes:
        yield "Not looked at:"
        yield from (f"  {note}" for note in notes)
        yield ""
    yield summary(findings)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first; otherwise in the order of the rules."""
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))


def _finding(finding: Finding) -> Iterator[str]:
    saves = f" Saves about {finding.seconds} s a rollout." if finding.seconds else ""
    if finding.seconds == 0:
        saves = " It saves time only together with the changes below it."
    yield f"  {_MARKS[finding.severity]}: {finding.check}"
    yield from textwrap.wrap(
        printable(f"{finding.sentence}{saves}"),
        _WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
    )
    yield f"{_INDENT}{printable(finding.remedy)}"  # in one line, so that it can be pasted


def summary(findings: Sequence[Finding]) -> str:
    """As "3 errors, 2 warnings, 4 pieces of advice: about 310 s a rollout"."""
    counts = {each: sum(found.severity is each for found in findings) for each in Severity}
    words = ", ".join(
        f"{counts[severity]} {one if counts[severity] == 1 else many}"
        for severity, one, many in (
            (Severity.ERROR, "error", "errors"),
            (Severity.WARNING, "warning", "warnings"),
            (Severity.ADVICE, "piece of advice", "pieces of advice"),
        )
    )
    return f"{words}{_saved(findings)}"


def _saved(findings: Iterable[Finding]) -> str:
    """What following all advice saves: of one service, or of that where it is most."""
    totals: dict[str, int] = {}
    for finding in findings:
        if finding.seconds:
            totals[finding.service] = totals.get(finding.service, 0) + finding.seconds
    if not totals:
        return ""
    slowest = max(totals, key=lambda service: totals[service])
    if len(totals) == 1:
        return f": about {totals[slowest]} s a rollout"
    return f": up to {totals[slowest]} s a rollout ({slowest})"


def printable(text: str) -> str:
    """The text without what a terminal would take for a command; names come from AWS."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
