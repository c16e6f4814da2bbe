"""the reply of a plan -> lines: what would happen, why not, and which fields change."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.exits import HELD, LIVE, REFUSED

_WOULD = {
    "deploy": "would be deployed at once",
    "wait": "would wait",
    "hold": "would be held",
    "refuse": "would be refused",
    "stop": "would stop the rollout that is under way and roll it back",
    "nothing": "would change nothing",
    "observe": "would only be recorded: the target's mode is observe",
}
_CODES = {"hold": HELD, "refuse": REFUSED}
_SHOWN = 30  # changed fields, or scheduled tasks
_IMAGE = re.compile(r"[^@]{1,300}/([^/@]{1,300})@(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def lines(plan: Mapping[str, Any]) -> Iterator[str]:
    """The plan in words, with one line a field."""
    what = plan.get("tag") or plan.get("digest") or plan.get("revision") or plan["service"]
    reason = f": {plan['reason']}" if plan.get("reason") else ""
    yield plan["service"]
    before = plan.get("from") or {}
    if before.get("revision"):
        yield f"  runs      {before['revision']}  {before.get('tag') or before.get('digest', '')}"
    if plan.get("revision"):
        yield f"  goes to   {plan['revision']}  {plan.get('tag', '')}"
    elif plan.get("base"):
        yield f"  new       {plan.get('tag') or plan.get('digest', '')}, a copy of {plan['base']}"
    if before := plan.get("before"):
        command = shlex.join(before["command"])
        yield f"  first     `{command}` must exit with 0, in the container {before['container']}"
    yield from _scheduled(plan.get("scheduled", ()))
    yield f"  {what} {_WOULD.get(plan['would'], plan['would'])}{reason}"
    changes = plan.get("changes", ())
    for change in changes[:_SHOWN]:
        yield f"    {_change(change)}"
    if len(changes) > _SHOWN:
        yield f"    and {len(changes) - _SHOWN} more fields"


def _scheduled(tasks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The scheduled tasks that would get the new revision once it is live, and those that stay."""
    for one in tasks[:_SHOWN]:
        if one["left"]:
            yield f"  stays     {one['task']}: {one['left']}"
        else:
            yield f"  follows   {one['task']}, which runs {one['names']}, once it is live"
    if len(tasks) > _SHOWN:
        yield f"            and {len(tasks) - _SHOWN} more scheduled tasks"


def code(plan: Mapping[str, Any]) -> int:
    """The exit code: 0 when it would go or wait, 5 when it would be held, 6 when refused."""
    return _CODES.get(plan["would"], LIVE)


def _change(change: Mapping[str, Any]) -> str:
    before, after = change.get("from"), change.get("to")
    if before is None and after is None:
        return f"{change['field']}  (value not shown)"
    return f"{change['field']}  {_value(before)} -> {_value(after)}"


def _value(value: object) -> str:
    """The value; an image without its registry, and with a short digest."""
    image = _IMAGE.fullmatch(str(value))
    return "(none)" if value is None else f"{image[1]}@{image[2]}" if image else str(value)


def accepted(reply: Mapping[str, Any]) -> list[str]:
    """The reply of `deploy` or `rollback`: where it stands, and how to go on."""
    deployment, status = reply["deployment"], reply["status"]
    reason = f": {reply['reason']}" if reply.get("reason") else ""
    following = {"HELD": f"slipway release {deployment}", "REFUSED": f"slipway show {deployment}"}
    following_words = following.get(status, f"slipway watch {deployment}")
    return [f"{deployment} is {status}{reason}", f"Next: {following_words}"]
