"""What people were told."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reliability.history import History

_BESIDE_THE_STATUS = (
    "-unheld-",
    "-paused-",
    "-shifting",
    "-baking",
    "-proving",
    "-scheduled-",
    "-run-",
)


def everybody_is_told(history: History) -> Iterator[str]:
    """Every end, and every beginning, is told at least once; the end after the beginning."""
    for record in history.ours:
        told = [
            notice["attributes"]["status"]
            for notice in history.notices
            if notice["attributes"]["deployment"] == record["id"]
        ]
        if record["status"] not in told:
            yield f"{record['id']}: nobody heard that it is {record['status']} ({told})"
        if "applied" in record and "IN_PROGRESS" not in told:
            yield f"{record['id']}: nobody heard that it began"
        if "before" in record and "PREPARING" not in told:
            yield f"{record['id']}: nobody heard that its `before` began"
        first = list(dict.fromkeys(told))
        if record["status"] in first and first[-1] != record["status"]:
            yield f"{record['id']}: told {told}, and is {record['status']}"


def what_is_told_twice_is_recognised(history: History) -> Iterator[str]:
    """The same status of a deployment is the same notice, to the letter.

    A deployment may be HELD more than once, and people are reminded of it. They also hear of the
    stages of a rollout, of each pause, when an `after` begins, and of scheduled tasks.
    """
    texts: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for notice in history.notices:
        attributes = notice["attributes"]
        if attributes["notice"].endswith("-denied") or "-image-missing-" in attributes["notice"]:
            continue  # told beside the status
        often = attributes["status"] == "HELD" or any(
            part in attributes["notice"] for part in _BESIDE_THE_STATUS
        )
        about = (attributes["deployment"], attributes["notice" if often else "status"])
        text = (attributes["notice"], notice["subject"], notice["body"])
        texts.setdefault(about, set()).add(text)
    yield from (f"{about}: {len(same)} notices" for about, same in texts.items() if len(same) > 1)


def nobody_is_told_what_was_not_so(history: History) -> Iterator[str]:
    known = {record["id"] for record in history.records}
    for notice in history.notices:
        attributes = notice["attributes"]
        if attributes["deployment"] not in known:
            yield f"{attributes['deployment']} was told of, and has no record"
