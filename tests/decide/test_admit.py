"""request + HEAD -> is it new? Its id; the newest wins."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.admit import (
    Admission,
    Request,
    admit,
    deployment_id,
    is_after,
    moment,
    newer,
)
from chalicelib.decide.head import asked_again, recorded
from chalicelib.decide.lost import lost_push
from chalicelib.model.deployments import FAILURES, Cause, Status
from chalicelib.model.heads import Head
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, at

BY_HAND = [Cause.MANUAL, Cause.ROLLBACK]
NEW, KNOWN, REFUSED = Admission.NEW, Admission.KNOWN, Admission.REFUSED


@pytest.mark.parametrize(
    ("asked", "head", "admission"),
    [
        pytest.param({}, {}, REFUSED, id="3: what runs was deployed at this very moment"),
        pytest.param({"order": at(1)}, {}, NEW, id="6: after the meeting"),
        pytest.param(
            {"order": at(-9)},
            {"met": at(0), "order": at(-10)},
            NEW,
            id="6: before the meeting, after what runs was deployed",
        ),
        pytest.param(
            {"order": at(-9)},
            {"met": at(0), "order": at(-8)},
            REFUSED,
            id="3: what runs was deployed after the push",
        ),
        pytest.param(
            {"order": at(-3500)},
            {"met": at(0), "order": at(-9999)},
            NEW,
            id="6: before the meeting, just an hour old",
        ),
        pytest.param(
            {"order": at(-3501)},
            {"met": at(0), "order": at(-9999)},
            REFUSED,
            id="3: before the meeting, more than an hour old",
        ),
        pytest.param(
            {"order": at(-3501)},
            {"met": at(0), "order": at(-9999), "digest": OTHER_DIGEST},
            REFUSED,
            id="3: before the meeting and too old, also when something newer was asked for since",
        ),
        pytest.param(
            {"order": at(-3501)},
            {"met": at(-3502), "order": at(-9999)},
            NEW,
            id="6: after the meeting, however late its event is",
        ),
        pytest.param(
            {"order": at(9)}, {"digest": DIGEST}, KNOWN, id="2: the digest asked for last"
        ),
        pytest.param({"order": at(-9)}, {"digest": DIGEST}, KNOWN, id="2: also when it is late"),
        pytest.param(
            {"order": at(-9)}, {"digest": OTHER_DIGEST}, REFUSED, id="3: an older push, unknown"
        ),
        pytest.param(
            {"order": at(-9)},
            {"digest": OTHER_DIGEST, "recent": (examples.recent(),)},
            KNOWN,
            id="3: an older push, repeated",
        ),
        pytest.param(
            {"order": at(-9)},
            {"digest": OTHER_DIGEST, "recent": (examples.recent(status=Status.FAILED),)},
            KNOWN,
            id="3 before 5: the late event of a failed deployment is not refused again",
        ),
        pytest.param(
            {"pushed_at": at(2)},
            {"digest": OTHER_DIGEST, "pushed_at": at(1)},
            NEW,
            id="3: within one second, imagePushedAt decides: later",
        ),
        pytest.param(
            {"pushed_at": at(1)},
            {"digest": OTHER_DIGEST, "pushed_at": at(2)},
            REFUSED,
            id="3: within one second, imagePushedAt decides: earlier",
        ),
        pytest.param(
            {"pushed_at": at(0)},
            {"digest": OTHER_DIGEST},
            REFUSED,
            id="3: of the very same moment, the first stays",
        ),
        pytest.param(
            {"pushed_at": at(0.4)},
            {"digest": OTHER_DIGEST, "order": at(0.5)},
            REFUSED,
            id="3: pushed before something was asked for by hand in the same second",
        ),
        pytest.param(
            {"pushed_at": at(0.6)},
            {"digest": OTHER_DIGEST, "order": at(0.5)},
            NEW,
            id="6: pushed after something was asked for by hand in the same second",
        ),
        pytest.param(
            {"order": at(1), "pushed_at": at(-99)},
            {"digest": OTHER_DIGEST, "pushed_at": at(0)},
            NEW,
            id="6: an old image tagged again is ordered by its event",
        ),
        pytest.param(
            {"order": at(1)},
            {"digest": OTHER_DIGEST, "barred": (DIGEST,)},
            REFUSED,
            id="4: a person left this image",
        ),
        pytest.param(
            {"order": at(1)},
            {"digest": DIGEST, "barred": (DIGEST,)},
            REFUSED,
            id="4 and not 2: also when it is admission was asked for last",
        ),
        pytest.param(
            {"order": at(-9)},
            {"digest": DIGEST, "barred": (DIGEST,), "recent": (examples.recent(),)},
            KNOWN,
            id="3 before 4: its late event is not refused",
        ),
        pytest.param(
            {"order": at(1)},
            {"digest": DIGEST, "barred": (OTHER_DIGEST,)},
            KNOWN,
            id="2: another image is barred",
        ),
        *(
            pytest.param(
                {"order": at(1)},
                {"digest": OTHER_DIGEST, "recent": (examples.recent(status=status),)},
                REFUSED if status in FAILURES else NEW,
                id=f"{'5' if status in FAILURES else '6: a revert'}: it ended {status}",
            )
            for status in (*sorted(FAILURES), Status.SUCCESSFUL, Status.SUPERSEDED)
        ),
        pytest.param(
            {"order": at(1)},
            {
                "digest": OTHER_DIGEST,
                "recent": (
                    examples.recent(status=Status.SUCCESSFUL),
                    examples.recent(status=Status.FAILED),
                ),
            },
            NEW,
            id="6: its last verdict counts, not an earlier one",
        ),
    ],
)
def test_a_push_is_admitted_by_the_first_rule_that_matches(
    asked: dict[str, object], head: dict[str, object], admission: Admission
) -> None:
    for cause in (Cause.PUSH, Cause.SWEEP):
        request = examples.request(cause=cause, **asked)
        assert admit(request, examples.head(**head), at(100)).admission is admission


@pytest.mark.parametrize("cause", BY_HAND)
@pytest.mark.parametrize(
    ("key", "head", "admission"),
    [
        pytest.param("k", {}, NEW, id="a service just met"),
        pytest.param("", {"digest": DIGEST}, NEW, id="the digest asked for last"),
        pytest.param("", {"order": at(99), "digest": OTHER_DIGEST}, NEW, id="before HEAD's order"),
        pytest.param("", {"recent": (examples.recent(status=Status.FAILED),)}, NEW, id="failed"),
        pytest.param(
            "", {"recent": (examples.recent(key=""),)}, NEW, id="no key is never the same"
        ),
        pytest.param("k", {"recent": (examples.recent(key="j"),)}, NEW, id="another key"),
        pytest.param("k", {"recent": (examples.recent(key="k"),)}, KNOWN, id="the same key"),
        pytest.param(
            "k",
            {"recent": (examples.recent(OTHER_DIGEST, key="k"),)},
            KNOWN,
            id="the same key for another digest",
        ),
    ],
)
def test_by_hand_only_the_same_key_is_a_duplicate(
    cause: Cause, key: str, head: dict[str, object], admission: Admission
) -> None:
    admitted = admit(examples.request(cause=cause, key=key), examples.head(**head), at(100))
    assert admitted.admission is admission
    assert admitted.deployment == ("d-1" if admission is KNOWN else "")


def test_what_is_known_names_its_newest_deployment() -> None:
    head = examples.head(
        digest=DIGEST, recent=(examples.recent(name="newest"), examples.recent(name="older"))
    )
    assert admit(examples.request(), head, at(0)).deployment == "newest"


def test_what_is_known_but_long_ago_names_no_deployment() -> None:
    admitted = admit(examples.request(), examples.head(digest=DIGEST), at(0))
    assert (admitted.admission, admitted.deployment) == (KNOWN, "")


def test_a_refusal_says_what_was_found_and_what_to_do() -> None:
    late = admit(examples.request(order=at(-60)), examples.head(digest=OTHER_DIGEST), at(0))
    assert late.reason == (
        "a newer image was asked for at 2026-03-02T10:15:30.000Z; this push is of "
        "2026-03-02T10:14:30.000Z. To run it all the same, deploy it by hand."
    )
    bad = examples.recent(status=Status.ROLLBACK_SUCCESSFUL, name="d-9")
    head = examples.head(digest=OTHER_DIGEST, recent=(bad,))
    assert admit(examples.request(order=at(1)), head, at(1)).reason == (
        "this very image failed here before (d-9: ROLLBACK_SUCCESSFUL). "
        "Push a new build, or deploy it by hand."
    )


REQUESTS = st.builds(
    examples.request,
    service=st.text(min_size=1).map(lambda name: f"cluster/{name}"),
    cause=st.sampled_from(Cause),
    digest=st.sampled_from([DIGEST, OTHER_DIGEST]),
    order=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    key=st.text(max_size=9),
)


@given(REQUESTS)
def test_an_id_is_made_of_what_every_aws_name_allows(request: Request) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,60}", deployment_id(request))


@given(REQUESTS)
def test_the_same_request_has_the_same_id(request: Request) -> None:
    again = Request.model_validate_json(request.model_dump_json())
    ms = request.order.replace(microsecond=request.order.microsecond // 1000 * 1000)
    assert deployment_id(again) == deployment_id(request)
    assert deployment_id(request.model_copy(update={"order": ms})) == deployment_id(request)


@given(REQUESTS, REQUESTS)
def test_ids_of_one_service_sort_by_time_to_the_second(one: Request, other: Request) -> None:
    other = other.model_copy(update={"service": one.service})
    first, second = sorted([one, other], key=lambda request: request.order)
    if first.order.replace(microsecond=0) != second.order.replace(microsecond=0):
        assert deployment_id(first) < deployment_id(second)


@pytest.mark.parametrize(
    "changes",
    [{"service": "other/web"}, {"digest": OTHER_DIGEST}, {"key": "k"}, {"cause": Cause.MANUAL}],
    ids=str,
)
def test_requests_that_look_alike_have_ids_of_their_own(changes: dict[str, object]) -> None:
    one = examples.request(service="cluster/web")
    assert deployment_id(one) != deployment_id(one.model_copy(update=changes))


def test_the_tags_of_one_push_are_one_deployment() -> None:
    assert deployment_id(examples.request(tag="latest")) == deployment_id(examples.request())


def test_an_id_shows_when_and_which_service() -> None:
    request = examples.request(service="prod/My_Web.App")
    assert re.fullmatch(r"20260302t101530-my-web-app-[0-9a-f]{8}", deployment_id(request))


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


MILLISECONDS = st.integers(-2_500, 2_500).map(lambda number: at(number / 1000))


def _event(pushed_at: datetime, late: int) -> tuple[datetime, datetime]:
    """An event's time has whole seconds, and may be a second later than imagePushedAt."""
    return pushed_at.replace(microsecond=0) + timedelta(seconds=late), pushed_at


