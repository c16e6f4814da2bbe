"""All pages of outcomes become figures: of each service, of a stage, and of several stages."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.flow.status import tell_status
from cli.figures import changes_of, found_in, read, together, whole_stats
from tests.fixtures import examples, made_up_year
from tests.fixtures.examples import NAME
from tests.flow.fakes import Aws, aws

AT = "2026-03-31T00:00:00.000Z"


class Paged:
    """Functions whose `status` has these pages."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = iter(pages)
        self.asked: list[dict[str, Any]] = []

    def call(self, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert function == "status"
        self.asked.append(payload)
        return {"at": AT, "days": 30, **next(self._pages)}


class Real:
    """Functions whose `status` is Slipway's own, in memory."""

    def __init__(self, world: Aws) -> None:
        self._world = world

    def call(self, _: str, payload: dict[str, Any]) -> dict[str, Any]:
        self._world.now = made_up_year.ENDS
        return tell_status(self._world.world(), payload)


def row(service: str, *outcomes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"service": service, "outcomes": list(outcomes), **more}


def live(name: str, **more: Any) -> dict[str, Any]:
    """A deployment that was live 300 s after its push."""
    times = {"pushed": "2026-03-30T10:00:00.000Z", "applied": "2026-03-30T10:01:00.000Z"}
    base = {"deployment": name, "cause": "push", "status": "SUCCESSFUL", "revision": "web:2"}
    return {**base, **times, "ended": "2026-03-30T10:05:00.000Z", "left": "", **more}


def test_a_service_that_goes_on_on_the_next_page_has_one_row() -> None:
    paged: Any = Paged(
        {"stats": [row("shop/a", live("1")), row("shop/b", live("2"))], "next": "shop/b#2"},
        {"stats": [row("shop/b", live("3"), unreadable=1), row("shop/c")]},
    )
    found = whole_stats(paged, 30)
    assert [one["service"] for one in found["stats"]] == ["shop/a", "shop/b", "shop/c"]
    assert [len(one["outcomes"]) for one in found["stats"]] == [1, 2, 0]
    assert [one["unreadable"] for one in found["stats"]] == [0, 1, 0]
    assert paged.asked == [
        {"stats": True, "days": 30},
        {"stats": True, "days": 30, "after": "shop/b#2"},
    ]


def test_pages_that_come_again_are_refused() -> None:
    paged: Any = Paged(*[{"stats": [], "next": "shop/a#"}] * 3)
    with pytest.raises(Refused, match="do not end: shop/a# came twice"):
        whole_stats(paged, 30, "shop/a")
    assert paged.asked[0] == {"stats": True, "days": 30, "service": "shop/a"}


@pytest.mark.parametrize(
    ("outcome", "count"),
    [
        pytest.param(live("1", news="of a newer release"), 1, id="a key more"),
        pytest.param(live("1", status="UNHEARD_OF"), 0, id="a new status"),
        pytest.param(live("1", ended="soon"), 0, id="no time"),
        pytest.param(live("1", ended=""), 0, id="an empty time"),
        pytest.param({"deployment": "1"}, 0, id="keys fewer"),
    ],
)
def test_the_other_side_may_be_newer_or_older(outcome: dict[str, Any], count: int) -> None:
    assert len(changes_of(row("shop/a", outcome))) == count


def test_the_made_up_year_has_its_figures_after_all_pages_of_the_ledger() -> None:
    """The story and the arithmetic: `tests/decide/test_figures.py`."""
    world = aws(examples.target())
    world.ledger.records = {(NAME, record.id): record for record in made_up_year.records()}
    functions: Any = Real(world)
    found = read(functions, made_up_year.DAYS + 1).told
    (service,) = found["services"]
    assert {key: service[key] for key in found["all"]} == found["all"]
    assert found["all"] | {"weeks": None} == {
        "deployments": 247,
        "per_day": round(247 / 365, 4),
        "lead_time": {"count": 246, "median": 360, "p90": 480},
        "changes": 261,
        "failed": 18,
        "failure_rate": 0.069,
        "time_to_restore": {"count": 18, "median": 360, "p90": 1800},
        "not_restored": 0,
        "weeks": None,
    }


def test_stages_whose_services_have_the_same_name_do_not_mix() -> None:
    """A failure in one stage is not restored by a deployment in the other."""
    broken = live("1", status="FAILED", ended="2026-03-30T10:02:00.000Z")
    replies = [
        {"at": AT, "days": 30, "stats": [row("shop/a", broken, unreadable=0)]},
        {"at": AT, "days": 30, "stats": [row("shop/a", live("2"), unreadable=0)]},
    ]
    both = together([found_in(reply) for reply in replies])
    assert (both["changes"], both["failed"], both["not_restored"]) == (2, 1, 1)
