"""request + HEAD -> is it new, known or refused? And its id."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.decide.admit import (
    Admission,
    admit,
    deployment_id,
)
from chalicelib.model.deployments import FAILURES, Cause, Status
from chalicelib.model.requests import Request
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
        "a newer image was asked for at 2026-03-02T10:15:30.000Z; this image was pushed at "
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
