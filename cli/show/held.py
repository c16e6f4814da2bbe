"""a row of the board, or a reply of `hold` or `release` -> lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cli.show.words import mark, progress, version, who

Row = Mapping[str, Any]
_SPAN = re.compile(r"\d+[smhd]")


def held(row: Row) -> str:
    """The id of the deployment that is HELD; empty when none is."""
    found = [one["deployment"] for one in row.get("under_way", ()) if one["status"] == "HELD"]
    return found[-1] if found else ""


def paused(row: Row) -> Row | None:
    """The deployment whose rollout ECS has paused; None when there is none."""
    return next((one for one in row.get("under_way", ()) if one.get("paused")), None)


def now(row: Row) -> list[str]:
    """What is held and under way now."""
    lines = [row["service"]]
    for record in row.get("under_way", ()):
        told = record["reason"] or (progress(record) if record.get("stage") else "")
        why = f": {told}" if told else ""
        lines.append(f"  {mark(record['status'])}  {version(record)} by {who(record)}{why}")
    words_so_far = "\n".join(lines)
    words = (str(hold["words"]) for hold in row.get("holds", ()))
    return [*lines, *(f"  {each}" for each in words if each not in words_so_far)]


def would_hold(until: str | None) -> str:
    """How long pushes would be held."""
    if until is None:
        return "Pushes would be held until slipway release."
    return f"Pushes would be held {'for' if _SPAN.fullmatch(until) else 'until'} {until}."


def would(row: Row, *, drop: bool) -> str:
    """What a release would do."""
    waiting = [one for one in row.get("under_way", ()) if one["status"] == "HELD"]
    if not waiting:
        return "The holds would end; nothing waits."
    verb = "refused" if drop else "deployed"
    return f"The holds would end, and {version(waiting[-1])} would be {verb}."


def would_resume(record: Row, *, drop: bool) -> str:
    """What an answer to the pause would do."""
    stage = record["paused"]["stage"]
    if drop:
        return f"{version(record)} would be rolled back from stage {stage}."
    return f"{version(record)} would go on from stage {stage}."


def resumed(reply: Row) -> list[str]:
    """The reply of `release` with a stage."""
    return [
        f"{reply['deployment']}: ECS has the answer for stage {reply['stage']}",
        f"Next: slipway watch {reply['deployment']}",
    ]


def holding(reply: Row) -> list[str]:
    """The reply of `hold`."""
    lines = [hold["words"] for hold in reply["holds"]]
    waits = [f"Held now: {reply['held']}"] if reply.get("held") else []
    return [*lines, *waits, f"Next, to let pushes go on: slipway release {reply['service']}"]


def released(reply: Row) -> list[str]:
    """The reply of `release`."""
    lines = [f"Ended: {words}" for words in reply["released"]]
    if "deployment" not in reply:
        return [*lines, "Nothing waited. Pushes go on."]
    reason = f": {reply['reason']}" if reply.get("reason") else ""
    lines.append(f"{reply['deployment']} is {reply['status']}{reason}")
    if reply["status"] == "PENDING":
        lines.append(f"Next: slipway watch {reply['deployment']}")
    return lines
