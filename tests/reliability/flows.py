"""The flows: what people do, and how it ends. Each is run again with a fault at every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from embedded.iam.evaluate import Decision
from embedded.services.ecs import Crash, Fault, Lag, PullError
from example import conflicto
from tests.dialect.account import BY_HAND, CLUSTER, FAMILY, FIRST_BUILD, FIRST_TAG, SERVICE
from tests.dialect.rehearsed import NO_BREAKER, NO_ROLLBACK
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


@dataclass(frozen=True)
class Flow:
    """`happens` plans what people do; `ends` is how the records end when nothing breaks.

    `otherwise` are other ends that a fault justifies, each with its reason beside it. Lagging reads
    alone justify no other end.
    """

    happens: Callable[[FaultyAccount], None]
    ends: Ends
    otherwise: Sequence[Ends] = ()
    targets: str = ONE
    service: Mapping[str, Any] = field(default_factory=dict)
    breaks: Mapping[str, Fault] = field(default_factory=dict)
    met: bool = True


def _push(account: FaultyAccount) -> None:
    """One image under two tags: two events, one deployment."""
    account.push(GOOD, "v1.0.0")


def _failure(account: FaultyAccount) -> None:
    account.push(BAD)


def _is(account: FaultyAccount, status: str, build: str = GOOD) -> Callable[[], bool]:
    """Whether the newest record of a build has this status."""
    digest = conflicto.digest_of(build)

    def look() -> bool:
        states = [record["status"] for record in account.records() if record["digest"] == digest]
        return bool(states) and states[-1] == status

    return look


def _rollback(account: FaultyAccount, *, hold: bool = False) -> None:
    account.push(GOOD)
    back = {**ASKED, "key": "back", "hold": hold}
    account.when(_is(account, "SUCCESSFUL"), lambda: account.insist("rollback", back))


def _stopped(account: FaultyAccount) -> None:
    account.push(GOOD)
    stop = {**ASKED, "key": "stop", "hold": False}
    account.later(12, lambda: account.insist("rollback", stop))


def _superseded(account: FaultyAccount) -> None:
    account.push(GOOD)
    account.later(12, lambda: account.push(NEWER))


def _by_hand(account: FaultyAccount) -> None:
    account.push(GOOD)
    again = {**ASKED, "image": FIRST_TAG, "key": "again"}
    account.later(12, lambda: account.insist("deploy", again))


def _held(account: FaultyAccount) -> None:
    """A person holds pushes, and releases what was pushed meanwhile."""
    account.insist("hold", {**ASKED, "key": "hold"})
    account.when(lambda: _holds(account), lambda: account.push(GOOD))
    _released(account, GOOD)


def _rollback_holds(account: FaultyAccount) -> None:
    """A rollback by hand holds the next push, until a person releases it."""
    _rollback(account, hold=True)
    account.when(lambda: _went_back(account), lambda: account.push(NEWER))
    _released(account, NEWER)


def _went_back(account: FaultyAccount) -> bool:
    wanted = {"cause": "rollback", "status": "SUCCESSFUL"}
    return any(wanted.items() <= record.items() for record in account.records())


def _holds(account: FaultyAccount) -> bool:
    return any(head.get("holds") for head in account.heads().values())


def _released(account: FaultyAccount, build: str) -> None:
    """Plan the release of a build for the moment when it is HELD."""
    go = {**ASKED, "key": "go"}
    account.when(_is(account, "HELD", build), lambda: account.insist("release", go))


def _sweep(account: FaultyAccount) -> None:
    """The events of the push are lost; the next sweep finds the push."""
    account.deliver = False
    account.push(GOOD)
    account.deliver = True


def _console(account: FaultyAccount) -> None:
    account.push(GOOD)
    first = f"{FAMILY}:1"
    account.later(12, lambda: account.console(SERVICE, "update_service", taskDefinition=first))


FLOWS: dict[str, Flow] = {
    "push": Flow(_push, ((GOOD, "SUCCESSFUL"),)),
    "first meeting": Flow(
        _push,
        ((GOOD, "SUCCESSFUL"),),
        # For a quarter of an hour, nothing that hears of pushes could use the ledger, and the sweep
        # met the service meanwhile: meeting deploys nothing. The queue of failures has the event.
        otherwise=((),),
        met=False,
    ),
    "failure with rollback": Flow(
        _failure, ((BAD, "ROLLBACK_SUCCESSFUL"),), breaks={BAD: Crash(exit_code=3)}
    ),
    "failure without a breaker": Flow(
        _failure,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=NO_BREAKER,
        breaks={BAD: PullError("not found")},
    ),
    "failure without a rollback": Flow(
        _failure,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=NO_ROLLBACK,
        breaks={BAD: Crash(exit_code=3)},
    ),
    "manual rollback": Flow(_rollback, ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL"))),
    "stopped by hand": Flow(
        _stopped,
        ((GOOD, "ROLLBACK_SUCCESSFUL"),),
        otherwise=(
            ((GOOD, "REFUSED"),),  # it still waited when it was stopped
            ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),  # it was live when asked again
            ((GOOD, "SUCCESSFUL"),),  # nobody had heard of the push when it was to be stopped
        ),
    ),
    "superseded": Flow(
        _superseded,
        ((GOOD, "SUPERSEDED"), (NEWER, "SUCCESSFUL")),
        otherwise=(
            ((GOOD, "REFUSED"), (NEWER, "SUCCESSFUL")),  # its event came after the newer one's
            ((NEWER, "SUCCESSFUL"),),  # nobody heard of it before the newer one
            ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),  # it was live before the newer began
        ),
    ),
    "superseded by hand": Flow(
        _by_hand,
        ((GOOD, "SUPERSEDED"), (FIRST, "SUCCESSFUL")),
        otherwise=(
            ((GOOD, "REFUSED"), (FIRST, "SUCCESSFUL")),
            ((FIRST, "SUCCESSFUL"),),
            ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),
        ),
    ),
    "two services": Flow(_push, ((GOOD, "SUCCESSFUL"), (GOOD, "SUCCESSFUL")), targets=TWO),
    "sweep": Flow(_sweep, ((GOOD, "SUCCESSFUL"),)),
    "held and released": Flow(_held, ((GOOD, "SUCCESSFUL"),)),
    "rollback holds": Flow(
        _rollback_holds, ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL"), (NEWER, "SUCCESSFUL"))
    ),
    "console": Flow(
        _console,
        ((GOOD, "SUPERSEDED"),),
        otherwise=(
            ((GOOD, "SUCCESSFUL"),),  # it waited until the other's rollout had ended
        ),
    ),
}


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
        conflicto.add_service(account.client, "backend", "gunicorn_fargate", **flow.service)
        if flow.targets == TWO:
            account.client("ecs").create_service(
                cluster=CLUSTER,
                serviceName=JOBS.split("/")[1],
                taskDefinition=FAMILY,
                desiredCount=1,
            )
        for build, fault in flow.breaks.items():
            account.breaks(build, fault)
        account.begin_events(met=flow.met)
        account.faults, account.event_faults = dict(faults or {}), dict(event_faults or {})
        flow.happens(account)
        quiet = account.rest()
        wrong = [] if quiet else ["it is not quiet after four hours"]
        wrong += broken(account)
        found = _ends(account)
        allowed = [flow.ends, *(flow.otherwise if faults or event_faults else ())]
        if found not in allowed:
            wrong.append(f"ends: {found}")
        points = [str(point) for point in account.points]
        return Run(points, account.heard, account.struck, wrong, account.permissions.iam.decisions)


def _ends(account: FaultyAccount) -> Ends:
    builds = {conflicto.digest_of(build): build for build in (FIRST, GOOD, BAD, NEWER)}
    records = sorted(account.records(), key=lambda one: (one["order"], one["service"]))
    return tuple((builds.get(record["digest"], FIRST), record["status"]) for record in records)
