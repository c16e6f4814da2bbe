"""target health, service events -> the load balancer's reasons, a line each.

When a deployment has failed, ECS has often deregistered the targets that failed, and the load
balancer says only that they drain. The service's events keep what the load balancer said before:
its description. Every description belongs to one reason code.

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

    Targets whose first health checks still run are told of only when nothing else is, and no task
    has `ended`: then they are what the deployment waited for.
    """
    now = _grouped(target for target in health if target.state in _UNFIT)
    before = _grouped(filter(None, (passed_on(event.message) for event in events)))
    told = now | before | now  # what is said now comes first, and counts where both say the same
    if not told and not ended:
        told = _grouped(target for target in health if target.state == "initial")
    return [_line(words, targets) for words, targets in told.items()]


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
    for found in health:
        words = (found.reason or found.state, found.description)
        groups.setdefault(words, []).append(found.target)
    return groups


def _line(words: tuple[str, str], targets: Sequence[str]) -> str:
    each_once = list(dict.fromkeys(targets))
    named = ", ".join(each_once[:_NAMED])
    more = f" and {len(each_once) - _NAMED} more" if len(each_once) > _NAMED else ""
    return f"{': '.join(filter(None, words))} ({named}{more})"
