"""A flow as a value, and one run of it: with or without faults, judged by the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from embedded.iam.evaluate import Decision
from embedded.services.ecs import Exits, Fault, Lag
from embedded.services.ecs.simulation import HookFunction
from example import conflicto
from tests.dialect.account import BY_HAND, CLUSTER, FAMILY, FIRST_BUILD, SERVICE
from tests.reliability.account import FaultyAccount, faulty
from tests.reliability.rules import broken

JOBS = f"{CLUSTER}/conflicto-jobs-service-dev"
_TARGET = """
[[target]]
repository = "conflicto-backend-{env}"
cluster    = "conflicto-{env}"
service    = "conflicto-NAME-service-{env}"
tags       = '^([0-9a-f]{7,40}|v.*)$'
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
ONE = _TARGET.replace("NAME", "backend")
TWO = ONE + _TARGET.replace("NAME", "jobs")
FIRST, GOOD, BAD, NEWER = FIRST_BUILD, "abc1234", "bad0000", "fed4321"
ASKED = {"service": SERVICE, **BY_HAND}
Ends = tuple[tuple[str, str], ...]  # (build, status) of every record, oldest request first
SUPERSEDED: Ends = ((GOOD, "SUPERSEDED"), (NEWER, "SUCCESSFUL"))
NOT_SUPERSEDED: Sequence[Ends] = (
    ((GOOD, "REFUSED"), (NEWER, "SUCCESSFUL")),  # its event came after the newer one's
    ((NEWER, "SUCCESSFUL"),),  # nobody heard of it before the newer one
    ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),  # it was live before the newer began
)


@dataclass(frozen=True)
class Flow:
    """`happens` plans what people do; `ends` is how the records end when nothing breaks.

    `otherwise` are other ends that a fault justifies, each with its reason beside it. Lagging reads
    alone justify no other end than those in `lagging`. `functions` are the Lambda functions of
    lifecycle hooks, by ARN. `programs` says how the commands of `before` and `after` end, by a part
    of the command, and `standalone` what else befalls their tasks. Without `refuses`, no request of
    a person may be refused, whatever goes wrong. `scheduled` makes the rules and schedules.
    """

    happens: Callable[[FaultyAccount], None]
    ends: Ends
    otherwise: Sequence[Ends] = ()
    lagging: Sequence[Ends] = ()
    targets: str = ONE
    service: Mapping[str, Any] = field(default_factory=dict)
    breaks: Mapping[str, Fault] = field(default_factory=dict)
    programs: Mapping[str, Exits] = field(default_factory=dict)
    standalone: Sequence[Fault] = ()
    met: bool = True
    functions: Mapping[str, HookFunction] = field(default_factory=dict)
    express: bool = False
    refuses: bool = True
    scheduled: Callable[[FaultyAccount], object] = id


def is_now(account: FaultyAccount, status: str, build: str = GOOD) -> Callable[[], bool]:
    """Whether the newest record of a build has this status."""
    digest = conflicto.digest_of(build)

    def look() -> bool:
        states = [record["status"] for record in account.records() if record["digest"] == digest]
        return bool(states) and states[-1] == status

    return look


@dataclass
class Run:
    """One run of a flow: what it called, and what was wrong with it."""

    points: list[str]
    heard: list[str]
    struck: int
    wrong: list[str]
    decided: list[Decision]


def run(
    flow: Flow,
    faults: Mapping[int, str] | None = None,
    event_faults: Mapping[int, str] | None = None,
    *,
    lag: Lag | None = None,
    asks_iam: bool = False,
) -> Run:
    """Play a flow with faults at these calls and events until all is quiet, and judge it."""
    with faulty(flow.targets, lag) as account:
        account.asks_iam = asks_iam
        _add_services(account, flow)
        flow.scheduled(account)
        _break(account, flow)
        account.begin_events(met=flow.met)
        account.faults, account.event_faults = dict(faults or {}), dict(event_faults or {})
        flow.happens(account)
        quiet = account.rest()
        wrong = [] if quiet else ["it is not quiet after four hours"]
        wrong += broken(account)
        wrong += [] if flow.refuses else account.refusals
        found = _ends(account)
        allowed = [flow.ends, *(flow.otherwise if faults or event_faults else ())]
        allowed += flow.lagging if lag else ()
        if found not in allowed:
            wrong.append(f"ends: {found}")
        points = [str(point) for point in account.points]
        return Run(points, account.heard, account.struck, wrong, account.permissions.iam.decisions)


def _break(account: FaultyAccount, flow: Flow) -> None:
    for build, fault in flow.breaks.items():
        account.breaks(build, fault)
    for command, exits in flow.programs.items():
        account.ecs.faults.run(exits, command=command)
    for fault in flow.standalone:
        account.ecs.faults.service(f"{CLUSTER}/family:{FAMILY}", fault)


def _add_services(account: FaultyAccount, flow: Flow) -> None:
    account.ecs.hooks.update(flow.functions)
    if flow.express:
        conflicto.add_express_service(account.client, "backend", **flow.service)
    else:
        conflicto.add_service(account.client, "backend", "gunicorn_fargate", **flow.service)
    if "conflicto-jobs-service" in flow.targets:
        account.client("ecs").create_service(
            cluster=CLUSTER,
            serviceName=JOBS.split("/")[1],
            taskDefinition=FAMILY,
            desiredCount=1,
        )


def _ends(account: FaultyAccount) -> Ends:
    builds = {conflicto.digest_of(build): build for build in (FIRST, GOOD, BAD, NEWER)}
    records = sorted(account.records(), key=lambda one: (one["order"], one["service"]))
    return tuple((builds.get(record["digest"], FIRST), record["status"]) for record in records)
