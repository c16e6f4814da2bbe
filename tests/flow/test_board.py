"""The board: a page at a time, in few reads, and one unreadable item spoils only its row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow import board
from chalicelib.flow.dry_run import dry_run
from chalicelib.flow.image_event import image_event
from chalicelib.flow.status import tell_status
from chalicelib.model.targets import Target
from tests.fixtures import examples
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, Fault, aws
from tests.flow.test_newer_release import Newer


def many(count: int) -> Aws:
    """So many services that follow one repository; only the first has a history."""
    return aws(*(named(number) for number in range(count)))


def named(number: int) -> Target:
    return examples.target(service=f"web-{number:03}")


def pages(world: Aws) -> list[dict[str, Any]]:
    """Each page, as a caller reads them."""
    found = [tell_status(world.world(), {"board": True})]
    while after := found[-1].get("next"):
        found.append(tell_status(world.world(), {"board": True, "after": after}))
    return found


@pytest.mark.parametrize(
    ("services", "rows"),
    [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])],
)
def test_a_page_has_at_most_a_hundred_rows_and_says_whether_more_follow(
    services: int, rows: list[int]
) -> None:
    found = pages(many(services))
    assert [len(page["board"]) for page in found] == rows
    names = [row["service"] for page in found for row in page["board"]]
    assert names == [named(number).name for number in range(services)]
    assert all(page["next"] == page["board"][-1]["service"] for page in found[:-1])
    assert "next" not in found[-1]


def test_a_page_ends_early_rather_than_exceed_what_lambda_replies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (whole,) = pages(many(10))
    one = len(json.dumps(whole["board"][0]))
    monkeypatch.setattr(board, "_BYTES", 4 * one)
    found = pages(many(10))
    assert [len(page["board"]) for page in found] == [4, 4, 2]
    monkeypatch.setattr(board, "_BYTES", 1)
    assert [len(page["board"]) for page in pages(many(3))] == [1, 1, 1]


def test_a_page_of_large_rows_fits_into_a_reply_of_lambda() -> None:
    """A record's reason may be long, and characters that JSON escapes count as they are sent."""
    world = many(40)
    for number in range(40):
        head = examples.head(service=named(number).name, open_deployments=("one",))
        long = examples.rolling_out(service=head.service, id="one", reason="ü" * 60_000)
        world.ledger.heads[head.service] = head
        world.ledger.records[head.service, "one"] = long
    found = pages(world)
    assert len(found) > 1
    assert sum(len(page["board"]) for page in found) == 40
    assert all(len(json.dumps(page).encode()) < 6_000_000 for page in found)


def test_a_page_is_read_in_two_reads() -> None:
    world = many(100)
    image_event(world.world(), push_event())
    before = world.calls.copy()
    tell_status(world.world(), {"board": True})
    assert world.calls[len(before) :] == ["read_heads", "read_deployments"]


def test_an_unknown_name_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(Refused, match=r"did you mean [a-z-]+/web-001 "):
        tell_status(many(2).world(), {"board": True, "after": f"{NAME.split('/')[0]}/wbe-001"})


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"after": NAME}, "give `board` too"),
        ({"board": True, "after": NAME, "service": NAME}, "do not go together"),
    ],
)
def test_after_is_of_the_board_of_all_services_only(payload: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        tell_status(aws().world(), payload)


@pytest.mark.parametrize("head", [True, False], ids=["HEAD", "record"])
def test_an_item_of_a_newer_release_spoils_only_its_row(head: bool) -> None:
    world = aws(examples.target(), examples.target(service="web"))
    ledger = world.ledger = Newer()
    image_event(world.world(), push_event())
    ledger.by_newer(head=head)
    first, second = tell_status(world.world(), {"board": True})["board"]
    assert first == {"service": NAME, "note": f"a newer release wrote {NAME}"}
    assert second["under_way"]


def test_when_the_ledger_does_not_answer_there_is_no_board() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("busy"), name="read_heads")]
    with pytest.raises(Unavailable, match="busy"):
        tell_status(world.world(), {"board": True})


def test_a_dry_run_shows_what_it_wrote_and_what_it_did_not() -> None:
    world = aws(examples.target(), examples.target(service="web"))
    image_event(world.world(), push_event())
    dry = dry_run(world.world())
    head = dry.ledger.head(NAME)
    record = world.record()
    assert head is not None
    changed = record.model_copy(update={"why": "a test"})
    dry.ledger.save(head, changed)
    other = head.service.replace(examples.SERVICE, "web")
    assert dry.ledger.read_heads([NAME, other]) == {
        NAME: dry.ledger.head(NAME),
        other: world.ledger.head(other),
    }
    read = dry.ledger.read_deployments([(NAME, record.id)])
    assert read == {(NAME, record.id): changed}