ASKED = st.one_of(
    st.builds(_event, MILLISECONDS, st.integers(0, 1)),
    MILLISECONDS.map(lambda moment: (moment, moment)),  # a lost push that the sweep found
    MILLISECONDS.map(lambda moment: (moment, None)),  # by hand
    st.integers(-3, 3).map(lambda second: (at(second), at(-9_999))),  # an old image tagged again
)
Asked = tuple[datetime, datetime | None]


@given(ASKED, ASKED, ASKED)
def test_the_order_is_total_and_the_same_whichever_comes_first(
    one: Asked, other: Asked, third: Asked
) -> None:
    assert not newer(one, one)
    assert newer(one, other) + newer(other, one) == (moment(*one) != moment(*other))
    if newer(one, other) and newer(other, third):
        assert newer(one, third)


@given(ASKED, MILLISECONDS, st.integers(0, 1), st.booleans())
def test_what_is_refused_as_too_old_is_no_lost_push(
    asked: Asked, pushed_at: datetime, late: int, met_late: bool
) -> None:
    """And what is found would have been deployed, had its event come."""
    order, pushed = asked
    met = at(0) if met_late else at(-99)
    head = examples.head(order=order, pushed_at=pushed, digest=OTHER_DIGEST, met=met)
    image = examples.image(pushed_at=pushed_at)
    lost = lost_push([image], examples.target(), head) is not None
    time, _ = _event(pushed_at, late)
    admitted = admit(examples.request(order=time, pushed_at=pushed_at), head, at(10)).admission
    assert not (lost and admitted is REFUSED)
    found = examples.request(cause=Cause.SWEEP, order=pushed_at, pushed_at=pushed_at)
    assert not lost or admit(found, head, at(10)).admission is NEW
    if late == 0 and pushed_at > met:
        assert lost is (admitted is NEW)


