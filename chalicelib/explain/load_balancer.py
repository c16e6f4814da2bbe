"""target health, service events -> the load balancer's reasons, a line each.

When a deployment has failed, ECS has often deregistered the targets that failed, and of those the
load balancer says no more than that they drain. The service's events keep what it said before: its
description, and every description belongs to one reason code.

Sources: Elastic Load Balancing API reference, TargetHealth; user guides for Application and
Network Load Balancers, "Health checks for ... target groups", Health check reason codes; Amazon ECS
developer guide, "Viewing Amazon ECS service event messages".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chalicelib.model.health import TargetHealth
from chalicelib.model.services import ServiceEvent

# Not `draining` and `unavailable`: they say nothing about the application.
_UNFIT = frozenset({"unhealthy", "unhealthy.draining", "unused"})
_NAMED = 2
_EVENT = re.compile(
    r"(?:\((?P<what>(?:task|instance) [^()]+)\) )?\(port (?P<port>\d+)\) is unhealthy in "
    r"\(?target-group [^()]+\)?$"
)
_WHY = " due to (reason "
_READ = 4_000  # characters of an event that are looked at
_CODES = (
    (re.compile(r"Health checks failed with these codes: \[.*\]"), "Target.ResponseCodeMismatch"),
    (re.compile(r"Request timed out"), "Target.Timeout"),
    (re.compile(r"Health checks failed"), "Target.FailedHealthChecks"),
    (re.compile(r"Health checks failed due to an internal error"), "Elb.InternalError"),
)


def reasons(
    health: Sequence[TargetHealth], events: Iterable[ServiceEvent], *, ended: bool
) -> list[str]:
    """`CODE: description (targets)` for each reason, what is said now before what ECS passed on.

    Targets whose first health checks still run are told of when nothing else is, and only if no
    task has `ended`: then they are what the deployment waited for.
    """
    now = _grouped(one for one in health if one.state in _UNFIT)
    before = _grouped(filter(None, (passed_on(event.message) for event in events)))
    waiting = {} if ended else _grouped(one for one in health if one.state == "initial")
    told = now | before | now  # what is said now comes first, and counts where both say the same
    return [_line(words, targets) for words, targets in (told or waiting).items()]


def passed_on(message: str) -> TargetHealth | None:
    """The load balancer's finding that a service event passes on; None when it does not."""
    event, _, why = message[:_READ].partition(_WHY)
    found = _EVENT.search(event)
    description = why.removesuffix(".").removesuffix(")")
    code = next((code for pattern, code in _CODES if pattern.fullmatch(description)), "")
    if found is None or not code:
        return None
    target = f"{found['what']}:{found['port']}" if found["what"] else f"port {found['port']}"
    return TargetHealth(target=target, state="unhealthy", reason=code, description=description)


def _grouped(health: Iterable[TargetHealth]) -> dict[tuple[str, str], list[str]]:
    """The targets by reason code (else state) and description."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in health:
        groups.setdefault((one.reason or one.state, one.description), []).append(one.target)
    return groups


def _line(words: tuple[str, str], targets: Sequence[str]) -> str:
    unlike = list(dict.fromkeys(targets))
    named = ", ".join(unlike[:_NAMED])
    more = f" and {len(unlike) - _NAMED} more" if len(unlike) > _NAMED else ""
    return f"{': '.join(filter(None, words))} ({named}{more})"
