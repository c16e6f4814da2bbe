"""the replies about one deployment -> what its page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.explain.breakdown import far_longer
from chalicelib.model.deployments import OPEN
from cli.dashboard.answers import Answer
from cli.dashboard.drawing import PHASES, Bar, Drawing, drawing, parts
from cli.dashboard.marks import Mark, mark_of
from cli.dashboard.spent import spent
from cli.show import record as shown
from cli.show.words import moment, progress, version, who

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Phase:
    """A phase of the rollout: its time in words, and the usual one where it is known."""

    key: str
    words: str
    spent: str
    usual: str
    slow: bool
    percent: float


@dataclass(frozen=True)
class Paragraph:
    """A part of an explanation: a heading or a text, and the points below it."""

    heading: str
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """The page of a deployment. `record` is its reply; it is empty while that is awaited."""

    stage: str
    id: str
    record: Record
    awaited: bool
    error: str
    service: str = ""
    version: str = ""
    mark: Mark | None = None
    by: str = ""
    took: str = ""
    progress: str = ""
    tasks: Mapping[str, Any] | None = None
    why: tuple[Paragraph, ...] = ()
    log: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    parts: tuple[Bar, ...] = ()
    drawing: Drawing | None = None
    may: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.mark is not None and self.mark.status in OPEN


def story(stage: str, deployment: str, answer: Answer, now: Answer, runs: str | None) -> Deployment:
    """What the page of a deployment shows.

    `now` is the reply with what ECS runs, if it is open. `runs` is the deployment that brought what
    the service runs, None where that is not known.
    """
    if answer.reply is None:
        return Deployment(stage, deployment, {}, answer.awaited, answer.error)
    record = answer.reply["deployments"][0]
    seconds = record.get("seconds")
    return Deployment(
        stage=stage,
        id=record["deployment"],
        record=record,
        awaited=False,
        error=answer.error,
        service=record["service"],
        version=version(record),
        mark=mark_of(record["status"]),
        by=who(record),
        took=spent(seconds) if seconds is not None else "",
        progress=progress(record),
        tasks=(now.reply or {}).get("now", {}).get("tasks"),
        why=tuple(_why(record)),
        log=tuple(shown.log_lines(record)),
        phases=tuple(_phases(record)),
        parts=parts(record),
        drawing=drawing(record, moment(answer.reply["at"])),
        may=tuple(_may(record, runs)),
    )


def _why(record: Record) -> Iterator[Paragraph]:
    if record["reason"] and record["reason"] not in record["case"]:
        yield Paragraph(record["reason"])
    yield from paragraphs(record["case"])


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a case: a line that begins with "- " is a point of the line above it."""
    heading, points = "", list[str]()
    for line in filter(str.strip, text.splitlines()):
        if line.startswith("- "):
            points.append(line.removeprefix("- "))
            continue
        if heading or points:
            yield Paragraph(heading, tuple(points))
        heading, points = line, []
    if heading or points:
        yield Paragraph(heading, tuple(points))


def _phases(record: Record) -> Iterator[Phase]:
    found = {one["phase"]: one for one in (record.get("times") or {}).get("phases", ())}
    longest = max((one["seconds"] for one in found.values()), default=0) or 1.0
    for key, words in PHASES.items():
        if key in found and found[key]["seconds"]:
            seconds, usual = found[key]["seconds"], found[key].get("usual")
            yield Phase(
                key=key,
                words=words,
                spent=spent(seconds),
                usual=spent(usual) if usual is not None else "",
                slow=usual is not None and far_longer(1000 * seconds, 1000 * usual),
                percent=round(100 * seconds / longest, 2),
            )


def _may(record: Record, runs: str | None) -> Iterator[str]:
    """What a person may do from this page; the plan says what would come of it."""
    status = record["status"]
    if status == "HELD":
        yield from ("release", "drop")
    if record.get("paused"):
        yield from ("resume", "back")
    elif status in {"PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}:
        yield "stop"
    if status == "SUCCESSFUL" and runs in {None, record["deployment"]}:
        yield "rollback"
    elif status == "SUCCESSFUL" and record.get("proven"):
        yield "return"
