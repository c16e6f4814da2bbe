"""Findings and accepted.toml -> what is new, and what is accepted and not found any more."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Finding:
    tool: str
    id: str
    where: str
    words: str


@dataclass(frozen=True)
class Accepted:
    """A finding that stays, and why; each pattern in `where` may hold `*`."""

    tool: str
    id: str
    where: tuple[str, ...]
    reason: str

    def at(self, pattern: str, finding: Finding) -> bool:
        same = (self.tool, self.id) == (finding.tool, finding.id)
        return same and fnmatchcase(finding.where, pattern)

    def covers(self, finding: Finding) -> bool:
        return any(self.at(pattern, finding) for pattern in self.where)


def read(text: str, tools: Collection[str]) -> list[Accepted]:
    """The entries of accepted.toml; one of an unknown tool or without a reason is a ValueError."""
    entries = [
        Accepted(tool, one["id"], tuple(one["where"]), one.get("reason", ""))
        for tool, listed in tomllib.loads(text).items()
        for one in listed
    ]
    for entry in entries:
        if entry.tool not in tools or not entry.reason:
            raise ValueError(f"{entry}: the tools are {', '.join(tools)}, and each needs a reason")
    return entries


def summary(found: Sequence[Finding], accepted: Sequence[Accepted]) -> str:
    """How many are found, and how many of them are new."""
    new = len(_new(found, accepted))
    if not found:
        return "nothing found"
    return f"{len(found)} found, {len(found) - new} accepted, {new} new"


def explained(found: Sequence[Finding], accepted: Sequence[Accepted]) -> Iterator[str]:
    """Each entry that accepts something: how often, and why."""
    for entry in accepted:
        if times := sum(1 for finding in found if entry.covers(finding)):
            yield f"{entry.id}, accepted {times}x: {entry.reason}"


def wrong(found: Sequence[Finding], accepted: Sequence[Accepted]) -> Iterator[str]:
    """What is new, and what is accepted and not found any more."""
    for one in _new(found, accepted):
        new = f"{one.tool}: {one.id} at {one.where}: {one.words}"
        yield f"{new}. Mend it, or accept it in .ci/accepted.toml."
    for entry in accepted:
        for pattern in entry.where:
            if not any(entry.at(pattern, finding) for finding in found):
                gone = f"{entry.tool}: no {entry.id} at {pattern} any more"
                yield f"{gone}: take it out of .ci/accepted.toml."


def _new(found: Sequence[Finding], accepted: Sequence[Accepted]) -> list[Finding]:
    return [one for one in found if not any(entry.covers(one) for entry in accepted)]