@given(MILLISECONDS, MILLISECONDS)
def test_a_push_and_a_rollback_by_hand_end_the_same_whichever_comes_first(
    pushed_at: datetime, asked_at: datetime
) -> None:
    time, _ = _event(pushed_at, 0)
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


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        pytest.param(
            {"met": at(0), "order": at(-9)},
            "what the service runs was deployed at 2026-03-02T10:15:21",
            id="deployed since",
        ),
        pytest.param(
            {"met": at(0), "order": at(-99)},
            "Slipway met this service at 2026-03-02T10:15:30.000Z, and it is more than an hour old",
            id="too old",
        ),
        pytest.param(
            {"order": at(0)}, "Slipway met this service at 2026-03-02T10:15:30", id="met long ago"
        ),
    ],
)
def test_a_push_from_before_the_first_meeting_is_told_why(
    head: dict[str, object], reason: str
) -> None:
    refused = admit(examples.request(order=at(-10)), examples.head(**head), at(3600))
    assert refused.admission is Admission.REFUSED
    assert refused.reason.startswith(reason)
    assert refused.reason.endswith("deploy it by hand.")


@pytest.mark.parametrize(
    ("observes", "status", "admission"),
    [
        pytest.param(False, Status.OBSERVED, Admission.NEW, id="it left observe: it deploys now"),
        pytest.param(True, Status.OBSERVED, Admission.KNOWN, id="it still observes"),
        pytest.param(False, Status.SUCCESSFUL, Admission.KNOWN, id="it was deployed"),
    ],
)
def test_a_digest_that_was_only_observed_deploys_once_its_target_does(
    observes: bool, status: Status, admission: Admission
) -> None:
    head = examples.head(digest=DIGEST, recent=(examples.recent(status=status),))
    request = examples.request(order=at(60), observes=observes)
    assert admit(request, head, at(61)).admission is admission
