"""record -> its whole story, or why it failed, as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cli.show.times import times
from cli.show.words import age, commit_beside, mark, moment, span, version, who

Record = Mapping[str, Any]
FAILURES = frozenset({"FAILED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"})


def story(record: Record, now: datetime) -> Iterator[str]:
    """What it is, how it went and how long, what changed, why it failed, what people were told."""
    yield from head(record, now)
    yield from _section("Timeline", _timeline(record))
    yield from _section("Where the time went", times(record))
    changes = [*_images(record), *record["base_changes"]]
    yield from _section("Changed", changes)
    yield from _section("Scheduled tasks", _scheduled(record))
    yield from _section("Why", _words(record))
    yield from _section("Last log lines", log_lines(record))
    yield from _section("Told", _told(record))


def why(record: Record, now: datetime) -> Iterator[str]:
    """The failure, what the failed container said, and what to do next."""
    yield from head(record, now)
    yield from _section("Why", _words(record))
    yield from _section("Last log lines", log_lines(record))
    yield ""
    yield f"Next: slipway show {record['deployment']}"


def live(record: Record, now: datetime, *, after: bool) -> Iterator[str]:
    """That nothing failed since: which deployment is live, and how to leave it."""
    since = age(record["updated"], now)
    by = f", by {who(record)}"
    yield f"{record['service']}: {version(record)} is live for {since}{by}. Nothing failed since."
    yield f"If it is wrong: slipway rollback {record['service']}"
    if after:
        yield ""
        yield "The last failure before it:"
        yield ""


def log_lines(record: Record) -> list[str]:
    """What the failed container said last, without the heading that notices have."""
    heading, _, lines = record["log"].partition("\n")
    return textwrap.dedent(lines if heading.endswith(":") else record["log"]).splitlines()


def head(record: Record, now: datetime) -> Iterator[str]:
    """The line with the status, and the facts by which the deployment is known."""
    yield f"{record['service']}  {version(record)}  {mark(record['status'])}"
    yield ""
    facts = {
        "Began": f"{record['created'][:19]}Z, {age(record['created'], now)} ago",
        "By": ", ".join(filter(None, [who(record), record["why"]])),
        "Image": f"{record['tag'] or '(no tag)'}  {record['digest']}",
        "Commit": commit_beside(record),
        "Revision": record["revision"],
        "Tasks": _tasks(record),
        "Id": record["deployment"],
    }
    for name, value in facts.items():
        if value:
            yield f"  {name:<10}{value}"


def _tasks(record: Record) -> str:
    desired = record["desired"]
    return f"{record['running']} of {desired} ran when it was last looked at" if desired else ""


def _words(record: Record) -> Iterator[str]:
    if record["reason"] and record["reason"] not in record["case"]:
        yield from record["reason"].splitlines()
    yield from record["case"].splitlines()


def _images(record: Record) -> Iterator[str]:
    if (before := record.get("from")) and before != record["revision"]:
        yield f"{before} -> {record['revision']}"


def _scheduled(record: Record) -> Iterator[str]:
    """What became of each scheduled task that follows the service."""
    for one in record.get("scheduled", ()):
        state, runs = one["state"], one["from"] or "something else"
        if state == "DONE":
            yield f"{one['task']}: {runs} -> {one['to']}"
        elif state == "DUE" and one["why"]:
            yield f"{one['task']} still runs {runs}: {one['why']}"
        elif state == "DUE":
            yield f"{one['task']} runs {runs}, and follows once {record['tag'] or 'it'} is live"
        else:
            yield f"{one['task']}: {one['why']}"


def _timeline(record: Record) -> Iterator[str]:
    began = moment(record["created"])
    for entry in record.get("timeline", ()):
        at = moment(entry["at"])
        yield f"{at:%H:%M:%S}  +{span(at - began):<7}{entry['what']}"


def _told(record: Record) -> Iterator[str]:
    for notice in record.get("notices", ()):
        yield f"{moment(notice['at']):%H:%M:%S}  {notice['subject']}"


def _section(title: str, lines: Any) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        for line in found:
            yield f"  {line}"
