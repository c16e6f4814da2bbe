"""`status` with `stats`: outcomes of a period by pages, from few and small reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.decide.admit import stamp
from chalicelib.errors import Refused
from chalicelib.flow import stats as paged
from chalicelib.flow.status import tell_status
from chalicelib.model.deployments import Status
from chalicelib.model.outcomes import Outlines
from tests.fixtures import examples
from tests.fixtures.examples import NAME, at
from tests.flow.fakes import Aws, Ledger, aws


def filled(services: int = 1, each: int = 1) -> Aws:
    """So many services with so many live deployments each, an hour apart, the last an hour ago."""
    world = aws(*(examples.target(service=f"web-{number:03}") for number in range(services)))
    for target in world.world().targets.all:
        for hour in range(1, each + 1):
            keep(world, target.name, -3600 * hour)
    return world


def keep(world: Aws, service: str, seconds: int, **fields: Any) -> None:
    name = f"{stamp(at(seconds))}-web-0a1b2c3d"
    times = {"order": at(seconds), "applied_at": at(seconds + 60), "closed_at": at(seconds + 300)}
    base = {"id": name, "service": service, "status": Status.SUCCESSFUL, **times}
    record = examples.rolling_out(**{**base, **fields})
    world.ledger.records[service, record.id] = record


def pages(world: Aws, **asked: Any) -> list[dict[str, Any]]:
    found = [tell_status(world.world(), {"stats": True, **asked})]
    while after := found[-1].get("next"):
        found.append(tell_status(world.world(), {"stats": True, **asked, "after": after}))
    return found


def outcomes(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(service, deployment) of all outcomes, in the order of the pages."""
    rows = [row for page in found for row in page["stats"]]
    return [(row["service"], one["deployment"]) for row in rows for one in row["outcomes"]]


def test_an_outcome_has_its_times_its_revision_and_nothing_that_is_long() -> None:
    world = filled()
    (page,) = pages(world)
    (row,) = page["stats"]
    assert page["days"] == 30
    assert row["outcomes"] == [
        {
            "deployment": "20260302t091530-web-0a1b2c3d",
            "cause": "push",
            "status": "SUCCESSFUL",
            "pushed": "2026-03-02T09:15:30.000Z",
            "applied": "2026-03-02T09:16:30.000Z",
            "ended": "2026-03-02T09:20:30.000Z",
            "revision": "conflicto-backend-dev:8",
            "left": "",
        }
    ]


def test_what_is_of_no_account_is_left_out() -> None:
    world = filled()
    service = world.world().targets.all[0].name
    keep(world, service, -100, status=Status.REFUSED)
    keep(world, service, -50, status=Status.IN_PROGRESS)
    assert len(outcomes(pages(world))) == 1


@pytest.mark.parametrize(("days", "count"), [(1, 1), (30, 2), (31, 3)])
def test_a_period_has_what_was_asked_for_in_it(days: int, count: int) -> None:
    world = filled()
    service = world.world().targets.all[0].name
    for ago in (timedelta(days=29, hours=23), timedelta(days=30, seconds=1)):
        keep(world, service, -int(ago.total_seconds()))
    assert len(outcomes(pages(world, days=days))) == count


def test_the_pages_have_every_outcome_once_and_each_reads_a_bounded_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paged, "_RECORDS", 4)
    monkeypatch.setattr(paged, "_SERVICES", 3)
    world = filled(services=5, each=3)
    found = pages(world)
    expected = sorted(world.ledger.records)
    assert outcomes(found) == expected
    sizes = [sum(len(row["outcomes"]) for row in page["stats"]) for page in found]
    assert sizes == [4, 4, 4, 3]


def test_services_without_a_deployment_end_a_page_too() -> None:
    world = filled(services=201, each=0)
    found = pages(world)
    assert [len(page["stats"]) for page in found] == [100, 100, 1]
    assert [page.get("next", "").rpartition("/")[2] for page in found] == [
        "web-100#",
        "web-200#",
        "",
    ]


def test_a_service_that_was_asked_for_has_pages_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paged, "_RECORDS", 2)
    world = filled(services=3, each=3)
    service = world.world().targets.all[1].name
    found = pages(world, service=service)
    assert len(found) == 2
    assert {name for name, _ in outcomes(found)} == {service}
    assert len(outcomes(found)) == 3


class Newer(Ledger):
    def outlines(self, service: str, behind: str, limit: int) -> Outlines:
        found = super().outlines(service, behind, limit)
        return Outlines(records=found.records[1:], unreadable=1, behind=found.behind)


def test_records_of_a_newer_release_are_counted_and_count_as_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paged, "_RECORDS", 2)
    world = filled(each=4)
    newer = Newer()
    newer.records = world.ledger.records
    world.ledger = newer
    found = pages(world)
    assert [row["unreadable"] for page in found for row in page["stats"]] == [1, 1]
    assert len(outcomes(found)) == 2


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"stats": True, "days": 0}, "greater than or equal to 1"),
        ({"stats": True, "days": 401}, "less than or equal to 400"),
        ({"days": 7}, "give `stats` too"),
        ({"stats": True, "board": True, "now": True}, "leave out `board`, `now`"),
        ({"stats": True, "after": "shop/none#"}, "no target is named 'shop/none'"),
        ({"stats": True, "service": NAME, "after": "WEB#"}, "about another service"),
    ],
)
def test_what_does_not_fit_is_refused(payload: dict[str, Any], words: str) -> None:
    world = aws(examples.target(), examples.target(service="web"))
    web = world.world().targets.all[1].name
    asked = {key: web + "#" if value == "WEB#" else value for key, value in payload.items()}
    with pytest.raises(Refused, match=words):
        tell_status(world.world(), asked)


def test_the_longest_page_fits_into_a_reply_of_lambda() -> None:
    name = "n" * 255
    row = {"deployment": "d" * 60, "cause": "rollback", "status": "ROLLBACK_SUCCESSFUL"}
    row |= dict.fromkeys(("pushed", "applied", "ended"), "2026-03-02T09:15:30.000Z")
    row |= dict.fromkeys(("revision", "left"), f"{name}:123456")
    assert paged._RECORDS * len(repr(row)) + paged._SERVICES * 600 < 500_000
