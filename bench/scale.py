"""`make bench-scale`: Slipway at scale, on a virtual clock. Writes out/scale.json and out/scale.md.

500 services follow one image; 1,000 pushes come at once; 200 tasks crash; the ledger has 100,000
closed records. The simulated ECS throttles at the documented rates
(`embedded/services/ecs/rates.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from bench.account import PROJECT
from bench.reads import Reads, counted, fill
from chalicelib.model.deployments import OPEN
from embedded.services.ecs import Crash
from embedded.services.ecs.rates import DOCUMENTED
from example import conflicto
from rehearsal.fleet import Fleet, side_by_side
from rehearsal.fleet_services import FleetService, build, spread, targets_of
from rehearsal.rehearsal import rehearse

_LIMIT = 2 * 3600.0
_LOOK_EVERY = 15.0
_FINE = OPEN | {"SUCCESSFUL", "SUPERSEDED"}
_TASK = "ECS Task State Change"


@dataclass(frozen=True)
class Load:
    """How pushes to many services ended. Times are simulated seconds from the first push.

    `deployed`: services that run their newest image. `lost`: pushes without a closed record, for
    each service. `failed`: records that ended otherwise than SUCCESSFUL or SUPERSEDED. `floor`: the
    least that ECS' rate allows, from the first push of a newest image on: each service's newest one
    registered, and one rollout.
    `undelivered`: events in the failure queue; `lost_sight`: watchers that gave up.
    """

    services: int
    clusters: int
    pushes: int
    deployed: int
    lost: int
    failed: int
    registered: int
    throttled: dict[str, int]
    timed_out: int
    undelivered: int
    lost_sight: int
    most_at_once: int
    seconds: float
    floor: float
    ratio: float


@dataclass(frozen=True)
class Burst:
    """One rollout of many tasks, with all its events. `looks`: how often its tasks were read."""

    tasks: int
    crash: bool
    task_events: int
    delivered: int
    looks: int
    ecs_reads: int
    seconds: float
    status: str


@dataclass(frozen=True)
class History:
    """What each function reads of the ledger when a service has so many closed records."""

    records: int
    reads: Mapping[str, Reads]


def fan_out(services: int, clusters: int) -> Load:
    """One push of an image that every service follows."""
    return _load(spread(services, clusters, 1), pushes=1, within=0.0)


def flood(pushes: int, services: int, within: float = 60.0) -> Load:
    """So many pushes within so many seconds, to the repositories of the services in turn."""
    return _load(spread(services, max(1, services // 10), services), pushes, within)


def burst(tasks: int, *, crash: bool) -> Burst:
    """One service of so many tasks gets an image that runs, or one that crashes at start."""
    fleet = spread(1, 1, 1)
    with rehearse(targets_of(fleet), Fleet) as account, side_by_side(account):
        (service,) = fleet
        build(account, fleet, tasks)
        _meet(account)
        if crash:
            account.ecs.faults.image(conflicto.digest_of("next"), Crash(after=2))
        began = account.clock.now()
        digest = conflicto.push(account.client, service.repository, ["next"])
        _until(account, lambda: _quiet(account))
        record = next(one for one in account.deployments(service.key) if one["digest"] == digest)
        calls = [one.partition(":")[2] for one in account.calls if one.startswith("ecs:")]
        return Burst(
            tasks=tasks,
            crash=crash,
            task_events=sum(one["detail-type"] == _TASK for one in account.events),
            delivered=account.invocations["on_service_change"],
            looks=calls.count("ListTasks"),
            ecs_reads=sum(one.startswith(("Describe", "List")) for one in calls),
            seconds=_since(began, record["updated"]),
            status=str(record["status"]),
        )


def history(records: int) -> History:
    """What `status`, the sweep, a push and a poll read, once a service has so many records."""
    fleet = spread(1, 1, 1)
    with rehearse(targets_of(fleet), Fleet) as account:
        (service,) = fleet
        build(account, fleet)
        account.invoke("sweep", {"source": "aws.events"})
        first = conflicto.push(account.client, service.repository, ["first-push"])
        account.settle(service.key, first)
        fill(service.key, records)
        reads: dict[str, Reads] = {}

        def count(name: str, act: Callable[[], Any]) -> Any:
            with counted() as found:
                answer = act()
            reads[name] = found
            return answer

        asked = {"service": service.key}
        count("status by service", lambda: account.invoke("status", asked))
        count("status by image", lambda: account.invoke("status", {**asked, "image": "nothing"}))
        by_id = {"deployment": account.deployments(service.key)[0]["deployment"]}
        count("status by deployment", lambda: account.invoke("status", by_id))
        count("sweep", lambda: account.invoke("sweep", {"source": "aws.events"}))
        count("push", lambda: _pushed(account, service))
        opened = account.deployments(service.key)[0]["deployment"]
        count("poll", lambda: account.invoke("watch", {"deployment": opened}))
        return History(records, reads)


def _pushed(account: Fleet, service: FleetService) -> None:
    """Push, and run only the function that hears of pushes."""
    account.deliver = False
    conflicto.push(account.client, service.repository, ["second-push"])
    account.invoke("on_image_push", account.events[-1])


def _load(fleet: list[FleetService], pushes: int, within: float) -> Load:
    repositories = list(dict.fromkeys(one.repository for one in fleet))
    newest: dict[str, str] = {}
    pushed: dict[str, float] = {}
    with rehearse(targets_of(fleet), Fleet) as account, side_by_side(account):
        build(account, fleet)
        _meet(account)
        began = account.clock.now()
        for number in range(pushes):
            repository = repositories[number % len(repositories)]
            image = f"{repository}, build {number}"
            newest[repository] = conflicto.push(account.client, repository, [f"b{number}"], image)
            pushed[repository] = (account.clock.now() - began).total_seconds()
            account.advance(within / pushes)

        def deployed() -> int:
            return sum(_runs(account, one, newest.get(one.repository, "")) for one in fleet)

        wanted = sum(one.repository in newest for one in fleet)
        _until(account, lambda: deployed() == wanted and _quiet(account))
        throttled = dict(sorted(account.ecs.throttled.items()))
        registered = account.calls.count("ecs:RegisterTaskDefinition")
        records = account.invoke("status", {})["deployments"]
        seconds = max(_since(began, one["updated"]) for one in records)
        registering = min(pushed.values()) + _registration_seconds(wanted)
        floor = max([registering, *pushed.values()]) + _rollout_seconds(account, fleet)
        return Load(
            services=len(fleet),
            clusters=len({one.cluster for one in fleet}),
            pushes=pushes,
            deployed=deployed(),
            lost=pushes * len(fleet) // len(repositories)
            - sum(one["status"] not in OPEN for one in records),
            failed=sum(one["status"] not in _FINE for one in records),
            registered=registered - throttled.get("RegisterTaskDefinition", 0),
            throttled=throttled,
            timed_out=account.timed_out.total(),
            undelivered=len(account.undelivered),
            lost_sight=account.lost_sight,
            most_at_once=account.turns.most,
            seconds=seconds,
            floor=round(floor, 1),
            ratio=round(seconds / floor, 2),
        )


def _meet(account: Fleet) -> None:
    """Run the sweep from now on, and count once the first sweep has met every service."""
    account.every_ten_minutes()
    account.advance(300)
    account.ecs.throttled.clear()
    account.events.clear()
    account.calls.clear()
    account.invocations.clear()


def _until(account: Fleet, reached: Callable[[], bool]) -> None:
    end = account.clock.now().timestamp() + _LIMIT
    while not reached() and account.clock.now().timestamp() < end:
        account.advance(_LOOK_EVERY)


def _quiet(account: Fleet) -> bool:
    """Whether watchers were started and all have ended."""
    return bool(account.executions) and not any(account.executions.values())


def _runs(account: Fleet, service: FleetService, digest: str) -> bool:
    completed = account.ecs.service(service.key).completed
    images = completed.revision.definition.images if completed else ()
    return bool(digest) and any(image.endswith(digest) for image in images)


def _registration_seconds(registrations: int) -> float:
    (rate,) = (one for one in DOCUMENTED if "RegisterTaskDefinition" in one.actions)
    return rate.seconds(registrations)


def _rollout_seconds(account: Fleet, fleet: list[FleetService]) -> float:
    """The shortest rollout that succeeded."""
    ended = (account.ecs.service_deployments(one.key)[0] for one in fleet)
    return min(
        (one.finished_at - one.created_at).total_seconds()
        for one in ended
        if one.finished_at is not None and one.status == "SUCCESSFUL"
    )


def _since(began: datetime, moment: str) -> float:
    return round((datetime.fromisoformat(moment) - began).total_seconds(), 1)


def markdown(loads: Sequence[Load], bursts: Sequence[Burst], histories: Sequence[History]) -> str:
    """The report: three tables."""
    return "\n\n".join(
        [
            "# At scale",
            _table([_flat(one) for one in loads]),
            _table([_flat(one) for one in bursts]),
            _table(_history_rows(histories)),
        ]
    )


def _flat(row: Load | Burst) -> dict[str, Any]:
    named = asdict(row)
    if "throttled" in named:
        named["throttled"] = sum(named["throttled"].values())
    return {name.replace("_", " "): value for name, value in named.items()}


def _history_rows(histories: Sequence[History]) -> list[dict[str, Any]]:
    return [
        {"closed records": f"{one.records:,}"}
        | {
            name: f"{reads.requests} requests, {reads.items} items, {reads.units:g} units"
            for name, reads in one.reads.items()
        }
        for one in histories
    ]


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table with a line for each figure and a column for each row."""
    names = list(rows[0])
    lines = [f"| {name} | " + " | ".join(str(row[name]) for row in rows) + " |" for name in names]
    return "\n".join([lines[0], "|---" * (len(rows) + 1) + "|", *lines[1:]])


_Row = TypeVar("_Row", Load, Burst, History)


def _told(row: _Row) -> _Row:
    print(row, flush=True)
    return row


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--divide", type=int, default=1, help="all sizes by this; default: 1")
    parser.add_argument("--out", type=Path, default=PROJECT / "out", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    by = chosen.divide
    bursts = [_told(burst(200 // by, crash=crash)) for crash in (False, True)]
    histories = [_told(history(records)) for records in (100, 100_000 // by)]
    loads = [_told(fan_out(500 // by, 50 // by)), _told(flood(1000 // by, 200 // by))]
    chosen.out.mkdir(parents=True, exist_ok=True)
    figures = {
        "loads": [asdict(one) for one in loads],
        "bursts": [asdict(one) for one in bursts],
        "histories": [asdict(one) for one in histories],
    }
    (chosen.out / "scale.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    text = markdown(loads, bursts, histories)
    (chosen.out / "scale.md").write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(any(one.lost or one.failed or one.deployed < one.services for one in loads))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
