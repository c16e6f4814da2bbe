"""What stays of a family, and what is told of what went."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.decide.tidy import (
    families,
    in_turn,
    is_ours,
    known_by,
    named,
    noted,
    part,
    quiet,
    rolls_out,
)
from chalicelib.definition.render import PROVENANCE
from chalicelib.model.heads import Attempt, Head, Lease, Proven, Tidied
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.task_definitions import TaskDefinition
from tests.fixtures import examples
from tests.fixtures.examples import FAMILY, NOW, at, revision

DAY, NEXT = "2026-03-02", "2026-03-03"


# Which families


def test_a_family_is_kept_tidy_where_a_target_that_deploys_asks_for_it() -> None:
    web = examples.target(service="web", family="web", keep_revisions=5)
    seen = examples.target(service="seen", family="seen", keep_revisions=5, mode="observe")
    plain = examples.target(service="plain", family="plain")
    (found,) = families(examples.targets(plain, seen, web))
    assert (found.name, found.keep, found.first, found.targets) == ("web", 5, web, (web,))


def test_every_target_that_may_run_the_family_is_respected_and_the_largest_number_counts() -> None:
    first = examples.target(service="one", family="web", keep_revisions=5)
    more = examples.target(service="two", family="web", keep_revisions=9)
    silent = examples.target(service="three", family="web", mode="observe")
    any_family = examples.target(service="four")
    other = examples.target(service="five", family="other")
    (found,) = families(examples.targets(first, more, silent, any_family, other))
    assert (found.keep, found.first) == (9, first)
    assert found.targets == (first, more, silent, any_family)


def test_each_hour_begins_with_another_family() -> None:
    every = families(
        examples.targets(
            *(examples.target(service=name, family=name, keep_revisions=2) for name in "abc")
        )
    )
    orders = {
        tuple(family.name for family in in_turn(every, NOW + timedelta(hours=hour)))
        for hour in range(6)
    }
    assert orders == {("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")}
    assert in_turn((), NOW) == ()


def test_all_parts_are_looked_at_one_an_hour_and_each_in_its_order() -> None:
    every = [str(number) for number in range(7)]
    parts = [part(every, 3, NOW + timedelta(hours=hour)) for hour in range(3)]
    assert sorted(parts) == [("0", "1", "2"), ("3", "4", "5"), ("6",)]
    assert part([], 3, NOW) == ()


# When nothing goes


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (None, False),
        (examples.head(), True),
        (examples.head(open_deployments=("d-1",)), False),
        (examples.head(attempt=Attempt(deployment="d-1", order=NOW)), False),
        (examples.head(lease=Lease(holder="other", until=at(1))), False),
        (examples.head(lease=Lease(holder="other", until=at(-1))), True),
    ],
    ids=["not met", "quiet", "open", "attempt", "leased", "lease over"],
)
def test_a_service_is_quiet_when_nothing_is_open_and_nobody_acts(
    head: Head | None, expected: bool
) -> None:
    assert quiet(head, "mine", NOW) is expected


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (ServiceUse(name="c/s", revisions=(revision(1),), rolls_out=True), "c/s"),
        (ServiceUse(name="c/s", revisions=(revision(1),)), ""),
        (ServiceUse(name="c/s", revisions=(revision(1, "other"),), rolls_out=True), ""),
        (ServiceUse(name="c/s", revisions=(revision(1, f"{FAMILY}-x"),), rolls_out=True), ""),
        (ServiceUse(name="c/s", revisions=(revision(1, f"x-{FAMILY}"),), rolls_out=True), ""),
    ],
    ids=["rolls out", "steady", "another family", "a longer name", "another beginning"],
)
def test_a_service_of_the_family_that_rolls_out_is_named(use: ServiceUse, expected: str) -> None:
    assert rolls_out([use], FAMILY) == expected


# What is ours


OURS = {PROVENANCE: "d-1"}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (examples.task_definition(3, tags_beside=OURS), True),
        (examples.task_definition(3, tags_beside={"owner": "terraform"}), False),
        (examples.task_definition(3, tags_beside=OURS, status="INACTIVE"), False),
        (examples.task_definition(3, tags_beside=OURS, family=f"{FAMILY}-x"), False),
        (None, False),
    ],
    ids=["tagged", "of others", "inactive", "another family", "gone"],
)
def test_a_revision_is_ours_by_its_tag_in_its_family(
    definition: TaskDefinition | None, expected: bool
) -> None:
    assert is_ours(definition, FAMILY, []) is expected


@pytest.mark.parametrize(
    ("number", "expected"), [(3, True), (4, False), (None, True)], ids=["own", "other", "unknown"]
)
def test_a_copy_with_our_tag_is_not_ours_when_the_record_has_another_revision(
    number: int | None, expected: bool
) -> None:
    record = examples.deployment(id="d-1", revision=revision(number) if number else "")
    definition = examples.task_definition(3, tags_beside=OURS)
    assert is_ours(definition, FAMILY, [record]) is expected


# What stays


def test_what_a_service_may_go_back_to_is_known_by_its_name() -> None:
    head = examples.head(
        applied_revision=revision(9), proven=(Proven(revision=revision(8), first=NOW),)
    )
    last = examples.deployment(
        base=revision(1), revision=revision(2), goes_to=revision(3), return_to=revision(4)
    )
    assert known_by(head, last) == {f"{FAMILY}:{number}" for number in (1, 2, 3, 4, 8, 9)}
    assert known_by(examples.head(), None) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (revision(7), {7}),
        (f"{FAMILY}:7", {7}),
        (f'{{"TaskDefinition": "{FAMILY}:7", "Cluster": "c"}}', {7}),
        (f'{{"a": "{FAMILY}:7", "b": "{revision(8)}"}}', {7, 8}),
        (revision(7).removesuffix(":7"), {12}),
        (FAMILY, {12}),
        (f'{{"TaskDefinition": "{FAMILY}"}}', {12}),
        (f"{FAMILY}:70", {70}),
        (revision(7, f"{FAMILY}-x"), set()),
        (revision(7, f"x-{FAMILY}"), set()),
        (revision(7, f"{FAMILY}x"), set()),
        ("", set()),
    ],
)
def test_a_text_names_revisions_and_the_family_alone_means_the_newest(
    text: str, expected: set[int]
) -> None:
    names = {f"{FAMILY}:{number}" for number in expected}
    assert named([text], FAMILY, revision(12)) == names


# What is told


def test_what_goes_is_counted_by_the_day_from_the_oldest_to_the_newest() -> None:
    first = noted(None, DAY, [revision(1), revision(2)], "")
    again = noted(first.tidied, DAY, [revision(3)], "")
    assert again.tidied == Tidied(day=DAY, count=3, first=f"{FAMILY}:1", last=f"{FAMILY}:3")
    assert (first.sum, again.sum) == ("", "")


@pytest.mark.parametrize(
    ("count", "last", "words"),
    [
        (1, 1, f"on {DAY}, 1 old revision was deregistered, {FAMILY}:1"),
        (3, 3, f"on {DAY}, 3 old revisions were deregistered, from {FAMILY}:1 to {FAMILY}:3"),
    ],
)
def test_the_sum_of_a_day_is_told_once_on_a_later_day(count: int, last: int, words: str) -> None:
    before = Tidied(day=DAY, count=count, first=f"{FAMILY}:1", last=f"{FAMILY}:{last}")
    told = noted(before, NEXT, [], "")
    assert told.sum == words
    assert noted(told.tidied, NEXT, [], "").sum == ""
    assert noted(told.tidied, NEXT, [], "").tidied == told.tidied


def test_a_new_day_begins_with_what_goes_in_it() -> None:
    before = Tidied(day=DAY, count=3, first=f"{FAMILY}:1", last=f"{FAMILY}:3", why_on=DAY)
    note = noted(before, NEXT, [revision(4)], "")
    assert note.sum
    assert note.tidied == Tidied(
        day=NEXT, count=1, first=f"{FAMILY}:4", last=f"{FAMILY}:4", why_on=DAY
    )


def test_nothing_is_remembered_where_nothing_happened() -> None:
    assert noted(None, DAY, [], "").tidied is None


def test_of_all_reasons_the_first_of_a_day_is_told_and_the_last_is_remembered() -> None:
    first = noted(None, DAY, [], "one")
    second = noted(first.tidied, DAY, [], "two")
    later = noted(second.tidied, NEXT, [], "two")
    assert (first.why, second.why, later.why) == ("one", "", "two")
    assert second.tidied is not None
    assert second.tidied.why == "two"


def test_a_reason_is_forgotten_when_it_is_over_and_not_told_again_on_that_day() -> None:
    over = noted(noted(None, DAY, [], "one").tidied, DAY, [], "")
    assert over.tidied == Tidied(why_on=DAY)
    assert noted(over.tidied, DAY, [], "one").why == ""
