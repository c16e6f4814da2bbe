"""requests in any order of arrival -> the newest wins."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.admit import (
    Admission,
    admit,
    deployment_id,
    is_after,
    moment,
    newer,
)
from chalicelib.decide.head import asked_again, recorded
from chalicelib.model.deployments import Cause
from chalicelib.model.heads import Head
from chalicelib.model.requests import Request
from tests.decide.asked_times import ASKED, MILLISECONDS, Asked, event_of
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, at

NEW, KNOWN, REFUSED = Admission.NEW, Admission.KNOWN, Admission.REFUSED


def _arrive(pushes: list[Request]) -> tuple[Head, list[str]]:
    """HEAD and the new deployments after these pushes, as the ledger would hold them."""
    head, made = examples.head(met=at(0), order=at(-3600)), []
    for push in pushes:
        admission = admit(push, head, at(600)).admission
        if admission is KNOWN and push.digest == head.digest:
            head = asked_again(head, push) if is_after(push, head) else head
        elif admission is NEW:
            record = examples.deployment(
                id=deployment_id(push), digest=push.digest, order=push.order
            )
            head = recorded(head, record, push)
            made.append(record.id)
    return head, made


def _pushes(seconds: list[int]) -> list[Request]:
    return [
        examples.request(order=at(second), digest=f"sha256:{number:064x}")
        for number, second in enumerate(seconds)
    ]


DIFFERENT_SECONDS = st.lists(st.integers(-500, 500), min_size=1, max_size=8, unique=True)


@given(DIFFERENT_SECONDS.map(_pushes).flatmap(st.permutations))
def test_the_newest_push_wins_in_any_order_of_arrival(pushes: list[Request]) -> None:
    newest = max(pushes, key=lambda push: push.order)
    head, _ = _arrive(pushes)
    assert (head.digest, head.order) == (newest.digest, newest.order)


REPEATED = st.lists(
    st.tuples(st.integers(-500, 500), st.sampled_from("abc")),
    min_size=1,
    max_size=8,
    unique_by=lambda push: push[0],
)


@given(
    REPEATED.map(
        lambda pushes: [
            examples.request(order=at(second), digest="sha256:" + letter * 64)
            for second, letter in pushes
        ]
    )
)
def test_a_digest_pushed_again_is_as_new_as_its_newest_push(pushes: list[Request]) -> None:
    newest = max(pushes, key=lambda push: push.order)
    head, _ = _arrive(pushes)
    assert (head.digest, head.order) == (newest.digest, newest.order)


def test_what_was_pushed_before_the_newest_repeat_is_older_than_it() -> None:
    first, between, again = (
        examples.request(order=at(1)),
        examples.request(order=at(2), digest=OTHER_DIGEST),
        examples.request(order=at(3)),
    )
    head, made = _arrive([first, again, between])
    assert (head.digest, head.order, len(made)) == (DIGEST, at(3), 1)
    assert admit(between, head, at(3)).admission is REFUSED


@pytest.mark.parametrize(
    ("one", "other", "is_newer"),
    [
        pytest.param((at(2), None), (at(1), at(9)), True, id="a later event"),
        pytest.param((at(1), at(9)), (at(2), None), False, id="an earlier event"),
        pytest.param((at(1), at(1)), (at(1), at(0)), True, id="a tie: pushed later"),
        pytest.param((at(1), at(1)), (at(1), at(1)), False, id="a tie: pushed together"),
        pytest.param((at(1), None), (at(1), at(1)), False, id="a tie, and no push is known"),
        pytest.param((at(1.5), None), (at(1), at(1.4)), True, id="by hand, after a push"),
        pytest.param((at(1.5), None), (at(1), at(1.6)), False, id="by hand, before a push"),
        pytest.param((at(1), at(1.4)), (at(1.5), None), False, id="a push, before one by hand"),
        pytest.param((at(1), at(1.6)), (at(1.5), None), True, id="a push, after one by hand"),
        pytest.param((at(1), at(1.9)), (at(2.0), None), False, id="by hand, a second later"),
    ],
)
def test_newer_is_by_event_and_then_by_push(
    one: tuple[datetime, datetime | None], other: tuple[datetime, datetime | None], is_newer: bool
) -> None:
    assert newer(one, other) is is_newer


@given(ASKED, ASKED, ASKED)
def test_the_order_is_total_and_the_same_whichever_comes_first(
    one: Asked, other: Asked, third: Asked
) -> None:
    assert not newer(one, one)
    assert newer(one, other) + newer(other, one) == (moment(*one) != moment(*other))
    if newer(one, other) and newer(other, third):
        assert newer(one, third)


@given(MILLISECONDS, MILLISECONDS)
def test_a_push_and_a_rollback_by_hand_end_the_same_whichever_comes_first(
    pushed_at: datetime, asked_at: datetime
) -> None:
    time, _ = event_of(pushed_at, 0)
    push = examples.request(order=time, pushed_at=pushed_at)
    back = examples.request(order=asked_at, digest=OTHER_DIGEST, cause=Cause.ROLLBACK)
    heads = [_arrive([push, back])[0], _arrive([back, push])[0]]
    places = [moment(head.order, head.pushed_at) for head in heads]
    assert places == [max(moment(time, pushed_at), moment(asked_at, None))] * 2


@given(st.permutations(range(6)))
def test_within_one_second_the_image_pushed_last_wins(numbers: list[int]) -> None:
    pushes = [
        examples.request(pushed_at=at(number / 10), digest=f"sha256:{number:064x}")
        for number in numbers
    ]
    head, _ = _arrive(pushes)
    assert head.digest == f"sha256:{5:064x}"


@given(DIFFERENT_SECONDS.map(_pushes).flatmap(st.permutations), st.data())
def test_events_that_come_twice_create_nothing(pushes: list[Request], data: st.DataObject) -> None:
    twice = [*pushes]
    for push in pushes:
        after = twice.index(push) + 1
        twice.insert(data.draw(st.integers(after, len(twice))), push)
    once, made = _arrive(pushes)
    again, made_again = _arrive(twice)
    assert made == made_again
    assert once == again
