"""HEAD, the records, and the order in which both were written."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fixtures.stored import plain
from tests.reliability.calls import WRITE
from tests.reliability.history import CLOSED, History, moment


def head_agrees_with_the_records(history: History) -> Iterator[str]:
    for service, head in history.heads.items():
        by_id = {record["id"]: record for record in history.of(service)}
        if head.get("open_deployments"):
            yield f"{service}: open are {head['open_deployments']}"
        for one in head.get("recent", ()):
            if by_id[one["deployment"]]["status"] != one["status"]:
                yield f"{service}: HEAD has {one['deployment']} as {one['status']}"
        applied = history.applied(service)
        if applied and head.get("applied") != applied[-1]["id"]:
            yield f"{service}: HEAD has {head.get('applied')} applied, not {applied[-1]['id']}"
        for proven in head.get("proven", ()):
            record = by_id.get(proven.get("deployment", ""))
            if record is not None and record["status"] != "SUCCESSFUL":
                yield f"{service}: {record['id']} is proven and {record['status']}"


def no_lease_is_left(history: History) -> Iterator[str]:
    now = history.account.clock.now()
    for service, head in history.heads.items():
        if "lease" in head and moment(head["lease"]["until"]) > now:
            yield f"{service}: {head['lease']['holder']} holds it until {head['lease']['until']}"


def the_ledger_is_written_in_turns(history: History) -> Iterator[str]:
    """Every write makes HEAD's version one more; what is closed stays as it was closed."""
    versions: dict[str, int] = {}
    statuses: dict[str, str] = {}
    orders: dict[str, str] = {}
    for act in history.acts(WRITE):
        for put in act.asked["TransactItems"]:
            item = plain(put["Put"]["Item"])
            if item["sk"] == "HEAD":
                service, version = item["pk"], int(item["version"])
                if version != versions.get(service, 0) + 1:
                    yield f"{service}: version {version} after {versions.get(service, 0)}"
                if item["order"] < orders.get(service, "") and item.get("digest"):
                    yield f"{service}: order {item['order']} after {orders[service]}"
                versions[service], orders[service] = version, item["order"]
            else:
                before = statuses.get(item["id"])
                if before in CLOSED and item["status"] != before:
                    yield f"{item['id']}: {before}, then {item['status']}"
                statuses[item["id"]] = item["status"]
