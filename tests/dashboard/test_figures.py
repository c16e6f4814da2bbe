"""The page of the figures: tables in words, and weeks as high as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli.dashboard.answers import Answer
from cli.dashboard.figures import View, view
from cli.dashboard.serve import serving
from cli.figures import found_in
from tests.dashboard.client import Client
from tests.dashboard.scripted import Scripted, opened

AT = "2026-03-31T00:00:00.000Z"


def outcome(name: str, day: int, status: str = "SUCCESSFUL") -> dict[str, Any]:
    """One that began on this day of March, and ended after 5 minutes."""
    times = {
        key: f"2026-03-{day:02}T10:{minute:02}:00.000Z"
        for key, minute in (("pushed", 0), ("applied", 1), ("ended", 5))
    }
    base = {"deployment": name, "cause": "push", "status": status, "revision": name, "left": ""}
    return base | times


def reply(*services: str, days: int = 30, unreadable: int = 0) -> dict[str, Any]:
    """Each service: three that were live in the last week, one failure in the week before."""
    outcomes = [outcome(str(day), day) for day in (25, 26, 27)]
    outcomes.append(outcome("17", 17, "ROLLBACK_SUCCESSFUL"))
    rows = [{"service": name, "outcomes": outcomes, "unreadable": unreadable} for name in services]
    return {"at": AT, "days": days, "stats": rows}


def answer(*services: str, **more: Any) -> Answer:
    return Answer({"at": AT, "found": found_in(reply(*services, **more))})


def shown(**answers: Answer) -> View:
    return view(answers, 30)


def test_a_line_has_the_four_figures_in_words() -> None:
    (table,) = shown(dev=answer("shop/web")).tables
    (line,) = table.lines
    figures = (line.per_day, line.lead, line.lead_p90, line.failed, line.restore)
    assert figures == ("0.7 a week", "5 min", "5 min", "25 % (1 of 4)", "4 min (of 1)")
    assert (line.name, line.cluster, line.restore_p90, line.note) == ("web", "shop", "", "")
    assert table.whole is None


def test_several_services_and_several_stages_have_a_line_together() -> None:
    found = shown(dev=answer("shop/web", "shop/api"), prod=answer("shop/web"))
    dev, prod = found.tables
    assert dev.whole is not None
    assert dev.whole.failed == "25 % (2 of 8)"
    assert prod.whole is None
    assert found.whole is not None
    assert found.whole.failed == "25 % (3 of 12)"
    assert shown(dev=answer("shop/web", "shop/api")).whole is None


def test_a_week_is_as_high_as_it_is_beside_the_highest() -> None:
    found = shown(dev=answer("shop/web"))
    assert found.top == 3
    assert [(one.live, one.failed) for one in found.columns] == [(0, 0)] * 2 + [
        (0, 0), (0, 33.33), (100, 0),
    ]  # fmt: skip
    assert found.columns[-1].title == "From 2026-03-24: 3 deployments, 0 failed"
    edges = [one.left + 2 * one.width for one in found.columns]
    assert all(edge <= 20 * (number + 1) for number, edge in enumerate(edges))


def test_where_nothing_was_deployed_there_is_no_chart() -> None:
    empty = found_in({"at": AT, "days": 30, "stats": []})
    assert shown(dev=Answer({"at": AT, "found": empty})).columns == ()
    assert shown(dev=Answer()).columns == ()


def test_a_stage_that_does_not_answer_says_so_and_spoils_no_other() -> None:
    found = shown(dev=Answer(error="no credentials"), prod=answer("shop/web"))
    dev, prod = found.tables
    assert (dev.error, dev.lines) == ("no credentials", ())
    assert prod.lines
    assert found.whole is None


def test_records_that_are_not_counted_are_told() -> None:
    (table,) = shown(dev=answer("shop/web", unreadable=2)).tables
    assert table.lines[0].note == "2 records of a newer release are not counted"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    functions = Scripted(lambda _, asked: reply("shop/<b>", days=asked["days"]))
    with serving(opened(dev=functions)) as address:
        yield Client.of(address)


@pytest.mark.parametrize(("path", "days"), [("/figures", 30), ("/figures/90", 90)])
def test_the_page_has_its_period_and_escapes_what_others_wrote(
    client: Client, path: str, days: int
) -> None:
    assert client.get(path, without="authorization").status == 200  # the empty page
    html = client.view(path).json["html"]
    while "Asking AWS" in html:
        html = client.view(path).json["html"]
    assert f"of the last {days} days" in html
    assert "&lt;b&gt;" in html
    assert "<b>web" not in html
    assert "25 % (1 of 4)" in html


@pytest.mark.parametrize("path", ["/figures/31", "/figures/30/x", "/figures/-1"])
def test_another_period_is_no_page(client: Client, path: str) -> None:
    assert client.view(path).status == 404


def test_only_the_page_itself_is_open_without_the_token(client: Client) -> None:
    assert client.get("/figuresque", without="authorization").status == 401
