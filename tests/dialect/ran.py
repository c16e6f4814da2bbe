"""What the embedded ECS ran of `before` and `after`, as its own task events tell it.

Nothing here asks Slipway: a task counts as run once ECS called it RUNNING.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

_STARTED_BY = "slipway/"
_KINDS = {"b": "before", "a": "after"}
_ENDED = ("SUCCEEDED", "FAILED")


@dataclass(frozen=True)
class Ran:
    """One task that ran: `began` is when its containers started, `ended` when the last one ended.

    `exit_code` is that of the container whose command was overridden; None while it runs, and where
    nobody saw its end. `family` is that of its task definition.
    """

    token: str
    family: str
    command: tuple[str, ...]
    began: datetime
    ended: datetime | None
    exit_code: int | None

    @property
    def deployment(self) -> str:
        return self.token.rsplit("-", 1)[0]

    @property
    def kind(self) -> str:
        """`before` or `after`."""
        return _KINDS[self.token.rsplit("-", 1)[1][0]]


def is_run(event: Mapping[str, Any]) -> bool:
    """Whether an event of ECS tells of a task of Slipway's."""
    return str(event.get("detail", {}).get("startedBy", "")).startswith(_STARTED_BY)


def ran(events: Iterable[Mapping[str, Any]]) -> list[Ran]:
    """The tasks of these events that ran, oldest first."""
    newest = {event["detail"]["taskArn"]: event["detail"] for event in events if is_run(event)}
    found = (_ran(detail) for detail in newest.values() if "startedAt" in detail)
    return sorted(found, key=lambda one: one.began)


def at_once(runs: Iterable[Ran]) -> Iterator[tuple[Ran, Ran]]:
    """Each two of these, in the order of their beginnings, of which the second did not wait."""
    for one, other in pairwise(sorted(runs, key=lambda run: run.began)):
        if one.ended is None or other.began < one.ended:
            yield one, other


def repeated(runs: Iterable[Ran]) -> list[tuple[str, str]]:
    """The deployments, each with the kind, whose command ran more than once."""
    times = Counter((run.deployment, run.kind) for run in runs)
    return [one for one, count in times.items() if count > 1]


def _ran(detail: Mapping[str, Any]) -> Ran:
    overrides = detail["overrides"]["containerOverrides"]
    (named,) = [each for each in overrides if each.get("command")]
    codes = {each["name"]: each.get("exitCode") for each in detail["containers"]}
    return Ran(
        token=detail["startedBy"].removeprefix(_STARTED_BY),
        family=detail["taskDefinitionArn"].rsplit("/", 1)[1].rsplit(":", 1)[0],
        command=tuple(named["command"]),
        began=_moment(detail["startedAt"]),
        ended=_moment(detail["executionStoppedAt"]) if "executionStoppedAt" in detail else None,
        exit_code=codes[named["name"]],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def misreported(records: Iterable[Mapping[str, Any]], runs: Iterable[Ran]) -> Iterator[str]:
    """What closed records say of their tasks, and what these tasks did not do.

    Where nobody saw whether a task ran, or how it ended, a record may only say that: UNKNOWN.
    """
    tasks = {(run.deployment, run.kind): run for run in runs}
    for record in records:
        for kind in _KINDS.values():
            told, run = record.get(kind) or {}, tasks.get((record["id"], kind))
            said = told.get("outcome", "")
            if run is None:
                wrong = "it never ran" if said in _ENDED else ""
            else:
                wrong = _wrong(said, told, run)
            if wrong:
                yield f"{record['id']}: its `{kind}` is {said or 'open'}, and {wrong}"


def _wrong(said: str, told: Mapping[str, Any], run: Ran) -> str:
    """What is wrong with what is said of a task that ran; empty when nothing is."""
    if said == "NOT_STARTED" or (not said and run.kind == "before"):
        return "it ran"
    if said in _ENDED and told.get("exit_code") != run.exit_code:
        return f"it exited with {run.exit_code}, not with {told.get('exit_code')}"
    return f"it exited with {run.exit_code}" if said == "SUCCEEDED" and run.exit_code else ""


def uncounted(heads: Mapping[str, Mapping[str, Any]], runs: Iterable[Ran]) -> Iterator[str]:
    """The `before` tasks that ran and that HEAD of no service keeps, or keeps as never started."""
    kept = {
        one["deployment"]: one.get("outcome")
        for head in heads.values()
        for one in head.get("befores", ())
    }
    for run in runs:
        if run.kind == "before" and kept.get(run.deployment, "NOT_STARTED") == "NOT_STARTED":
            yield f"{run.token} ran, and HEAD keeps {kept.get(run.deployment, 'nothing')}"
