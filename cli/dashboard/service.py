"""the replies about one service -> what its page shows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.model.deployments import OPEN
from cli.dashboard.answers import Answer
from cli.dashboard.marks import Mark, mark_of
from cli.dashboard.spent import spent
from cli.show.words import commit_beside, progress, version, who

Record = Mapping[str, Any]
_TASKS = 20  # shown


@dataclass(frozen=True)
class Entry:
    """A deployment in the history."""

    deployment: str
    mark: Mark
    version: str
    commit: str
    by: str
    why: str
    created: str
    revision: str
    seconds: float | None
    took: str
    words: str
    proven: bool


@dataclass(frozen=True)
class Column:
    """A deployment in the chart: `left` and `width` in percent, `height` in percent of the top."""

    left: float
    width: float
    height: float
    entry: Entry
    title: str


@dataclass(frozen=True)
class Chart:
    """The durations of the last deployments, oldest first; `top` is the longest in words.

    `usual` is the median of the successful ones in words, and `line` how high that is in percent.
    """

    columns: tuple[Column, ...]
    top: str
    usual: str
    line: float


@dataclass(frozen=True)
class Task:
    """A task that runs, or ended within the last hour."""

    id: str
    revision: str
    status: str
    health: str
    since: str
    reason: str


@dataclass(frozen=True)
class Service:
    """The page of a service. `error` says what could not be read, `awaited` that it may come."""

    stage: str
    name: str
    awaited: bool
    error: str
    now: Mapping[str, Any]
    runs: str
    commit: str
    holds: tuple[Mapping[str, Any], ...]
    note: str
    under_way: tuple[Entry, ...]
    paused: bool
    history: tuple[Entry, ...]
    chart: Chart | None
    tasks: tuple[Task, ...]
    more_tasks: str

    @property
    def held(self) -> bool:
        """Whether `release` has something to do."""
        return bool(self.holds) or any(one.mark.status == "HELD" for one in self.under_way)


def view(stage: str, name: str, status: Answer, row: Answer) -> Service:
    """What the page of a service shows; `row` is the board's reply for this service."""
    reply = status.reply or {}
    rows = (row.reply or {}).get("board") or [{}]
    now = reply.get("now", {})
    runs = rows[0].get("runs") or {}
    history = tuple(entry(record) for record in reply.get("deployments", ()))
    listed = now.get("task_list", ())
    return Service(
        stage=stage,
        name=name,
        awaited=status.awaited,
        error=status.error or (row.error if row.reply is None else ""),
        now=now,
        runs=_runs(now, runs),
        commit=commit_beside(runs) if runs else "",
        holds=tuple(rows[0].get("holds") or reply.get("holds") or ()),
        note=str(rows[0].get("note", "")),
        under_way=tuple(entry(one) for one in rows[0].get("under_way", ())),
        paused=any(one.get("paused") for one in rows[0].get("under_way", ())),
        history=history,
        chart=chart(history),
        tasks=tuple(_tasks(listed)),
        more_tasks=_more(now, len(listed)),
    )


def _runs(now: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The name of what runs: ECS knows the revision, and the ledger the tag."""
    if known and now.get("revision") in {None, "", known.get("revision")}:
        return version(known)
    return (
        version({**now, "tag": next(iter(now.get("tags", ())), "")}) if now.get("revision") else ""
    )


def entry(record: Record) -> Entry:
    """A record of `status` or of the board as a line of the history."""
    seconds = record.get("seconds")
    open_words = progress(record) if record["status"] in OPEN else ""
    return Entry(
        deployment=record["deployment"],
        mark=mark_of(record["status"]),
        version=version(record),
        commit=commit_beside(record),
        by=who(record),
        why=str(record.get("why", "")),
        created=record.get("created") or record["updated"],
        revision=str(record.get("revision", "")).rsplit(":", 1)[-1],
        seconds=seconds,
        took=spent(seconds) if seconds is not None else "",
        words=open_words or str(record.get("reason", "")),
        proven=bool(record.get("proven")),
    )


def chart(history: Sequence[Entry]) -> Chart | None:
    """The durations of those that rolled out; None where fewer than two did.

    What never began, like a push that was refused or superseded while it waited, has no duration.
    """
    shown = [one for one in reversed(history) if one.seconds is not None and _began(one)]
    if len(shown) <= 1:
        return None
    top = max(one.seconds or 0 for one in shown) or 1.0
    good = [one.seconds or 0 for one in shown if one.mark.kind == "good"]
    usual = statistics.median(good) if good else 0.0
    slot = 100 / len(shown)
    return Chart(
        columns=tuple(
            Column(
                left=round(index * slot + slot * 0.12, 3),
                width=round(slot * 0.76, 3),
                height=round(max(100 * (one.seconds or 0) / top, 2.0), 2),
                entry=one,
                title=f"{one.version} {one.mark.words} after {one.took}",
            )
            for index, one in enumerate(shown)
        ),
        top=spent(top),
        usual=spent(usual) if good else "",
        line=round(100 * usual / top, 2),
    )


def _began(one: Entry) -> bool:
    return bool(one.revision) and one.mark.status not in {"REFUSED", "OBSERVED"}


def _tasks(listed: Sequence[Record]) -> Iterator[Task]:
    for task in listed[:_TASKS]:
        code = f"exit code {task['exit']}" if task.get("exit") is not None else ""
        yield Task(
            id=task["id"][:8],
            revision=task["revision"],
            status=task["status"],
            health=task["health"] if task.get("health") not in {None, "", "UNKNOWN"} else "",
            since=task.get("started") or task.get("created", ""),
            reason=", ".join(filter(None, [code, str(task.get("reason") or "")])),
        )


def _more(now: Mapping[str, Any], listed: int) -> str:
    unshown = f"{listed - _TASKS} more are not shown" if listed > _TASKS else ""
    return ". ".join(filter(None, [str(now.get("unknown", "")), unshown]))
